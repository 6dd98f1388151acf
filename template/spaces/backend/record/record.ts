/** The record put together: start, submit, snapshots now and then, close. */
import type { Hub } from "../../../hub/types.ts";
import type { BoardWriter } from "../board/types.ts";
import { ApiError } from "../errors.ts";
import { Committer } from "./committer.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Lease } from "./lease.ts";
import { RecordMemory } from "./memory.ts";
import { type Persistence, persist, sleep } from "./persist.ts";
import { foundFiles, recover } from "./recovery.ts";
import type { Record, WriteIntent } from "./types.ts";

export interface RecordLimits {
  /** Writes waiting for their group at most. */
  maxQueue: number;
  answerWithinMs: number;
  /** A snapshot after so many groups … */
  snapshotGroups: number;
  /** … or so many writes, whichever comes first. */
  snapshotEntries: number;
  /** Answers are repeated for the same Idempotency-Key for so long. */
  answersKeptMs: number;
  leaseTtlMs: number;
  leasePollMs: number;
  firstWaitMs: number;
  longestWaitMs: number;
}

export const RECORD_LIMITS: RecordLimits = {
  maxQueue: 2000,
  answerWithinMs: 60_000,
  snapshotGroups: 32,
  snapshotEntries: 2000,
  answersKeptMs: 7 * 86_400_000,
  leaseTtlMs: 180_000,
  leasePollMs: 2000,
  firstWaitMs: 500,
  longestWaitMs: 15_000,
};

export interface RecordOptions {
  hub: Hub;
  centralBucket: string;
  auditBucket: string;
  /** Empty; filled by `start`. */
  board: BoardWriter & { startFrom(journalSeq: number): void };
  now?: () => number;
  limits?: Partial<RecordLimits>;
  log?: (line: string) => void;
  /** Where the record keeps its scratch database; in memory without one. It is rebuilt at each start. */
  memoryFile?: string;
}

export interface StartedRecord extends Record {
  /**
   * Takes the lease (waiting for another backend to stop), restores memory and board, completes what the
   * last process left. `onLoaded` is told when the board can be read, which may be long before the lease is free.
   */
  start(options?: { signal?: AbortSignal }): Promise<void>;
  /** True between `start` and `close`, unless another backend took over. */
  readonly isWriting: boolean;
  readonly queueLength: number;
  /** SHA-256 (hex) of an agent's key. */
  agentKeySha256(agentId: string): string | undefined;
  /** Filename that this content was promoted to, if it was; as `PendingView.promoted`, for early refusals. */
  promotedAs(id: string): string | undefined;
  /** A file that was changed beside the backend (an organiser's edit): the next snapshot must know it. */
  noteFound(file: { path: string; text: string } | { path: string; removed: true }): void;
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
  const persistence: Persistence = {
    sleep,
    log,
    firstWaitMs: limits.firstWaitMs,
    longestWaitMs: limits.longestWaitMs,
  };
  const lease = new Lease({
    bucket: audit,
    now,
    sleep,
    log,
    ttlMs: limits.leaseTtlMs,
    pollMs: limits.leasePollMs,
  });
  const stopping = new AbortController();
  const unanswered = new Map<string, { requestSha256: string; answer: Promise<unknown> }>();
  let committer: Committer | null = null;
  let housekeeping: Housekeeping | null = null;

  const start: StartedRecord["start"] = async ({ signal } = {}) => {
    const until = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
    await persist("taking the lease", () => lease.acquire(until), until, persistence);
    const restore = async () => {
      memory.clear();
      return recover({ central, audit, memory, log });
    };
    const recovered = await persist("restoring the record", restore, until, persistence);
    for (const files of foundFiles(memory)) {
      options.board.applyFound(files);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    options.board.startFrom(memory.seq);
    housekeeping = new Housekeeping({ audit, memory, lease, now, limits, persistence, recovered });
    const keeping = housekeeping;
    committer = new Committer({
      central,
      audit,
      memory,
      board: options.board,
      lease,
      now,
      persistence,
      maxQueue: limits.maxQueue,
      answerWithinMs: limits.answerWithinMs,
      onGroup: (group) => keeping.onGroup(group),
    });
    housekeeping.start();
  };

  const submit = <T>(intent: WriteIntent<T>): Promise<T> => {
    const writer = committer;
    if (!writer) {
      return Promise.reject(
        new ApiError("NOT_READY", "The backend is starting: it cannot write yet.", { retryAfterSeconds: 5 }),
      );
    }
    const { idempotency } = intent;
    if (!idempotency) return writer.submit(intent);
    const { owner, key, requestSha256 } = idempotency;
    const known = memory.answer(owner, key);
    if (known) {
      // The stored answer is the response that this very request got.
      return known.request_sha256 === requestSha256 ? Promise.resolve(known.body as T) : conflict(key);
    }
    const id = `${owner}\0${key}`;
    const onItsWay = unanswered.get(id);
    if (onItsWay) {
      return onItsWay.requestSha256 === requestSha256 ? (onItsWay.answer as Promise<T>) : conflict(key);
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
      await committer?.close();
      await housekeeping?.close();
      if (committer) await lease.release();
      memory.close();
    },
    abandon() {
      const now = AbortSignal.abort();
      stopping.abort();
      void committer?.close(now);
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
    noteFound(file) {
      memory.found(
        "removed" in file
          ? { op: "delete", path: file.path }
          : { op: "put", path: file.path, text: file.text },
      );
    },
  };
}

function conflict(key: string): Promise<never> {
  return Promise.reject(
    new ApiError(
      "IDEMPOTENCY_CONFLICT",
      `The Idempotency-Key ${JSON.stringify(key.slice(0, 80))} was used for another request.`,
      {
        hint: "Use a new key for each new request; the same key only to repeat the same request.",
      },
    ),
  );
}
