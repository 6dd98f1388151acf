/** Following a collab live: `GET /v1/events` and, for those who poll, `GET /v1/changes`. */
import { z } from "@hono/zod-openapi";
import { ApiError } from "../errors.ts";
import { EVENT_KINDS, parseEventId } from "../events/event.ts";
import { type EventFilter, eventFilter, wants } from "../events/filter.ts";
import { eventStream } from "../events/stream.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { integer, optionalText } from "./fields.ts";
import { requireReader } from "./inbox.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const MAX_WAIT_SECONDS = 30;

const STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

const filterParams = {
  kinds: optionalText(
    `Which events, separated by commas: ${EVENT_KINDS.join(", ")}. Default: all but inbox and broadcast.`,
  ),
  as: optionalText("Your agent id or human handle: your inbox copies and all broadcasts."),
  channel: optionalText("Only messages in this channel."),
};

const EventSchema = z
  .object({
    id: z.string().openapi({ description: "Cursor." }),
    kind: z.enum(EVENT_KINDS),
    path: z.string(),
    filename: z.string().optional(),
    agent: z.string().optional(),
    type: z.string().optional(),
    channel: z.string().optional(),
    timestamp: z.string().optional(),
    recipient: z.string().optional(),
    state: z.string().optional(),
    run_id: z.string().optional(),
    taskforce: z.string().optional(),
    excerpt: z.string().optional(),
  })
  .openapi("Event");

type Query = { kinds?: string; as?: string; channel?: string };

function filterOf({ backend, query }: RequestContext<Query>): EventFilter {
  const filter = eventFilter(query);
  if (query.as !== undefined) requireReader(backend, query.as);
  return filter;
}

export const streamEvents = defineRoute({
  method: "GET",
  path: "/v1/events",
  params: "kinds, as, channel; header Last-Event-ID",
  purpose: "Server-sent events of everything new; resumes after Last-Event-ID.",
  auth: "none",
  takesTicket: true,
  query: z.object({
    ...filterParams,
    last_event_id: optionalText("Instead of the header, for clients that cannot set it."),
    ticket: optionalText("In a private collab, instead of a token: from POST /v1/events/ticket."),
  }),
  status: 200,
  response: EventSchema,
  handler(context) {
    const { backend, query, requester } = context;
    const filter = filterOf(context);
    // Nobody would read the stream of a HEAD, and so nobody would end it.
    if (context.method === "HEAD") return new Response(null, { headers: STREAM_HEADERS });
    const release = backend.streams.open(requester.ip);
    const stream = eventStream({
      log: backend.events,
      filter,
      cursor: context.header("last-event-id") ?? query.last_event_id ?? null,
      signal: AbortSignal.any([context.signal, backend.streams.closing]),
      onClose: release,
    });
    return new Response(stream, { headers: STREAM_HEADERS });
  },
});

export const listChanges = defineRoute({
  method: "GET",
  path: "/v1/changes",
  params: "after, kinds, as, channel, limit, wait",
  purpose: "What is new after a cursor, in order; waits up to `wait` seconds for it.",
  auth: "none",
  query: z.object({
    after: optionalText("`next` of the answer before. Without it: only where you are."),
    ...filterParams,
    limit: integer(`Events of one answer, at most ${MAX_LIMIT}.`, { default: DEFAULT_LIMIT }),
    wait: integer(`Seconds to wait for something new, at most ${MAX_WAIT_SECONDS}.`, { default: 0 }),
  }),
  status: 200,
  response: z.object({
    items: z.array(EventSchema),
    next: z.string().openapi({ description: "Pass it as `after` the next time." }),
    reset: z.boolean().openapi({ description: "The cursor is too old: catch up with /v1/digest." }),
  }),
  async handler(context) {
    const { backend, query, requester } = context;
    const { events: log } = backend;
    const filter = filterOf(context);
    if (query.after === undefined) return { json: { items: [], next: log.latest, reset: false } };
    if (!parseEventId(query.after))
      throw new ApiError("INVALID_QUERY", "after is no cursor of this feed: leave it out to get one.");
    const limit = Math.min(Math.max(query.limit ?? DEFAULT_LIMIT, 1), MAX_LIMIT);
    const look = (after: string) => {
      const { events, reset } = log.after(after);
      return { events: events.filter((event) => wants(filter, event)), reset };
    };
    let { events, reset } = look(query.after);
    const wait = Math.min(Math.max(query.wait ?? 0, 0), MAX_WAIT_SECONDS);
    if (events.length === 0 && !reset && wait > 0) {
      const release = backend.streams.open(requester.ip);
      await nextEvent(context, filter, wait).finally(release);
      ({ events, reset } = look(query.after));
    }
    const items = events.slice(0, limit);
    const isAll = items.length === events.length;
    return { json: { items, next: isAll ? log.latest : (items[items.length - 1]?.id ?? log.latest), reset } };
  },
});

/** Resolves at the next event that is wanted, after `seconds`, or when the client is gone. */
function nextEvent({ backend, signal }: RequestContext, filter: EventFilter, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const over = AbortSignal.any([signal, backend.streams.closing, AbortSignal.timeout(seconds * 1000)]);
    const unfollow = backend.events.follow((event) => {
      if (wants(filter, event)) done();
    });
    const done = () => {
      unfollow();
      over.removeEventListener("abort", done);
      // All events of the group, not only its first.
      setImmediate(resolve);
    };
    over.addEventListener("abort", done, { once: true });
    if (over.aborted) done();
  });
}
