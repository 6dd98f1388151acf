/**
 * The hub's own index of a xorb: hash, place and size of each chunk, packed into one buffer. It is made from
 * the xorb's bytes and never from what a client says about them.
 */
const HASH_BYTES = 32;
const RECORD_BYTES = HASH_BYTES + 8;

export interface IndexedChunk {
  hash: Uint8Array;
  /** Where its header starts in the xorb. */
  start: number;
  /** Uncompressed. */
  unpackedBytes: number;
}

export class XorbIndex {
  readonly packed: Buffer;
  /** Bytes of the xorb as stored. */
  readonly storedBytes: number;

  constructor(packed: Uint8Array, storedBytes: number) {
    this.packed = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
    this.storedBytes = storedBytes;
  }

  static of(chunks: readonly IndexedChunk[], storedBytes: number): XorbIndex {
    const packed = Buffer.alloc(chunks.length * RECORD_BYTES);
    chunks.forEach((chunk, i) => {
      packed.set(chunk.hash, i * RECORD_BYTES);
      packed.writeUInt32LE(chunk.start, i * RECORD_BYTES + HASH_BYTES);
      packed.writeUInt32LE(chunk.unpackedBytes, i * RECORD_BYTES + HASH_BYTES + 4);
    });
    return new XorbIndex(packed, storedBytes);
  }

  get length(): number {
    return this.packed.length / RECORD_BYTES;
  }

  hash(chunk: number): Buffer {
    return this.packed.subarray(chunk * RECORD_BYTES, chunk * RECORD_BYTES + HASH_BYTES);
  }

  /** Of the chunks `first` to `end`, `end` not included. */
  *hashes(first: number, end: number): Iterable<Buffer> {
    for (let chunk = first; chunk < end; chunk++) yield this.hash(chunk);
  }

  unpackedBytes(chunk: number): number {
    return this.packed.readUInt32LE(chunk * RECORD_BYTES + HASH_BYTES + 4);
  }

  /** Where chunk number `chunk` starts; for `length`, the end of the xorb. */
  start(chunk: number): number {
    return chunk === this.length
      ? this.storedBytes
      : this.packed.readUInt32LE(chunk * RECORD_BYTES + HASH_BYTES);
  }

  /** Uncompressed bytes of the chunks `first` to `end`, `end` not included. */
  unpackedRange(first: number, end: number): number {
    let sum = 0;
    for (let chunk = first; chunk < end; chunk++) sum += this.unpackedBytes(chunk);
    return sum;
  }
}
