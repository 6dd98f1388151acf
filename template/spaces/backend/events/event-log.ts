/**
 * The newest events, for those who follow and those who come back. Ids are stamps, the same in every process:
 * what is older than this log is answered from the board's own documents. Kept are whole texts: what may be shown
 * of them is asked when they are sent.
 */
import type { Board, BoardChange } from "../board/board.ts";
import { VERIFICATION_INDEX } from "../board/classify.ts";
import { filenameStamp } from "../documents/stamp.ts";
import {
  type CollabEvent,
  compareEventIds,
  describeFile,
  eventId,
  moderatedEvent,
  parseEventId,
  rowFields,
} from "./event.ts";

const KEPT = 10_000;
/** More documents than this in between: the reader had better begin anew. */
const MAX_REPLAYED = 1_000;

export interface Replay {
  events: CollabEvent[];
  /** The cursor is too old, or none of ours: what lies between is not known. */
  reset: boolean;
}

export class EventLog {
  readonly #board: Board;
  readonly #now: () => number;
  readonly #events: CollabEvent[] = [];
  readonly #followers = new Set<(event: CollabEvent) => void>();
  #unfollow = () => {};
  /** Everything after this id is in the log. */
  #complete: string;
  #last: string;
  #states = new Map<string, string>();

  constructor(board: Board, now: () => number) {
    this.#board = board;
    this.#now = now;
    this.#last = eventId(now());
    this.#complete = this.#last;
  }

  /** Cursor of the newest event. */
  get latest(): string {
    return this.#last;
  }

  /** Begins the log where the restored board ends. What filled the board before is no event. */
  begin(): void {
    const row = this.#board.sql.get<{ key: string | null }>(
      "SELECT max(key) AS key FROM docs WHERE list IN (SELECT id FROM lists WHERE name IN ('messages', 'results'))" +
        " AND key GLOB '[0-9]*'",
    );
    const newest = parseEventId(row?.key?.slice(0, "20260601-100000-000".length) ?? "");
    this.#events.length = 0;
    this.#last = newest && newest.stamp > filenameStamp(this.#now()) ? newest.stamp : eventId(this.#now());
    this.#complete = this.#last;
    this.#states = this.#verificationStates();
    this.#unfollow();
    this.#unfollow = this.#board.follow((change) => this.#note(change));
  }

  after(cursor: string): Replay {
    const { events, reset } = this.#keptAfter(cursor);
    return { events: events.map((event) => moderatedEvent(event, this.#board.hidden)), reset };
  }

  #keptAfter(cursor: string): Replay {
    if (!parseEventId(cursor)) return { events: [], reset: true };
    if (compareEventIds(cursor, this.#complete) >= 0) {
      return { events: this.#events.filter((event) => compareEventIds(event.id, cursor) > 0), reset: false };
    }
    const older = this.#fromDocuments(cursor);
    return older === null
      ? { events: [], reset: true }
      : { events: [...older, ...this.#events], reset: false };
  }

  /** Called with each new event. Returns the way to stop. */
  follow(follower: (event: CollabEvent) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  get followers(): number {
    return this.#followers.size;
  }

  close(): void {
    this.#unfollow();
    this.#followers.clear();
  }

  #note({ group, found, moderated }: BoardChange): void {
    for (const entry of group?.entries ?? []) {
      let n = 0;
      for (const change of entry.changes) {
        if (change.path === VERIFICATION_INDEX) continue;
        const event =
          change.op === "delete"
            ? { kind: "removed" as const, path: change.path }
            : describeFile(this.#board, change.path);
        if (!event) continue;
        this.#add({ id: eventId(entry.stamp, n), ...event });
        n += 1;
      }
    }
    for (const path of found?.paths ?? []) {
      if (path === VERIFICATION_INDEX) continue;
      const event = describeFile(this.#board, path);
      if (event) this.#add({ id: this.#nextId(), ...event });
    }
    const paths = group
      ? group.entries.flatMap(({ changes }) => changes.map(({ path }) => path))
      : (found?.paths ?? []);
    if (paths.includes(VERIFICATION_INDEX)) this.#noteVerdicts();
    for (const filename of moderated ?? []) this.#noteModeration(filename);
  }

  /** Whoever shows the text already is to take it away, or to fetch it again. Inbox copies have the same filename. */
  #noteModeration(filename: string): void {
    const state = this.#board.hidden.has(filename) ? "hidden" : "shown";
    const rows = this.#board.sql.all<{ path: string }>(
      "SELECT d.path FROM lists l CROSS JOIN docs d ON d.list = l.id AND d.key = ?" +
        " WHERE l.name NOT GLOB 'inbox/*' ORDER BY d.path",
      filename,
    );
    for (const { path } of rows) this.#add({ id: this.#nextId(), kind: "moderation", path, filename, state });
  }

  #noteVerdicts(): void {
    const states = this.#verificationStates();
    for (const filename of new Set([...states.keys(), ...this.#states.keys()])) {
      const state = states.get(filename) ?? "pending";
      if (state === (this.#states.get(filename) ?? "pending")) continue;
      this.#add({ id: this.#nextId(), kind: "verification", path: `results/${filename}`, filename, state });
    }
    this.#states = states;
  }

  /** After the newest event, without a stamp of its own. */
  #nextId(): string {
    const last = parseEventId(this.#last);
    return `${last?.stamp}.${(last?.n ?? 0) + 1}`;
  }

  #add(event: CollabEvent): void {
    this.#last = event.id;
    this.#events.push(event);
    if (this.#events.length > KEPT) {
      const dropped = this.#events.splice(0, KEPT / 10);
      this.#complete = dropped[dropped.length - 1]?.id ?? this.#complete;
    }
    const shown = moderatedEvent(event, this.#board.hidden);
    for (const follower of this.#followers) follower(shown);
  }

  /** Messages and results between the cursor and the log; `null` if there are too many. */
  #fromDocuments(cursor: string): CollabEvent[] | null {
    const from = `${parseEventId(cursor)?.stamp}_\u{10ffff}`;
    const events: CollabEvent[] = [];
    for (const [list, kind] of [
      ["messages", "message"],
      ["results", "result"],
    ] as const) {
      const rows = this.#board.sql.all<Parameters<typeof rowFields>[0] & { path: string }>(
        "SELECT d.key, d.path, d.author, d.type, d.channel, c.frontmatter, c.body FROM docs d JOIN contents c ON c.id = d.content" +
          " WHERE d.list = ? AND d.key > ? ORDER BY d.key LIMIT ?",
        this.#board.lists.find(list) ?? -1,
        from,
        MAX_REPLAYED + 1,
      );
      for (const row of rows) {
        const id = row.key.slice(0, "20260601-100000-000".length);
        if (parseEventId(id) && compareEventIds(id, this.#complete) <= 0) {
          events.push({ id, kind, path: row.path, ...rowFields(row) });
        }
      }
      if (rows.length > MAX_REPLAYED) return null;
    }
    return events.sort((a, b) => compareEventIds(a.id, b.id));
  }

  #verificationStates(): Map<string, string> {
    const rows = this.#board.sql.all<{ filename: string; state: string }>(
      "SELECT filename, state FROM verification",
    );
    return new Map(rows.map(({ filename, state }) => [filename, state]));
  }
}
