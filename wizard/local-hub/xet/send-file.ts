/** Sends a part of a file on disk, whole or as the `Range` header asks, several ranges as multipart. */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { HubHttpError } from "../errors.ts";
import { parseRange } from "./byte-range.ts";
import type { Span } from "./reconstruction.ts";

export interface Sendable {
  size: number;
  contentType: string;
  read(span: Span): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** 200, 206 (one range, or `multipart/byteranges`) or 416. `headers` go on all of them. */
export function sendRanges(
  source: Sendable,
  range: string | undefined,
  headers: Record<string, string>,
): Response {
  const spans = parseRange(range, source.size);
  const common = { ...headers, "Accept-Ranges": "bytes" };
  if (spans === null) {
    return streamed(200, source.read({ start: 0, end: source.size }), {
      ...common,
      "Content-Type": source.contentType,
      "Content-Length": `${source.size}`,
    });
  }
  const [only] = spans;
  if (only === undefined) {
    throw new HubHttpError(416, "The range lies behind the end", {
      headers: { "Content-Range": `bytes */${source.size}` },
    });
  }
  if (spans.length > 1) return sendMultipart(source, spans, common);
  return streamed(206, source.read(only), {
    ...common,
    "Content-Type": source.contentType,
    "Content-Length": `${only.end - only.start}`,
    "Content-Range": contentRange(only, source.size),
  });
}

function sendMultipart(source: Sendable, spans: Span[], headers: Record<string, string>): Response {
  const boundary = randomBytes(12).toString("hex");
  const heads = spans.map((span) =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${source.contentType}\r\nContent-Range: ${contentRange(span, source.size)}\r\n\r\n`,
    ),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const length =
    heads.reduce((sum, head) => sum + head.length, tail.length) +
    spans.reduce((sum, { start, end }) => sum + end - start, 0);
  async function* body(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const [i, span] of spans.entries()) {
      yield heads[i] as Uint8Array<ArrayBuffer>;
      yield* source.read(span);
    }
    yield tail;
  }
  return streamed(206, body(), {
    ...headers,
    "Content-Type": `multipart/byteranges; boundary=${boundary}`,
    "Content-Length": `${length}`,
  });
}

const contentRange = ({ start, end }: Span, size: number) => `bytes ${start}-${end - 1}/${size}`;

function streamed(
  status: number,
  body: AsyncIterable<Uint8Array<ArrayBuffer>>,
  headers: Record<string, string>,
): Response {
  const parts = body[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const part = await parts.next();
        if (part.done) controller.close();
        else controller.enqueue(part.value);
      },
      async cancel() {
        await parts.return?.();
      },
    },
    // Nothing is read before somebody asks, so the unused body of an answer to HEAD opens no file.
    { highWaterMark: 0 },
  );
  return new Response(stream, { status, headers });
}

/** Clients fetch dozens of runs at the same time, so a piece must not be large. */
const PIECE_BYTES = 256 * 1024;

/** Bytes of a file on disk, piece by piece. */
export async function* readDisk(path: string, { start, end }: Span): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (start >= end) return;
  yield* createReadStream(path, { start, end: end - 1, highWaterMark: PIECE_BYTES });
}
