/**
 * The only writer of the central bucket. Writes are committed in groups: while one group is on its way, new
 * ones gather, so the number of Hub calls depends on the time a commit takes and not on how many write.
 *
 * A group is *decided* once its journal segment is in: from then on it is carried through, by this process
 * or by the next. Before that, nothing of it exists.
 */
import type { HubBucket, StagedFiles } from "../../../hub/types.ts";
import type { BoardWriter } from "../board/types.ts";
import { ApiError } from "../errors.ts";
import { carryThrough, corrections, publishSegment } from "./carry.ts";
import { type FormedGroup, formGroup, overloaded, type Waiting } from "./group.ts";
import { encodeSegment, segmentPath } from "./journal.ts";
import type { Lease } from "./lease.ts";
import type { RecordMemory } from "./memory.ts";
import { messageOf, type Persistence, persist } from "./persist.ts";
import { lastChanges, stageChanges } from "./publish.ts";
import type { Refusals } from "./refusals.ts";
import type { FileChange, JournalGroup, WriteIntent } from "./types.ts";

export interface CommitterOptions {
  central: HubBucket;
  audit: HubBucket;
  memory: RecordMemory;
  board: BoardWriter;
  lease: Lease;
  refusals: Refusals;
  now(): number;
  persistence: Persistence;
  /** Writes waiting at most; beyond, callers are refused at once. */
  maxQueue: number;
  /** How long a caller waits for its answer; the write itself may be completed later. */
  answerWithinMs: number;
  /** Called after each group, when everything of it is in. */
  onGroup(group: JournalGroup): void;
}

/** Gathering ends when nobody has come during so many steps … */
const QUIET_STEPS = 2;
const GATHER_STEP_MS = 6;
/** … or after this part of the time that the last group took. */
const GATHER_SHARE = 0.25;
const LONGEST_GATHER_MS = 100;
/** Who wrote this long ago does not tell who writes now. */
const RECENT_MS = 250;

export class Committer {
  readonly #options: CommitterOptions;
  readonly #queue: Waiting[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #lastStamp: number;
  #seq: number;
  #closed = false;
  #flushing = false;
  #lastGroup = { expected: 0, tookMs: 0, endedAt: 0 };

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#lastStamp = options.memory.lastStamp;
    this.#seq = options.memory.seq;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  submit<T>(intent: WriteIntent<T>): Promise<T> {
    const { lease, maxQueue } = this.#options;
    if (this.#closed) {
      return Promise.reject(new ApiError("NOT_READY", "The backend is stopping.", { retryAfterSeconds: 10 }));
    }
    if (lease.lostTo !== null) return Promise.reject(this.#replaced());
    if (this.#queue.length >= maxQueue) {
      return Promise.reject(overloaded(`${maxQueue} writes are waiting already.`, 5));
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push(this.#waiting(intent, resolve as (response: unknown) => void, reject));
      this.#run();
    });
  }

