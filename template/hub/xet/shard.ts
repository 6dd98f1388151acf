/** Shards: which chunks of which xorbs make up which file (hub-docs: xet/shard.md; hub-wire.md 4.4). */
import { verificationHash } from "@huggingface/xetchunk-wasm";
import type { Place, Xorb } from "./xorb.ts";

const RECORD_BYTES = 48;
const MAGIC = Buffer.from([
  ...Buffer.from("HFRepoMetaData\0"),
  85,
  105,
  103,
  69,
  106,
  123,
  129,
  87,
  131,
  165,
  189,
  217,
  92,
  205,
  209,
  74,
  169,
]);
const VERSION = 2n;
/** Bit of a file's flags: a verification record follows for each term. */
const WITH_VERIFICATION = 0x80000000;

export interface ShardFile {
  hash: Uint8Array;
  /** Its chunks in order. */
  places: readonly Place[];
}

/** A run of neighbouring chunks of one xorb. */
interface Term {
  xorb: number;
  first: number;
  /** Exclusive. */
  last: number;
  bytes: number;
}

/** A shard of new xorbs and files, without a footer: the footer belongs to stored shards only. */
export function encodeShard(files: readonly ShardFile[], xorbs: readonly Xorb[]): Uint8Array {
  const records: Uint8Array[] = [header()];
  for (const file of files) {
    const terms = toTerms(file.places);
    records.push(record(file.hash, WITH_VERIFICATION, terms.length));
    for (const term of terms) {
      records.push(record(xorbAt(xorbs, term).hash, 0, term.bytes, term.first, term.last));
    }
    for (const term of terms) {
      const hashes = xorbAt(xorbs, term)
        .chunks.slice(term.first, term.last)
        .map((chunk) => chunk.hash);
      records.push(record(verificationHash(hashes)));
    }
  }
  records.push(bookend());
  for (const xorb of xorbs) {
    const rawBytes = xorb.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    records.push(record(xorb.hash, 0, xorb.chunks.length, rawBytes, xorb.bytes.length));
    let start = 0;
    for (const chunk of xorb.chunks) {
      records.push(record(chunk.hash, start, chunk.length));
      start += chunk.length;
    }
  }
  records.push(bookend());
  return Buffer.concat(records);
}

function toTerms(places: readonly Place[]): Term[] {
  const terms: Term[] = [];
  for (const place of places) {
    const term = terms.at(-1);
    if (term && term.xorb === place.xorb && term.last === place.chunk) {
      term.last++;
      term.bytes += place.length;
    } else {
      terms.push({ xorb: place.xorb, first: place.chunk, last: place.chunk + 1, bytes: place.length });
    }
  }
  return terms;
}

function xorbAt(xorbs: readonly Xorb[], term: Term): Xorb {
  const xorb = xorbs[term.xorb];
  if (!xorb) throw new Error(`term refers to xorb ${term.xorb} of ${xorbs.length}`);
  return xorb;
}

/** Footer size 0: there is none. */
function header(): Uint8Array {
  const bytes = Buffer.alloc(RECORD_BYTES);
  MAGIC.copy(bytes);
  bytes.writeBigUInt64LE(VERSION, 32);
  return bytes;
}

/** A hash and up to four 32-bit words; the rest is zero. */
function record(hash: Uint8Array, ...words: number[]): Uint8Array {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.set(hash);
  words.forEach((word, i) => {
    bytes.writeUInt32LE(word, 32 + 4 * i);
  });
  return bytes;
}

function bookend(): Uint8Array {
  return Buffer.alloc(RECORD_BYTES).fill(0xff, 0, 32);
}
