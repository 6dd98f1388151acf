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

export class XorbParser {
  readonly #chunks: IndexedChunk[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #storedBytes = 0;
  #footerBytes = 0;

  /** Takes the next bytes of the upload; returns those that are to be stored. Throws 400. */
  push(bytes: Uint8Array): Buffer {
    const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#footerBytes > 0) {
      this.#skipFooter(next.length);
      return Buffer.alloc(0);
    }
    const data = this.#rest.length === 0 ? next : Buffer.concat([this.#rest, next]);
    let offset = 0;
    while (data.length - offset >= CHUNK_HEADER_BYTES) {
      if (data.subarray(offset, offset + FOOTER_IDENT.length).equals(FOOTER_IDENT)) {
        this.#rest = Buffer.alloc(0);
        this.#skipFooter(data.length - offset);
        return data.subarray(0, offset);
      }
      const header = readChunkHeader(data, offset);
      const end = offset + CHUNK_HEADER_BYTES + header.packedBytes;
      if (end > data.length) break;
      this.#addChunk(unpackChunk(header, data.subarray(offset + CHUNK_HEADER_BYTES, end)), end - offset);
      offset = end;
    }
    this.#rest = data.subarray(offset);
    return data.subarray(0, offset);
  }

  /** After the last byte: the index, and the hash that the chunks really have. Throws 400. */
  finish(): { hash: string; index: XorbIndex } {
    if (this.#rest.length > 0) throw badRequest("Xorb ends in the middle of a chunk");
    if (this.#chunks.length === 0) throw badRequest("Xorb has no chunks");
    const nodes = this.#chunks.map(({ hash, unpackedBytes }) => ({ hash, length: unpackedBytes }));
    return { hash: xorbHashOf(nodes), index: XorbIndex.of(this.#chunks, this.#storedBytes) };
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
