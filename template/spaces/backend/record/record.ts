/** The record put together: start, submit, snapshots now and then, close. */
import type { Hub } from "../../../hub/types.ts";
import type { BoardWriter } from "../board/types.ts";
import { ApiError } from "../errors.ts";
import { keyConflict } from "./commit-errors.ts";
import { Committer } from "./committer.ts";
import { type EditListener, EditsWatch } from "./edits.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Lease } from "./lease.ts";
import { RECORD_LIMITS, type RecordLimits } from "./limits.ts";
import { RecordMemory } from "./memory.ts";
import { type Persistence, persist, sleep } from "./persist.ts";
import { reconcileAll, reconcileNewest } from "./reconcile.ts";
import { Refusals } from "./refusals.ts";
import { restore } from "./restore.ts";
import type { AuditFields, JournalGroup, Record, WriteIntent } from "./types.ts";
import { VERIFICATION_INDEX_PATH, VerificationIndex } from "./verification-index.ts";

export type { RecordLimits } from "./limits.ts";

export interface RecordOptions {
  hub: Hub;
  centralBucket: string;
  auditBucket: string;
  /** Empty; filled by `start`. */
  board: BoardWriter;
  now?: () => number;
  limits?: Partial<RecordLimits>;
  log?: (line: string) => void;
  /** Scratch database, rebuilt at each start; without it a temporary file that goes with the process. */
  memoryFile?: string;
}

export interface StartOptions {
  signal?: AbortSignal;
  /** The board can be read. Long before `start` resolves if another backend still holds the lease. */
  onLoaded?: () => void;
}

export interface StartedRecord extends Record {
  /**
   * Restores memory and board, takes the lease (waiting for another backend to stop), completes what the
   * last process left.
   */
  start(options?: StartOptions): Promise<void>;
  /** True between `start` and `close`, unless another backend took over. */
  readonly isWriting: boolean;
  readonly queueLength: number;
  /** SHA-256 (hex) of an agent's key. */
  agentKeySha256(agentId: string): string | undefined;
  /** Filename that this content was promoted to, if it was; as `PendingView.promoted`, for early refusals. */
  promotedAs(id: string): string | undefined;
  /** A request that was refused, for the audit log. Bounded: who hammers is counted, not quoted. */
  refused(audit: AuditFields): void;
  /** Something that was done and wrote no file, for the audit log. */
  note(audit: AuditFields): void;
  /** The index of verdicts: `update` merges with what people and the eval Space write. */
  readonly verification: VerificationIndex;
  /**
   * Follows a file of the central bucket that organisers edit: told before the board can be read, and within
   * `editsWithinMs` of a change; `null` if the file is not there. Paths watched share one request.
   */
  watch(path: string, listener: EditListener): void;
  /** Ends at once, as a crash would: for tests of what a restart finds. */
  abandon(): void;
}