  /** Writes the gathered refusals, also if nothing else is to be written. */
  flushRefusals(): void {
    if (this.#closed || this.#options.refusals.isEmpty) return;
    this.#flushing = true;
    this.#run();
  }

  /** Finishes what was taken. Past `signal`, what is not decided is refused and the rest left to the next start. */
  async close(signal: AbortSignal): Promise<void> {
    this.flushRefusals();
    this.#closed = true;
    const stop = () => this.#stop.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    while (this.#running) await this.#running;
    signal.removeEventListener("abort", stop);
  }

  /** An answer that does not come in time is an error to the caller, not to the write. */
  #waiting(
    intent: WriteIntent<unknown>,
    resolve: (response: unknown) => void,
    reject: (error: unknown) => void,
  ): Waiting {
    const timer = setTimeout(() => {
      const at = this.#queue.indexOf(waiting);
      if (at >= 0) this.#queue.splice(at, 1);
      const hint =
        at >= 0
          ? "Nothing was written. Try again later."
          : "It may still appear. Look before you post it again, or repeat it with the same Idempotency-Key.";
      const message = "The Hub did not take the write in time.";
      reject(new ApiError("HUB_UNAVAILABLE", message, { hint, retryAfterSeconds: 30 }));
    }, this.#options.answerWithinMs);
    const waiting: Waiting = {
      intent,
      resolve: (response) => {
        clearTimeout(timer);
        resolve(response);
      },
      reject: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    };
    return waiting;
  }

  #run(): void {
    if (this.#running) return;
    // One turn of the event loop, so that requests which arrive together share the first group.
    this.#running = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#commitAll())
      .finally(() => {
        this.#running = null;
        if (this.#queue.length > 0) this.#run();
      });
  }

  async #commitAll(): Promise<void> {
    while (this.#queue.length > 0 || this.#flushing) {
      if (!(await this.#mayWrite())) {
        this.#refuseAll(() => this.#replaced());
        return;
      }
      await this.#gather();
      // A group may follow another only when that one is in: the next start completes no more than the last.
      if (this.#stop.signal.aborted) {
        this.#refuseAll(() => unavailable(undefined));
        return;
      }
      const clock = { next: () => this.#nextStamp() };
      const formed = formGroup(this.#queue, clock, this.#options.memory);
      if (formed.entries.length === 0 && !this.#flushing) continue;
      const started = performance.now();
      await this.#commit(formed);
      const endedAt = performance.now();
      const expected = formed.entries.length + this.#queue.length;
      this.#lastGroup = { expected, tookMs: endedAt - started, endedAt };
    }
  }

  /**
   * Whoever waited for the last group and writes on does so as soon as it is answered. Without this pause the
   * writers fall into two camps, each of which waits for the group of the other.
   */
  async #gather(): Promise<void> {
    const { expected, tookMs, endedAt } = this.#lastGroup;
    const now = performance.now();
    if (expected <= 1 || this.#closed || now - endedAt > RECENT_MS) return;
    const until = now + Math.min(tookMs * GATHER_SHARE, LONGEST_GATHER_MS);
    for (let quiet = 0; quiet < QUIET_STEPS && performance.now() < until; ) {
      const before = this.#queue.length;
      if (before >= expected) return;
      await new Promise((resolve) => setTimeout(resolve, GATHER_STEP_MS));
      quiet = this.#queue.length === before ? quiet + 1 : 0;
    }
  }

  #refuseAll(reason: () => ApiError): void {
    this.#flushing = false;
    for (const waiting of this.#queue.splice(0)) waiting.reject(reason());
  }

  /** A lease that others may think free is renewed first; with a lost one nothing is written. */
  async #mayWrite(): Promise<boolean> {
    const { lease } = this.#options;
    if (lease.lostTo !== null) return false;
    if (!lease.isStale) return true;
    try {
      return await this.#persist("renewing the lease", () => lease.renew());
    } catch {
      return false;
    }
  }

  async #commit({ entries, accepted }: FormedGroup): Promise<void> {
    const { central, refusals, persistence } = this.#options;
    const lines = refusals.take();
    this.#flushing = false;
    const group: JournalGroup = { seq: this.#seq + 1, entries, ...(lines.length > 0 && { refusals: lines }) };
    const changes = lastChanges(entries.flatMap((entry) => entry.changes));
    let staged: StagedFiles;
    try {
      staged = await this.#decide(group, () => stageChanges(central, changes));
    } catch (error) {
      persistence.log(`group ${group.seq} was not taken: ${messageOf(error)}`);
      refusals.giveBack(lines);
      for (const { waiting } of accepted) waiting.reject(unavailable(error));
      return;
    }
    this.#seq = group.seq;
    try {
      const what = `publishing group ${group.seq}`;
      const how = { signal: this.#stop.signal, persistence };
      const refused = await carryThrough({ bucket: central, changes, staged, what, ...how });
      const fixes = refused.size === 0 ? [] : await corrections(central, [...refused.keys()], how);
      this.#finish(group, accepted, refused, fixes);
    } catch (error) {
      // Only when stopping: the journal has it, the next start completes it.
      for (const { waiting } of accepted) waiting.reject(unavailable(error));
    }
  }

  /** Uploads the group's contents and publishes its segment. Throws if nothing of it is in the journal. */
  async #decide(group: JournalGroup, stageFiles: () => Promise<StagedFiles>): Promise<StagedFiles> {
    const { audit, lease, persistence } = this.#options;
    const path = segmentPath({ seq: group.seq, writer: lease.owner });
    const segment = { path, content: encodeSegment(group), contentType: "application/x-ndjson" };
    const [staged, stagedSegment] = await Promise.all([
      this.#persist("uploading a group", stageFiles),
      this.#persist("uploading a journal segment", () => audit.stage([segment])),
    ]);
    try {
      await publishSegment(audit, stagedSegment, { signal: this.#stop.signal, persistence });
    } catch (error) {
      // The answer may have been lost and not the request: the bucket decides.
      const there = await this.#persist("looking for a journal segment", () => audit.stat([path]));
      if (!there.has(path)) throw error;
    }
    return staged;
  }

  /** Everything is in, but for what the Hub refused: shown, answered, and if need be put right. */
  #finish(
    group: JournalGroup,
    accepted: FormedGroup["accepted"],
    refused: ReadonlyMap<string, string>,
    fixes: readonly FileChange[],
  ): void {
    const { memory, board, onGroup, persistence } = this.#options;
    const fixed = new Map(fixes.map((fix) => [fix.path, fix]));
    const applied: JournalGroup = {
      ...group,
      entries: group.entries.map((entry) => ({
        ...entry,
        changes: entry.changes.map((change) => fixed.get(change.path) ?? change),
      })),
    };
    memory.apply(applied);
    board.apply(applied);
    for (const [index, { waiting, response }] of accepted.entries()) {
      const lost = group.entries[index]?.changes.find((change) => refused.has(change.path));
      if (lost) waiting.reject(refusedByHub(lost.path, refused.get(lost.path)));
      else waiting.resolve(response);
    }
    if (fixes.length > 0) {
      persistence.log(`the Hub refuses ${fixes.length} files of group ${group.seq}, first ${fixes[0]?.path}`);
      this.#queue.unshift({ intent: correction(fixes), resolve: () => {}, reject: () => {} });
    }
    onGroup(applied);
  }

  #persist<T>(what: string, work: () => Promise<T>): Promise<T> {
    return persist(what, work, this.#stop.signal, this.#options.persistence);
  }

  #nextStamp(): number {
    this.#lastStamp = Math.max(this.#options.now(), this.#lastStamp + 1);
    return this.#lastStamp;
  }

  #replaced(): ApiError {
    const by = this.#options.lease.lostTo;
    const who = by === null ? "" : ` (${by})`;
    const message = `Another backend${who} writes this collab's buckets; this one only reads.`;
    return new ApiError("NOT_READY", message, {
      hint: "Organisers: run one backend per collab. If the other one is meant to go, stop it and restart this one.",
      retryAfterSeconds: 30,
    });
  }
}

/** The journal says again what the bucket holds. */
function correction(fixes: readonly FileChange[]): WriteIntent<null> {
  const audit = { agent_id: null, route: "record", via: "correction", source: null, status_code: 200 };
  return { prepare: () => ({ changes: [...fixes], audit, response: null }) };
}

function unavailable(cause: unknown): ApiError {
  return new ApiError("HUB_UNAVAILABLE", "The Hub did not take the write.", {
    hint: "It was not acknowledged. Try again in a while; with an Idempotency-Key a repeat cannot double it.",
    retryAfterSeconds: 30,
    cause,
  });
}

function refusedByHub(path: string, reason = ""): ApiError {
  return new ApiError("SOURCE_NOT_FOUND", `The Hub refused ${path}: ${reason.slice(0, 200)}`, {
    hint: "A file may have been changed or deleted while it was copied. Look at the source and try again.",
  });
}
