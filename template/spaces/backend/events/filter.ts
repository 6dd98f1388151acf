/** Which events a follower wants. */
import { ApiError } from "../errors.ts";
import { type CollabEvent, EVENT_KINDS, type EventKind } from "./event.ts";

export interface EventFilter {
  kinds: ReadonlySet<EventKind>;
  /** With it: this handle's inbox copies and every broadcast besides the kinds. */
  as?: string;
  channel?: string;
}

const PUBLIC_KINDS: readonly EventKind[] = EVENT_KINDS.filter(
  (kind) => kind !== "inbox" && kind !== "broadcast",
);

/** 400 INVALID_QUERY for an unknown kind. */
export function eventFilter(query: { kinds?: string; as?: string; channel?: string }): EventFilter {
  const names = query.kinds
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const unknown = names?.find((name) => !(EVENT_KINDS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new ApiError(
      "INVALID_QUERY",
      `There are no events of kind "${unknown.slice(0, 80)}"; kinds are ${EVENT_KINDS.join(", ")}.`,
    );
  }
  // Whoever names only itself wants its inbox; whoever names nothing wants what is public.
  const kinds = new Set((names as EventKind[] | undefined) ?? (query.as === undefined ? PUBLIC_KINDS : []));
  return {
    kinds,
    ...(query.as === undefined ? {} : { as: query.as }),
    ...(query.channel === undefined ? {} : { channel: query.channel }),
  };
}

export function wants({ kinds, as, channel }: EventFilter, event: CollabEvent): boolean {
  if (channel !== undefined && event.channel !== channel) return false;
  if (event.kind === "inbox") return event.recipient === as;
  if (event.kind === "broadcast") return as !== undefined || kinds.has("broadcast");
  return kinds.has(event.kind);
}
