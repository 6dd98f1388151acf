/** The bytes of a file, put together on the server: for `curl`, browsers and Jobs, which do not speak Xet. */
import { open } from "node:fs/promises";
import { CHUNK_HEADER_BYTES, readChunkHeader, unpackChunk } from "./chunk-codec.ts";
import type { StoredFile, Term } from "./file-store.ts";
import { planSpan, type Span } from "./reconstruction.ts";
import type { XetStore } from "./store.ts";

const READ_BYTES = 2 * 1024 * 1024;

/** Streams `span` of `file`. Memory stays at a few chunks however large the file is. */
export async function* readContent(
  store: XetStore,
  file: StoredFile,
  span: Span,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (span.start >= span.end) return;
  const { offset, terms } = planSpan(file, span, store.indexOf);
  let skip = offset;
  let left = span.end - span.start;
  for (const term of terms) {
    for await (const chunk of readTerm(store, term)) {
      const part = chunk.subarray(skip, skip + left);
      skip = 0;
      left -= part.length;
      yield part as Uint8Array<ArrayBuffer>;
      if (left === 0) return;
    }
  }
}

async function* readTerm(store: XetStore, term: Term): AsyncGenerator<Buffer> {
  const index = store.indexOf(term.xorb);
  const file = await open(store.xorbs.path(term.xorb), "r");
  try {
    let first = term.first;
    while (first < term.end) {
      let end = first + 1;
      const start = index.start(first);
      while (end < term.end && index.start(end + 1) - start <= READ_BYTES) end++;
      const bytes = Buffer.allocUnsafe(index.start(end) - start);
      await file.read(bytes, 0, bytes.length, start);
      for (let chunk = first; chunk < end; chunk++) {
        const at = index.start(chunk) - start;
        const header = readChunkHeader(bytes, at);
        const data = at + CHUNK_HEADER_BYTES;
        yield unpackChunk(header, bytes.subarray(data, data + header.packedBytes));
      }
      first = end;
    }
  } finally {
    await file.close();
  }
}

/** All of a file at once, for what is known to be small. */
export async function readWhole(store: XetStore, file: StoredFile): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of readContent(store, file, { start: 0, end: file.size })) parts.push(part);
  return Buffer.concat(parts);
}
