/** Events as `text/event-stream`, resumable by `Last-Event-ID`, with a heartbeat that keeps proxies from closing it. */
import type { CollabEvent } from "./event.ts";
import type { EventLog } from "./event-log.ts";
import { type EventFilter, wants } from "./filter.ts";

export const HEARTBEAT_SECONDS = 15;
const RETRY_MS = 3_000;
/** Unread text that a slow client may leave here before it is cut off; it comes back with its cursor. */
const MAX_BUFFERED_BYTES = 256 * 1024;

export interface StreamOptions {
  log: EventLog;
  filter: EventFilter;
  /** Where to go on from; `null` begins with what happens next. */
  cursor: string | null;
  /** Aborted when the client is gone or the server stops. */
  signal: AbortSignal;
  onClose(): void;
}

export function eventStream({
  log,
  filter,
  cursor,
  signal,
  onClose,
}: StreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let closed = false;
        const write = (text: string) => {
          if (closed) return;
          controller.enqueue(encoder.encode(text));
          if ((controller.desiredSize ?? 0) < -MAX_BUFFERED_BYTES) stop();
        };
        const send = (event: CollabEvent) => {
          if (wants(filter, event)) write(eventText(event));
        };
        stop = () => {
          if (closed) return;
          closed = true;
          clearInterval(heartbeat);
          unfollow();
          signal.removeEventListener("abort", stop);
          try {
            controller.close();
          } catch {
            // Cancelled by the client: closed already.
          }
          onClose();
        };
        const heartbeat = setInterval(() => write(": still here\n\n"), HEARTBEAT_SECONDS * 1000);
        heartbeat.unref();
        const unfollow = log.follow(send);
        signal.addEventListener("abort", stop, { once: true });
        if (signal.aborted) return stop();

        write(`retry: ${RETRY_MS}\n: following from ${cursor ?? log.latest}\n\n`);
        if (cursor === null)
          return write(`id: ${log.latest}\nevent: hello\ndata: {"latest":"${log.latest}"}\n\n`);
        const { events, reset } = log.after(cursor);
        if (reset) write(`id: ${log.latest}\nevent: reset\ndata: {"latest":"${log.latest}"}\n\n`);
        for (const event of events) send(event);
      },
      cancel: () => stop(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
}

function eventText({ id, ...event }: CollabEvent): string {
  return `id: ${id}\nevent: ${event.kind}\ndata: ${JSON.stringify({ id, ...event })}\n\n`;
}
