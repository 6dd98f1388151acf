/** Xorbs: the containers in which chunks travel and are stored (hub-docs: xet/xorb.md). */
import { hashToHex, xorbHash } from "@huggingface/xetchunk-wasm";

const HEADER_BYTES = 8;
const MAX_XORB_BYTES = 64 * 1024 * 1024;
const MAX_XORB_CHUNKS = 8192;
const SCHEME_STORED = 0;

export interface XorbChunk {
  hash: Uint8Array;
  length: number;
}

export interface Xorb {
  hash: Uint8Array;
  /** Hash text, as in URLs. */
  hex: string;
  chunks: XorbChunk[];
  /** Serialised: per chunk a header of 8 bytes and its data. */
  bytes: Uint8Array;
}

/** Where a chunk lies: xorb number within the pack, chunk number within the xorb. */
export interface Place {
  xorb: number;
  chunk: number;
  length: number;
}

/** Collects chunks, each content once, and starts a new xorb whenever one is full. */
export class XorbBuilder {
  readonly #places = new Map<string, Place>();
  readonly #open: { chunks: XorbChunk[]; parts: Uint8Array[]; size: number }[] = [];

  place(hash: Uint8Array, bytes: Uint8Array): Place {
    const key = hashToHex(hash);
    const known = this.#places.get(key);
    if (known) return known;
    let current = this.#open.at(-1);
    const needed = HEADER_BYTES + bytes.length;
    if (!current || current.chunks.length === MAX_XORB_CHUNKS || current.size + needed > MAX_XORB_BYTES) {
      current = { chunks: [], parts: [], size: 0 };
      this.#open.push(current);
    }
    const place = { xorb: this.#open.length - 1, chunk: current.chunks.length, length: bytes.length };
    current.chunks.push({ hash, length: bytes.length });
    current.parts.push(chunkHeader(bytes.length), bytes);
    current.size += needed;
    this.#places.set(key, place);
    return place;
  }

  finish(): Xorb[] {
    return this.#open.map(({ chunks, parts, size }) => {
      const hash = xorbHash(chunks);
      return { hash, hex: hashToHex(hash), chunks, bytes: Buffer.concat(parts, size) };
    });
  }
}

/** Version 0, compressed length u24, scheme, uncompressed length u24; little-endian. */
function chunkHeader(length: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntLE(length, 1, 3);
  header.writeUInt8(SCHEME_STORED, 4);
  header.writeUIntLE(length, 5, 3);
  return header;
}
