/**
 * Reads an uploaded shard (hub-wire.md 4.4). Every length in it is untrusted: a record is read only after
 * it is known to lie inside the body. What the shard says is checked against the store elsewhere.
 */
import { badRequest } from "../errors.ts";
import { hashToText } from "./hashes.ts";

export const MAX_SHARD_BYTES = 64 * 1024 * 1024;

export interface ShardTerm {
  xorb: string;
  unpackedBytes: number;
  first: number;
  /** Exclusive. */
  end: number;
  /** Proof that the client knows the chunks of this term. */
  verification: Buffer;
}
export interface ShardFile {
  hash: string;
  terms: ShardTerm[];
}
export interface ShardXorb {
  hash: string;
  chunks: ShardChunks;
}
export interface Shard {
  files: ShardFile[];
  xorbs: ShardXorb[];
}

const RECORD_BYTES = 48;
const FOOTER_BYTES = 200;
const VERSION = 2n;
const WITH_VERIFICATION = 0x80000000;
const WITH_METADATA = 0x40000000;
const MAGIC = Buffer.concat([
  Buffer.from("HFRepoMetaData\0"),
  Buffer.of(85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169),
]);
const BOOKEND = Buffer.concat([Buffer.alloc(32, 0xff), Buffer.alloc(16)]);

/** Throws 400 if `body` is not a complete shard. */
export function parseShard(body: Buffer): Shard {
  const reader = new RecordReader(body);
  const header = reader.next();
  if (!header.subarray(0, 32).equals(MAGIC)) throw badRequest("Shard does not start with the shard magic");
  const version = header.readBigUInt64LE(32);
  if (version !== VERSION) throw badRequest(`Shard has version ${version}; only ${VERSION} is known`);

  const files: ShardFile[] = [];
  for (let record = reader.next(); !record.equals(BOOKEND); record = reader.next()) {
    files.push(readFile(record, reader));
  }
  const xorbs: ShardXorb[] = [];
  for (let record = reader.next(); !record.equals(BOOKEND); record = reader.next()) {
    xorbs.push(readXorb(record, reader));
  }
  // The JavaScript client sends the footer that the documentation says to leave out.
  if (reader.left !== 0 && reader.left !== FOOTER_BYTES) {
    throw badRequest(`Shard has ${reader.left} bytes after its last section`);
  }
  return { files, xorbs };
}

function readFile(header: Buffer, reader: RecordReader): ShardFile {
  const hash = hashToText(header.subarray(0, 32));
  const flags = header.readUInt32LE(32);
  const count = header.readUInt32LE(36);
  const terms = reader.take(count);
  if ((flags & WITH_VERIFICATION) === 0 && count > 0) {
    throw badRequest(`Shard has no verification entries for file ${hash}`);
  }
  const verifications = reader.take((flags & WITH_VERIFICATION) === 0 ? 0 : count);
  if ((flags & WITH_METADATA) !== 0) reader.next();
  return {
    hash,
    terms: terms.map((term, i) => ({
      xorb: hashToText(term.subarray(0, 32)),
      unpackedBytes: term.readUInt32LE(36),
      first: term.readUInt32LE(40),
      end: term.readUInt32LE(44),
      verification: (verifications[i] as Buffer).subarray(0, 32),
    })),
  };
}

function readXorb(header: Buffer, reader: RecordReader): ShardXorb {
  return {
    hash: hashToText(header.subarray(0, 32)),
    chunks: new ShardChunks(reader.takeBytes(header.readUInt32LE(36))),
  };
}

/** The chunks that a shard says a xorb has. There can be a million, so they stay in the body they came in. */
export class ShardChunks {
  readonly #records: Buffer;

  constructor(records: Buffer) {
    this.#records = records;
  }

  get length(): number {
    return this.#records.length / RECORD_BYTES;
  }

  hash(chunk: number): Buffer {
    return this.#records.subarray(chunk * RECORD_BYTES, chunk * RECORD_BYTES + 32);
  }

  unpackedBytes(chunk: number): number {
    return this.#records.readUInt32LE(chunk * RECORD_BYTES + 36);
  }
}

/** Hands out the records of a body one after the other, and 400 instead of reading past its end. */
class RecordReader {
  readonly #body: Buffer;
  #offset = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get left(): number {
    return this.#body.length - this.#offset;
  }

  next(): Buffer {
    if (this.left < RECORD_BYTES) throw badRequest("Shard is truncated");
    this.#offset += RECORD_BYTES;
    return this.#body.subarray(this.#offset - RECORD_BYTES, this.#offset);
  }

  take(count: number): Buffer[] {
    if (count * RECORD_BYTES > this.left) throw badRequest("Shard is truncated");
    return Array.from({ length: count }, () => this.next());
  }

  /** `count` records in one piece. */
  takeBytes(count: number): Buffer {
    const bytes = count * RECORD_BYTES;
    if (bytes > this.left) throw badRequest("Shard is truncated");
    this.#offset += bytes;
    return this.#body.subarray(this.#offset - bytes, this.#offset);
  }
}
