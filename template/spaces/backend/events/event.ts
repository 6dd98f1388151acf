/** What followers of a collab are told: that something is new, and enough of it to decide whether to fetch it. */
import type { Board } from "../board/board.ts";
import { classify } from "../board/classify.ts";
import { textInstead } from "../board/moderation.ts";
import { findRun } from "../board/queries/runs.ts";
import { findVerdict } from "../board/queries/verdicts.ts";
import type { Frontmatter } from "../board/types.ts";
import { filenameStamp, type Stamp } from "../documents/stamp.ts";

export const EVENT_KINDS = [
  "message",
  "inbox",
  "broadcast",
  "result",
  "verification",
  "verdict",
  "run",
  "agent",
  "taskforce",
  "note",
  "trace",
  "file",
  "moderation",
  "removed",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface CollabEvent {
  /** Cursor: a stamp, and for what came beside the journal a number after it. */
  id: string;
  kind: EventKind;
  path: string;
  filename?: string;
  agent?: string;
  type?: string;
  channel?: string;
  timestamp?: string;
  /** Of an inbox copy: whose inbox. */
  recipient?: string;
  /** Of a verdict or a run; of moderation: hidden or shown. */
  state?: string;
  run_id?: string;
  taskforce?: string;
  excerpt?: string;
}

const EXCERPT_LENGTH = 240;

interface EventRow {
  key: string;
  author: string;
  type: string;
  channel: string;
  frontmatter: string;
  body: string;
}

/** `{stamp}` or `{stamp}.{n}`; `n` tells apart what has one stamp. */
export function eventId(stamp: Stamp, n = 0): string {
  return n === 0 ? filenameStamp(stamp) : `${filenameStamp(stamp)}.${n}`;
}

const EVENT_ID = /^(\d{8}-\d{6}-\d{3})(?:\.(\d{1,9}))?$/;

export function parseEventId(id: string): { stamp: string; n: number } | null {
  const match = EVENT_ID.exec(id);
  return match ? { stamp: match[1] ?? "", n: Number(match[2] ?? 0) } : null;
}

/** Negative if `a` comes before `b`. Both must be event ids. */
export function compareEventIds(a: string, b: string): number {
  const [x, y] = [parseEventId(a), parseEventId(b)];
  if (!x || !y) return 0;
  return x.stamp < y.stamp ? -1 : x.stamp > y.stamp ? 1 : x.n - y.n;
}

/** The event as it may be shown. */
export function moderatedEvent(event: CollabEvent, hidden: ReadonlyMap<string, string>): CollabEvent {
  if (event.filename === undefined || event.excerpt === undefined) return event;
  const reason = hidden.get(event.filename);
  return reason === undefined ? event : { ...event, excerpt: textInstead(reason) };
}

/** The event of a file that was written, without its id and unmoderated; `null` for what nobody follows. */
export function describeFile(board: Board, path: string): Omit<CollabEvent, "id"> | null {
  const place = classify(path);
  if (place.kind === "run") return runEvent(board, path, place.id);
  if (place.kind === "verdict") return verdictEvent(board, path, place.filename);
  const known = board.sql.get(
    "SELECT 1 FROM docs WHERE path = ?1 UNION ALL SELECT 1 FROM files WHERE path = ?1",
    path,
  );
  if (!known) return place.kind === "other" ? null : { kind: "removed", path };
  switch (place.kind) {
    case "message":
    case "result":
    case "broadcast":
      return { kind: place.kind, path, ...documentFields(board, path) };
    case "inbox":
      return { kind: "inbox", path, recipient: place.handle, ...documentFields(board, path) };
    case "note":
      return { kind: "note", path, taskforce: place.name, ...documentFields(board, path) };
    case "taskforce-readme":
      return { kind: "taskforce", path, taskforce: place.name };
    case "registration":
      return { kind: "agent", path, agent: place.id };
    case "trace":
      return { kind: "trace", path, agent: place.agent };
    case "file":
      return { kind: "file", path };
    default:
      return null;
  }
}

function runEvent(board: Board, path: string, id: string): Omit<CollabEvent, "id"> {
  const run = findRun(board, id);
  if (!run) return { kind: "removed", path };
  return { kind: "run", path, agent: run.agent_id, run_id: id, state: run.status };
}

function verdictEvent(board: Board, path: string, filename: string): Omit<CollabEvent, "id"> {
  const verdict = findVerdict(board, filename);
  return verdict ? { kind: "verdict", path, filename, state: verdict.state } : { kind: "removed", path };
}

function documentFields(board: Board, path: string): Partial<CollabEvent> {
  const row = board.sql.get<EventRow>(
    "SELECT d.key, d.author, d.type, d.channel, c.frontmatter, c.body FROM docs d JOIN contents c ON c.id = d.content WHERE d.path = ?",
    path,
  );
  return row ? rowFields(row) : {};
}

export function rowFields(row: EventRow): Partial<CollabEvent> {
  const { timestamp } = JSON.parse(row.frontmatter) as Frontmatter;
  return {
    filename: row.key,
    agent: row.author,
    ...(row.type === "" ? {} : { type: row.type }),
    ...(row.channel === "" ? {} : { channel: row.channel }),
    ...(typeof timestamp === "string" ? { timestamp } : {}),
    excerpt: row.body.length > EXCERPT_LENGTH ? `${row.body.slice(0, EXCERPT_LENGTH)}…` : row.body,
  };
}
