/**
 * Packs many small files for Xet storage: all their chunks, each once, into as few xorbs as the limits
 * allow, and one shard that says how each file is put together. Uploading a group then takes one request
 * per xorb and one for the shard, whatever the number of files (hub-wire.md section 9 (b)).
 *
 * Chunks are stored uncompressed: our files are small, and a byte-exact copy is easiest to trust.
 */
import { createChunker, fileHash, finalize, hashToHex, nextBlock } from "@huggingface/xetchunk-wasm";
import { encodeShard, type ShardFile } from "./shard.ts";
import { type Xorb, XorbBuilder } from "./xorb.ts";

export interface PackedFile {
  /** Hash text of the file, 64 hex digits; all zeros for an empty file. */
  xetHash: string;
  size: number;
}

export interface Pack {
  /** In the order of the contents given. */
  files: PackedFile[];
  xorbs: Xorb[];
  /** Names every file once; to be sent after all xorbs. */
  shard: Uint8Array;
}

/** Pure: the same contents give the same bytes. */
export function pack(contents: readonly Uint8Array[]): Pack {
  const chunker = createChunker();
  const builder = new XorbBuilder();
  const shardFiles = new Map<string, ShardFile>();
  const files = contents.map((content) => {
    // One chunker for all: making one allocates 128 KiB.
    const chunks = nextBlock(chunker, content);
    const rest = finalize(chunker);
    if (rest) chunks.push(rest);

    const hash = fileHash(chunks);
    const xetHash = hashToHex(hash);
    if (!shardFiles.has(xetHash)) {
      let offset = 0;
      const places = chunks.map((chunk) => {
        const bytes = content.subarray(offset, offset + chunk.length);
        offset += chunk.length;
        return builder.place(chunk.hash, bytes);
      });
      shardFiles.set(xetHash, { hash, places });
    }
    return { xetHash, size: content.length };
  });
  const xorbs = builder.finish();
  return { files, xorbs, shard: encodeShard([...shardFiles.values()], xorbs) };
}
