/** Chunks as they lie in a xorb: an 8-byte header and data that may be compressed (hub-wire.md 4.3). */
import { decompressFrameSync } from "lz4-napi";
import { badRequest } from "../errors.ts";

export const CHUNK_HEADER_BYTES = 8;
/** Of one chunk, uncompressed. */
export const MAX_CHUNK_BYTES = 128 * 1024;
/** Clients store a chunk that does not shrink, so a frame is never much larger than its content. */
const MAX_PACKED_BYTES = 2 * MAX_CHUNK_BYTES;

/** Compression schemes; 1 is plain LZ4. */
const STORED = 0;
const BYTE_GROUPED_LZ4 = 2;

export interface ChunkHeader {
  packedBytes: number;
  scheme: number;
  unpackedBytes: number;
}

/** Reads the header at `offset`. Throws 400 for values that no client may send. */
export function readChunkHeader(buffer: Buffer, offset: number): ChunkHeader {
  const version = buffer.readUInt8(offset);
  if (version !== 0) throw badRequest(`Xorb has a chunk of unknown version ${version}`);
  const header = {
    packedBytes: buffer.readUIntLE(offset + 1, 3),
    scheme: buffer.readUInt8(offset + 4),
    unpackedBytes: buffer.readUIntLE(offset + 5, 3),
  };
  if (header.scheme > BYTE_GROUPED_LZ4) {
    throw badRequest(`Xorb has a chunk of unknown compression ${header.scheme}`);
  }
  if (header.unpackedBytes === 0 || header.unpackedBytes > MAX_CHUNK_BYTES) {
    throw badRequest(
      `Xorb has a chunk of ${header.unpackedBytes} bytes; allowed are 1 to ${MAX_CHUNK_BYTES}`,
    );
  }
  if (header.packedBytes > MAX_PACKED_BYTES) {
    throw badRequest(`Xorb has a chunk of ${header.packedBytes} compressed bytes`);
  }
  return header;
}

/** The uncompressed bytes. Throws 400 if `packed` does not decode to exactly the stated length. */
export function unpackChunk(header: ChunkHeader, packed: Buffer): Buffer {
  const data = header.scheme === STORED ? packed : decodeFrame(packed);
  if (data.length !== header.unpackedBytes) {
    throw badRequest(`Xorb has a chunk of ${data.length} bytes that claims ${header.unpackedBytes}`);
  }
  return header.scheme === BYTE_GROUPED_LZ4 ? ungroupBytes(data) : data;
}

function decodeFrame(packed: Buffer): Buffer {
  try {
    return decompressFrameSync(packed);
  } catch {
    throw badRequest("Xorb has a chunk that is not a valid LZ4 frame");
  }
}

/**
 * Undoes BG4: all bytes whose position is 0 mod 4 come first, then 1, 2, 3. Where the length is no multiple
 * of 4, the first groups are one byte longer.
 */
export function ungroupBytes(grouped: Buffer): Buffer {
  const result = Buffer.allocUnsafe(grouped.length);
  let from = 0;
  for (let group = 0; group < 4; group++) {
    for (let to = group; to < grouped.length; to += 4) result[to] = grouped[from++] as number;
  }
  return result;
}
