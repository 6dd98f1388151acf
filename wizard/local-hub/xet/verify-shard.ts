/** What a shard must prove before its files exist (hub-wire.md 4.6). Pure but for reading the xorb indexes. */
import { badRequest } from "../errors.ts";
import type { StoredFile } from "./file-store.ts";
import { fileHashOfTree, verificationHashOf } from "./hashes.ts";
import { MerkleTree } from "./merkle-tree.ts";
import type { Shard, ShardFile, ShardTerm, ShardXorb } from "./shard.ts";
import type { XorbIndex } from "./xorb-index.ts";

type IndexOf = (xorb: string) => XorbIndex | undefined;

/** The files to register. Throws 400 for the first thing that is not as the shard says. */
export function verifyShard(shard: Shard, indexOf: IndexOf): StoredFile[] {
  for (const xorb of shard.xorbs) verifyXorb(xorb, indexOf);
  return shard.files.map((file) => verifyFile(file, indexOf));
}

function verifyXorb({ hash, chunks }: ShardXorb, indexOf: IndexOf): void {
  const index = knownIndex(hash, indexOf);
  if (index.length !== chunks.length) {
    throw badRequest(`Shard lists ${chunks.length} chunks of xorb ${hash}, which has ${index.length}`);
  }
  for (let i = 0; i < index.length; i++) {
    if (!index.hash(i).equals(chunks.hash(i)) || index.unpackedBytes(i) !== chunks.unpackedBytes(i)) {
      throw badRequest(`Shard lists another chunk ${i} than xorb ${hash} has`);
    }
  }
}

function verifyFile(file: ShardFile, indexOf: IndexOf): StoredFile {
  const tree = new MerkleTree();
  for (const term of file.terms) {
    const index = verifiedIndex(file.hash, term, indexOf);
    for (let i = term.first; i < term.end; i++) tree.push(index.hash(i), index.unpackedBytes(i));
  }
  const actual = fileHashOfTree(tree);
  if (actual !== file.hash) throw badRequest(`The terms of file ${file.hash} make the file ${actual}`);
  return {
    hash: file.hash,
    size: file.terms.reduce((sum, term) => sum + term.unpackedBytes, 0),
    terms: file.terms.map(({ xorb, first, end, unpackedBytes }) => ({ xorb, first, end, unpackedBytes })),
  };
}

/** The index of the term's xorb, once the term is known to be what it says. */
function verifiedIndex(file: string, term: ShardTerm, indexOf: IndexOf): XorbIndex {
  const { xorb, first, end } = term;
  const index = knownIndex(xorb, indexOf);
  if (first >= end || end > index.length) {
    throw badRequest(
      `File ${file} asks for chunks ${first} to ${end} of xorb ${xorb}, which has ${index.length}`,
    );
  }
  if (index.unpackedRange(first, end) !== term.unpackedBytes) {
    throw badRequest(`File ${file} has a term that does not unpack to ${term.unpackedBytes} bytes`);
  }
  if (!term.verification.equals(verificationHashOf(index.hashes(first, end)))) {
    throw badRequest(`File ${file} has a term with a wrong verification hash`);
  }
  return index;
}

function knownIndex(hash: string, indexOf: IndexOf): XorbIndex {
  const index = indexOf(hash);
  if (index === undefined) throw badRequest(`Xorb ${hash} was not uploaded`);
  return index;
}
