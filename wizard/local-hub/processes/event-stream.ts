/** Server-sent events, as the Hub's clients read them. */
import type { HubRequest } from "../router.ts";

const KEEP_ALIVE_MS = 30_000;

export interface ServerEvent {
  event?: string;
  /** One line. */
  data: string;
}

/**
 * Answers with the events of `source` until it ends, the client leaves or `closing` fires. Comments keep the
 * connection alive. `source` is called with a signal that fires when nobody listens any more.
 */
export function eventStream(
  c: HubRequest,
  closing: AbortSignal,
  source: (signal: AbortSignal) => AsyncIterable<ServerEvent>,
): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, closing]);
  const encoder = new TextEncoder();
  let keepAlive: NodeJS.Timeout | undefined;
  const events = source(signal)[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(": keep-alive\n\n"));
      keepAlive = setInterval(() => controller.enqueue(encoder.encode(": keep-alive\n\n")), KEEP_ALIVE_MS);
    },
    async pull(controller) {
      const { done, value } = await events.next();
      if (done || signal.aborted) {
        clearInterval(keepAlive);
        controller.close();
        return;
      }
      const name = value.event === undefined ? "" : `event: ${value.event}\n`;
      controller.enqueue(encoder.encode(`${name}data: ${value.data}\n\n`));
    },
    cancel() {
      clearInterval(keepAlive);
      left.abort();
    },
  });
  return c.body(body, 200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
  });
}
