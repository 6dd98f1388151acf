/**
 * The hashes of Xet storage (hub-wire.md 4.1; hub-docs: xet/hashing.md). In binary formats a hash is 32 raw
 * bytes; as text every group of 8 bytes is reversed before it becomes hex.
 */
import { Hasher } from "@huggingface/blake3-jit";
import { fileHash, verificationHash, xorbHash } from "@huggingface/xetchunk-wasm";

/** What the hash of a xorb or a file is made from: its chunks in order. */
export interface ChunkRef {
  hash: Uint8Array;
  /** Uncompressed bytes. */
  length: number;
}

/** The text form of an empty file's hash. */
export const EMPTY_FILE_HASH = "0".repeat(64);

const CHUNK_KEY = Uint8Array.of(
  ...[102, 151, 245, 119, 91, 149, 80, 222, 49, 53, 203, 172, 165, 151, 24, 28],
  ...[157, 228, 33, 16, 155, 235, 43, 88, 180, 208, 176, 75, 147, 173, 242, 41],
);
const chunkHasher = Hasher.newKeyed(CHUNK_KEY);

export const isHashText = (text: unknown): text is string =>
  typeof text === "string" && /^[0-9a-f]{64}$/.test(text);

export const hashToText = (hash: Uint8Array): string => Buffer.from(hash).swap64().toString("hex");

/** The raw bytes of a text that `isHashText`. */
export const hashFromText = (text: string): Buffer => Buffer.from(text, "hex").swap64();

/** The hash of a chunk's uncompressed bytes. */
export const chunkHashOf = (data: Uint8Array): Uint8Array => chunkHasher.reset().update(data).finalize(32);

/** The text hash of a xorb: the root of the tree over its chunks, which for one chunk is that chunk's hash. */
export const xorbHashOf = (chunks: ChunkRef[]): string => hashToText(xorbHash(chunks as TreeNodes));

/** The text hash of a file from all its chunks in order. */
export const fileHashOf = (chunks: ChunkRef[]): string => hashToText(fileHash(chunks as TreeNodes));

/** The raw hash by which a client shows that it knows the chunks of a term. */
export const verificationHashOf = (chunkHashes: Uint8Array[]): Uint8Array => verificationHash(chunkHashes);

type TreeNodes = Parameters<typeof xorbHash>[0];
