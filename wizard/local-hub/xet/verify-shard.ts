/** What a shard must prove before its files exist (hub-wire.md 4.6). Pure but for reading the xorb indexes. */
import { badRequest } from "../errors.ts";
import type { StoredFile } from "./file-store.ts";
import { type ChunkRef, fileHashOf, verificationHashOf } from "./hashes.ts";
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
  chunks.forEach((chunk, i) => {
    if (!index.hash(i).equals(chunk.hash) || index.unpackedBytes(i) !== chunk.unpackedBytes) {
      throw badRequest(`Shard lists another chunk ${i} than xorb ${hash} has`);
    }
  });
}

function verifyFile(file: ShardFile, indexOf: IndexOf): StoredFile {
  const chunks: ChunkRef[] = [];
  for (const term of file.terms) {
    for (const chunk of verifiedChunks(file.hash, term, indexOf)) chunks.push(chunk);
  }
  const actual = fileHashOf(chunks);
  if (actual !== file.hash) throw badRequest(`The terms of file ${file.hash} make the file ${actual}`);
  return {
    hash: file.hash,
    size: file.terms.reduce((sum, term) => sum + term.unpackedBytes, 0),
    terms: file.terms.map(({ xorb, first, end, unpackedBytes }) => ({ xorb, first, end, unpackedBytes })),
  };
}

function verifiedChunks(file: string, term: ShardTerm, indexOf: IndexOf): ChunkRef[] {
  const index = knownIndex(term.xorb, indexOf);
  if (term.first >= term.end || term.end > index.length) {
    throw badRequest(
      `File ${file} asks for chunks ${term.first} to ${term.end} of xorb ${term.xorb}, which has ${index.length}`,
    );
  }
  const chunks: ChunkRef[] = [];
  for (let i = term.first; i < term.end; i++) {
    chunks.push({ hash: index.hash(i), length: index.unpackedBytes(i) });
  }
  if (index.unpackedRange(term.first, term.end) !== term.unpackedBytes) {
    throw badRequest(`File ${file} has a term that does not unpack to ${term.unpackedBytes} bytes`);
  }
  if (!term.verification.equals(verificationHashOf(chunks.map(({ hash }) => hash)))) {
    throw badRequest(`File ${file} has a term with a wrong verification hash`);
  }
  return chunks;
}

function knownIndex(hash: string, indexOf: IndexOf): XorbIndex {
  const index = indexOf(hash);
  if (index === undefined) throw badRequest(`Xorb ${hash} was not uploaded`);
  return index;
}
