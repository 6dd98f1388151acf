/** Puts files of this machine into the hub's Xet storage: what a client does before it sends a batch. */
import { createChunker, finalize, nextBlock } from "@huggingface/xetchunk-wasm";
import { type Place, XorbBuilder } from "../../../template/hub/xet/xorb.ts";
import type { StoredFile, Term } from "../xet/file-store.ts";
import { EMPTY_FILE_HASH, fileHashOf } from "../xet/hashes.ts";
import type { XetStore } from "../xet/store.ts";

/** Content gathers in memory up to this before it is stored. */
const FLUSH_BYTES = 32 * 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;

interface Batch {
  builder: XorbBuilder;
  bytes: number;
  /** Known once the batch has been stored, in the order in which places count them. */
  xorbs: string[];
}

interface PlacedChunk {
  batch: Batch;
  place: Place;
}

export class ContentPacker {
  readonly #store: XetStore;
  readonly #chunker = createChunker();
  readonly #files: { hash: string; size: number; chunks: PlacedChunk[] }[] = [];
  #batch: Batch = { builder: new XorbBuilder(), bytes: 0, xorbs: [] };

  constructor(store: XetStore) {
    this.#store = store;
  }

  /** Reads `content` once, in a flat amount of memory; returns its Xet hash. Durable after `finish`. */
  async add(content: AsyncIterable<Uint8Array>): Promise<{ hash: string; size: number }> {
    const refs: { hash: Uint8Array; length: number }[] = [];
    const chunks: PlacedChunk[] = [];
    let held: Uint8Array = Buffer.alloc(0);
    let size = 0;
    const place = async (found: { hash: Uint8Array; length: number }[]) => {
      for (const chunk of found) {
        refs.push(chunk);
        chunks.push({
          batch: this.#batch,
          place: this.#batch.builder.place(chunk.hash, held.slice(0, chunk.length)),
        });
        held = held.subarray(chunk.length);
        this.#batch.bytes += chunk.length;
        if (this.#batch.bytes >= FLUSH_BYTES) await this.#flush();
      }
    };
    for await (const block of content) {
      size += block.length;
      held = held.length === 0 ? block : Buffer.concat([held, block]);
      await place(nextBlock(this.#chunker, block));
    }
    const last = finalize(this.#chunker);
    if (last) await place([last]);
    const hash = size === 0 ? EMPTY_FILE_HASH : fileHashOf(refs);
    this.#files.push({ hash, size, chunks });
    return { hash, size };
  }

  /** Stores what has gathered; the files are then there to make entries of. */
  async finish(): Promise<StoredFile[]> {
    await this.#flush();
    return this.#files.map(({ hash, size, chunks }) => ({ hash, size, terms: termsOf(chunks) }));
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = { builder: new XorbBuilder(), bytes: 0, xorbs: [] };
    for (const xorb of batch.builder.finish()) {
      batch.xorbs.push(xorb.hex);
      await this.#store.xorbs.add(xorb.hex, inPieces(xorb.bytes));
    }
  }
}

/** In pieces, so that verifying them leaves the hub time for others. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** Neighbouring chunks of a xorb become one term. */
function termsOf(chunks: readonly PlacedChunk[]): Term[] {
  const terms: Term[] = [];
  for (const { batch, place } of chunks) {
    const xorb = batch.xorbs[place.xorb] as string;
    const last = terms.at(-1);
    if (last?.xorb === xorb && last.end === place.chunk) {
      last.end += 1;
      last.unpackedBytes += place.length;
    } else {
      terms.push({ xorb, first: place.chunk, end: place.chunk + 1, unpackedBytes: place.length });
    }
  }
  return terms;
}
