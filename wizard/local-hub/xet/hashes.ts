/** The hashes of Xet storage (hub-wire.md 4.1; hub-docs: xet/hashing.md). */
import { Hasher } from "@huggingface/blake3-jit";
import { EMPTY_FILE_HASH, hashToText } from "./hash-text.ts";
import { MerkleTree } from "./merkle-tree.ts";

export * from "./hash-text.ts";

/** What the hash of a xorb or a file is made from: its chunks in order. */
export interface ChunkRef {
  hash: Uint8Array;
  /** Uncompressed bytes. */
  length: number;
}

const CHUNK_KEY = Uint8Array.of(
  ...[102, 151, 245, 119, 91, 149, 80, 222, 49, 53, 203, 172, 165, 151, 24, 28],
  ...[157, 228, 33, 16, 155, 235, 43, 88, 180, 208, 176, 75, 147, 173, 242, 41],
);
const VERIFICATION_KEY = Uint8Array.of(
  ...[127, 24, 87, 214, 206, 86, 237, 102, 18, 127, 249, 19, 231, 165, 195, 243],
  ...[164, 205, 38, 213, 181, 219, 73, 230, 65, 36, 152, 127, 40, 251, 148, 195],
);
const FILE_KEY = new Uint8Array(32);

const chunkHasher = Hasher.newKeyed(CHUNK_KEY);
const verificationHasher = Hasher.newKeyed(VERIFICATION_KEY);
const fileHasher = Hasher.newKeyed(FILE_KEY);

/** The raw hash of a chunk's uncompressed bytes. */
export const chunkHashOf = (data: Uint8Array): Uint8Array => chunkHasher.reset().update(data).finalize(32);

/** The text hash of a xorb: the root of the tree over its chunks, which for one chunk is that chunk's hash. */
export function xorbHashOf(chunks: Iterable<ChunkRef>): string {
  const tree = new MerkleTree();
  for (const { hash, length } of chunks) tree.push(hash, length);
  return hashToText(tree.root());
}

/** The text hash of a file from the tree over all its chunks in order. */
export function fileHashOfTree(tree: MerkleTree): string {
  const root = tree.root();
  return root.every((byte) => byte === 0)
    ? EMPTY_FILE_HASH
    : hashToText(fileHasher.reset().update(root).finalize(32));
}

/** The text hash of a file from all its chunks in order. */
export function fileHashOf(chunks: Iterable<ChunkRef>): string {
  const tree = new MerkleTree();
  for (const { hash, length } of chunks) tree.push(hash, length);
  return fileHashOfTree(tree);
}

/** The raw hash by which a client shows that it knows the chunks of a term. */
export function verificationHashOf(chunkHashes: Iterable<Uint8Array>): Uint8Array {
  const hasher = verificationHasher.reset();
  for (const hash of chunkHashes) hasher.update(hash);
  return hasher.finalize(32);
}
