/**
 * The record: the central bucket and the journal that guards it. Files are the truth; the board
 * (`board/`) is computed from them and only from them.
 *
 *   submit(intent) ─► group ─► stamp + prepare, one after the other ─► stage both buckets
 *     ─► publish journal segment ─► publish files ─► board.apply(group) ─► answers
 */
import type { Stamp } from "../documents/stamp.ts";

/** One change of the central bucket. */
export type FileChange =
  | { op: "put"; path: string; text: string }
  | { op: "copy"; path: string; size: number; xetHash: string; source: { type: "bucket"; id: string } }
  | { op: "delete"; path: string };

/** Who did what, kept in the journal: the audit log (api-v1.md 3.0, "audit"). No token, no key. */
export interface AuditFields {
  agent_id: string | null;
  route: string;
  via: string | null;
  source: string | null;
  status_code: number;
  caller_ip?: string;
  user_agent?: string;
  /** Extras named by the route. */
  [extra: string]: unknown;
}

/** An audit line as it is kept. */
export type AuditLine = AuditFields & { ts: string };

/** The SHA-256 of an agent key, hex. The key itself is shown once and stored nowhere. */
export interface AgentKeyHash {
  agent_id: string;
  sha256: string;
}

/** The answer a write got, so that the same `Idempotency-Key` gets it again, also after a restart. */
export interface StoredAnswer {
  /** Agent id, or `user:{name}`: keys of different owners never meet. */
  owner: string;
  key: string;
  /** SHA-256 of the request: the same key with another body is a conflict. */
  request_sha256: string;
  status: number;
  body: unknown;
}

/** What becomes durable together for one acknowledged write. */
export interface JournalEntry {
  stamp: Stamp;
  changes: FileChange[];
  audit: AuditFields & { ts: string; target_path: string; bytes: number };
  agent_key?: AgentKeyHash;
  answer?: StoredAnswer;
  /** Identity of promoted content, for 409 ALREADY_PROMOTED: `{folder}\0{agent}\0{sha256}` to filename. */
  promoted?: { id: string; filename: string };
}

/** One segment file of the journal: the entries of one group commit. */
export interface JournalGroup {
  /** Rises by one per group, without gaps. */
  seq: number;
  entries: JournalEntry[];
  /** Requests that were refused, for the audit log. */
  refusals?: AuditLine[];
}

/** What `prepare` may look at besides the board: paths written earlier in this group or still on their way. */
export interface PendingView {
  /** The text a path will have once the pending writes are in; `null`: deleted; `undefined`: nothing pending. */
  text(path: string): string | null | undefined;
  promoted(id: string): string | undefined;
}

export interface Prepared<T> {
  changes: FileChange[];
  audit: AuditFields;
  /** Path named in the audit line; default: the first change. */
  targetPath?: string;
  agentKey?: AgentKeyHash;
  promoted?: { id: string; filename: string };
  /** Given to the caller once everything is durable. */
  response: T;
}

export interface WriteIntent<T> {
  /**
   * Called when the group is formed, in order of arrival: `stamp` is later than every stamp before it, so
   * order of names is order of visibility. Synchronous and without effects: everything that waits (reading a
   * source, whoami) happens before `submit`, and it is called again, with a new stamp, if the group before
   * could not be written. May throw `ApiError` to refuse; then nothing of it is written.
   */
  prepare(stamp: Stamp, pending: PendingView): Prepared<T>;
  idempotency?: { owner: string; key: string; requestSha256: string; status: number };
}

export interface Record {
  /**
   * Resolves when the journal segment and every file are durable and the board shows them. Rejects with
   * the `ApiError` of `prepare`, with OVERLOADED (queue full) or HUB_UNAVAILABLE (nothing was acknowledged;
   * what the journal already holds is completed later and is then visible).
   */
  submit<T>(intent: WriteIntent<T>): Promise<T>;
  /** Stops taking writes, finishes those taken, writes a snapshot, releases the lease. */
  close(): Promise<void>;
}
