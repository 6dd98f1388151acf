/**
 * Checks a xorb while it arrives, holding no more than one chunk: every chunk is decompressed and hashed.
 * A footer, which some clients add, is cut off; nothing of it is used (hub-wire.md 4.3).
 */
import { badRequest } from "../errors.ts";
import { CHUNK_HEADER_BYTES, readChunkHeader, unpackChunk } from "./chunk-codec.ts";
import { chunkHashOf, xorbHashOf } from "./hashes.ts";
import { type IndexedChunk, XorbIndex } from "./xorb-index.ts";

export const MAX_XORB_BYTES = 64 * 1024 * 1024;
export const MAX_XORB_CHUNKS = 8192;
/** The footer holds two hashes' worth of data per chunk and little else. */
export const MAX_FOOTER_BYTES = 2 * 1024 * 1024;
const FOOTER_IDENT = Buffer.from("XETBLOB");

/** Room for what is left of one push and the next; grows for larger ones. */
const BUFFER_BYTES = 512 * 1024;

export class XorbParser {
  readonly #chunks: IndexedChunk[] = [];
  #buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  /** The bytes from `#start` to `#end` of the buffer are not read yet. */
  #start = 0;
  #end = 0;
  #storedBytes = 0;
  #footerBytes = 0;

  /** Takes the next bytes of the upload; returns those to be stored, valid until the next call. Throws 400. */
  push(bytes: Uint8Array): Buffer {
    if (this.#footerBytes > 0) {
      this.#skipFooter(bytes.length);
      return this.#buffer.subarray(0, 0);
    }
    this.#append(bytes);
    const data = this.#buffer.subarray(0, this.#end);
    const from = this.#start;
    while (this.#end - this.#start >= CHUNK_HEADER_BYTES) {
      if (data.subarray(this.#start, this.#start + FOOTER_IDENT.length).equals(FOOTER_IDENT)) {
        this.#skipFooter(this.#end - this.#start);
        this.#end = this.#start;
        break;
      }
      const header = readChunkHeader(data, this.#start);
      const content = this.#start + CHUNK_HEADER_BYTES;
      const end = content + header.packedBytes;
      if (end > this.#end) break;
      this.#addChunk(unpackChunk(header, data.subarray(content, end)), end - this.#start);
      this.#start = end;
    }
    return data.subarray(from, this.#start);
  }

  /** After the last byte: the index, and the hash that the chunks really have. Throws 400. */
  finish(): { hash: string; index: XorbIndex } {
    if (this.#start < this.#end) throw badRequest("Xorb ends in the middle of a chunk");
    if (this.#chunks.length === 0) throw badRequest("Xorb has no chunks");
    const nodes = this.#chunks.map(({ hash, unpackedBytes }) => ({ hash, length: unpackedBytes }));
    return { hash: xorbHashOf(nodes), index: XorbIndex.of(this.#chunks, this.#storedBytes) };
  }

  /** One buffer is used again and again: a new one for every piece would keep the garbage collector busy. */
  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) {
      const left = this.#buffer.subarray(this.#start, this.#end);
      const needed = left.length + bytes.length;
      const room = needed > this.#buffer.length ? Buffer.allocUnsafe(2 * needed) : this.#buffer;
      room.set(left);
      this.#buffer = room;
      this.#start = 0;
      this.#end = left.length;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #addChunk(content: Buffer, storedBytes: number): void {
    if (this.#chunks.length === MAX_XORB_CHUNKS) {
      throw badRequest(`Xorb has more than ${MAX_XORB_CHUNKS} chunks`);
    }
    this.#chunks.push({
      hash: chunkHashOf(content),
      start: this.#storedBytes,
      unpackedBytes: content.length,
    });
    this.#storedBytes += storedBytes;
    if (this.#storedBytes > MAX_XORB_BYTES) throw badRequest(`Xorb is larger than ${MAX_XORB_BYTES} bytes`);
  }

  #skipFooter(bytes: number): void {
    this.#footerBytes += bytes;
    if (this.#footerBytes > MAX_FOOTER_BYTES) throw badRequest("Xorb has a footer that is too large");
  }
}