export function createRecord(options: RecordOptions): StartedRecord {
  const limits = { ...RECORD_LIMITS, ...options.limits };
  const now = options.now ?? Date.now;
  const log = options.log ?? (() => {});
  const audit = options.hub.bucket(options.auditBucket);
  const central = options.hub.bucket(options.centralBucket);
  const memory = new RecordMemory(options.memoryFile);
  const { firstWaitMs, longestWaitMs } = limits;
  const persistence: Persistence = { sleep, log, firstWaitMs, longestWaitMs };
  const { leaseTtlMs: ttlMs, leasePollMs: pollMs } = limits;
  const lease = new Lease({ bucket: audit, now, sleep, log, ttlMs, pollMs });
  const refusals = new Refusals(now);
  const edits = new EditsWatch(central);
  const verification = new VerificationIndex({
    bucket: central,
    log,
    onContent(text, writtenHash) {
      const path = VERIFICATION_INDEX_PATH;
      memory.found(text === null ? { op: "delete", path } : { op: "put", path, text });
      if (text === null) options.board.applyFound([], [path]);
      else options.board.applyFound([{ path, text, size: Buffer.byteLength(text) }]);
      if (writtenHash !== null) edits.expect(path, writtenHash);
    },
  });
  edits.watch(VERIFICATION_INDEX_PATH, (text) => verification.found(text));
  const stopping = new AbortController();
  const unanswered = new Map<string, { requestSha256: string; answer: Promise<unknown> }>();
  let committer: Committer | null = null;
  let housekeeping: Housekeeping | null = null;

  const start: StartedRecord["start"] = async ({ signal, onLoaded } = {}) => {
    const until = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
    const parts = { central, audit, memory, log };
    const restored = await restore({
      ...parts,
      board: options.board,
      lease,
      takeInEdits(isWriter) {
        // The index is not ours while another backend writes.
        const look = () => edits.look(isWriter ? undefined : VERIFICATION_INDEX_PATH);
        return persist("looking for edits", look, until, persistence);
      },
      onLoaded,
      signal: until,
      persistence,
    });
    const reconciling = { bucket: central, memory, board: options.board };
    const keeping = new Housekeeping({
      audit,
      memory,
      lease,
      now,
      limits,
      persistence,
      restored,
      edits,
      verification,
      reconcileNewest: () => reconcileNewest(reconciling),
      reconcileAll: () => reconcileAll(reconciling),
    });
    const writer = new Committer({
      ...parts,
      board: options.board,
      lease,
      refusals,
      now,
      persistence,
      maxQueue: limits.maxQueue,
      answerWithinMs: limits.answerWithinMs,
      onGroup(group) {
        for (const result of newResults(group)) verification.addPending(result);
        keeping.onGroup(group);
      },
    });
    keeping.start(() => writer.flushRefusals());
    housekeeping = keeping;
    committer = writer;
  };

  const submit = <T>(intent: WriteIntent<T>): Promise<T> => {
    const writer = committer;
    if (!writer) return Promise.reject(cannotWriteYet(lease.waitsFor));
    const { idempotency } = intent;
    if (!idempotency) return writer.submit(intent);
    const { owner, key, requestSha256 } = idempotency;
    const known = memory.answer(owner, key);
    if (known) {
      // The stored answer is the response that this very request got.
      return known.request_sha256 === requestSha256
        ? Promise.resolve(known.body as T)
        : Promise.reject(keyConflict(key));
    }
    const id = `${owner}\0${key}`;
    const onItsWay = unanswered.get(id);
    if (onItsWay) {
      return onItsWay.requestSha256 === requestSha256
        ? (onItsWay.answer as Promise<T>)
        : Promise.reject(keyConflict(key));
    }
    const answer = writer.submit(intent);
    unanswered.set(id, { requestSha256, answer });
    const forget = () => unanswered.delete(id);
    answer.then(forget, forget);
    return answer;
  };

  return {
    start,
    submit,
    async close() {
      stopping.abort();
      await committer?.close(AbortSignal.timeout(limits.closeWithinMs));
      await housekeeping?.close(AbortSignal.timeout(limits.closeWithinMs));
      await lease.release();
      memory.close();
    },
    abandon() {
      stopping.abort();
      void committer?.close(AbortSignal.abort());
      housekeeping?.abandon();
      lease.abandon();
    },
    get isWriting() {
      return committer !== null && lease.lostTo === null && !stopping.signal.aborted;
    },
    get queueLength() {
      return committer?.queueLength ?? 0;
    },
    agentKeySha256: (agentId) => memory.agentKeySha256(agentId),
    promotedAs: (id) => memory.promotedAs(id),
    refused: (fields) => refusals.add(fields),
    note: (fields) => refusals.add(fields),
    verification,
    watch: (path, listener) => edits.watch(path, listener),
  };
}

/** Filenames of the results that a group has added. */
function newResults({ entries }: JournalGroup): string[] {
  const paths = entries.flatMap((entry) =>
    entry.changes.flatMap(({ op, path }) => (op === "put" ? [path] : [])),
  );
  return paths.flatMap((path) => /^results\/([^/]+\.md)$/.exec(path)?.[1] ?? []);
}

function cannotWriteYet(waitsFor: string | null): ApiError {
  const message =
    waitsFor === null
      ? "The backend is starting: it cannot write yet."
      : `Another backend (${waitsFor}) still writes this collab's buckets; this one waits until it stops.`;
  return new ApiError("NOT_READY", message, { retryAfterSeconds: 5 });
}
