/**
 * The only writer of the central bucket. Writes are committed in groups: while one group is on its way, new
 * ones gather, so the number of Hub calls depends on the time a commit takes and not on how many write.
 *
 * A group is *decided* once its journal segment is in: from then on it is carried through, by this process
 * or by the next. Before that, nothing of it exists.
 */
import { HubError } from "../../../hub/errors.ts";
import type { HubBucket, StagedFiles } from "../../../hub/types.ts";
import type { BoardWriter } from "../board/types.ts";
import { ApiError } from "../errors.ts";
import { type FormedGroup, formGroup, overloaded, type Waiting } from "./group.ts";
import { encodeSegment, segmentPath } from "./journal.ts";
import type { Lease } from "./lease.ts";
import type { RecordMemory } from "./memory.ts";
import { messageOf, type Persistence, persist } from "./persist.ts";
import { publishChanges, stageChanges } from "./publish.ts";
import { lastChanges } from "./recovery.ts";
import type { JournalGroup, WriteIntent } from "./types.ts";

export interface CommitterOptions {
  central: HubBucket;
  audit: HubBucket;
  memory: RecordMemory;
  board: BoardWriter;
  lease: Lease;
  now(): number;
  persistence: Persistence;
  /** Writes waiting at most; beyond, callers are refused at once. */
  maxQueue: number;
  /** How long a caller waits for its answer; the write itself may be completed later. */
  answerWithinMs: number;
  /** Called after each group, when everything of it is in. */
  onGroup(group: JournalGroup): void;
}

export class Committer {
  readonly #options: CommitterOptions;
  readonly #queue: Waiting[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #lastStamp: number;
  #seq: number;
  #closed = false;

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
      const waiting = this.#waiting(intent, resolve as (response: unknown) => void, reject);
      this.#queue.push(waiting);
      this.#run();
    });
  }

  /** Finishes what was taken. Past `signal`, what is not decided yet is refused and the rest left to the next start. */
  async close(signal?: AbortSignal): Promise<void> {
    this.#closed = true;
    const stop = () => this.#stop.abort();
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    while (this.#running) await this.#running;
    signal?.removeEventListener("abort", stop);
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
      reject(
        new ApiError("HUB_UNAVAILABLE", "The Hub did not take the write in time.", {
          hint:
            at >= 0
              ? "Nothing was written. Try again later."
              : "It may still appear. Look before you post it again, or repeat it with the same Idempotency-Key.",
          retryAfterSeconds: 30,
        }),
      );
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
    // The pause of one microtask lets requests that arrive together share the first group.
    this.#running = Promise.resolve()
      .then(() => this.#commitAll())
      .finally(() => {
        this.#running = null;
        if (this.#queue.length > 0) this.#run();
      });
  }

  async #commitAll(): Promise<void> {
    while (this.#queue.length > 0) {
      if (!(await this.#mayWrite())) {
        for (const waiting of this.#queue.splice(0)) waiting.reject(this.#replaced());
        return;
      }
      const clock = { next: () => this.#nextStamp() };
      const formed = formGroup(this.#queue, clock, this.#options.memory);
      if (formed.entries.length > 0) await this.#commit(formed);
    }
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
    const { central, memory, board, onGroup, persistence } = this.#options;
    const group: JournalGroup = { seq: this.#seq + 1, entries };
    const changes = lastChanges(entries.flatMap((entry) => entry.changes));
    let staged: StagedFiles;
    try {
      staged = await this.#decide(group, () => stageChanges(central, changes));
    } catch (error) {
      persistence.log(`group ${group.seq} was not taken: ${messageOf(error)}`);
      const refusal = unavailable(error);
      for (const { waiting } of accepted) waiting.reject(refusal);
      return;
    }
    this.#seq = group.seq;
    try {
      await this.#carryThrough(group, () => publishChanges(central, changes, staged));
    } catch (error) {
      // Only when stopping: the journal has it, the next start completes it.
      const refusal = unavailable(error);
      for (const { waiting } of accepted) waiting.reject(refusal);
      return;
    }
    memory.apply(group);
    board.apply(group);
    for (const { waiting, response } of accepted) waiting.resolve(response);
    onGroup(group);
  }

  /** Uploads the group's contents and publishes its segment. Throws if nothing of it is in the journal. */
  async #decide(group: JournalGroup, stageFiles: () => Promise<StagedFiles>): Promise<StagedFiles> {
    const { audit, lease } = this.#options;
    const path = segmentPath({ seq: group.seq, writer: lease.owner });
    const segment = { path, content: encodeSegment(group), contentType: "application/x-ndjson" };
    const [staged, stagedSegment] = await Promise.all([
      this.#persist("uploading a group", stageFiles),
      this.#persist("uploading a journal segment", () => audit.stage([segment])),
    ]);
    try {
      await this.#persist("publishing a journal segment", () => audit.publish({ staged: stagedSegment }));
    } catch (error) {
      // The answer may have been lost and not the request: the bucket decides.
      const there = await this.#persist("looking for a journal segment", () => audit.stat([path]));
      if (!there.has(path)) throw error;
    }
    return staged;
  }

  /** Repeats until it is done: the group is decided. */
  #carryThrough(group: JournalGroup, publish: () => Promise<void>): Promise<void> {
    return persist(
      `publishing group ${group.seq}`,
      async () => {
        try {
          await publish();
        } catch (error) {
          throw asTransient(error);
        }
      },
      this.#stop.signal,
      this.#options.persistence,
    );
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
    return new ApiError(
      "NOT_READY",
      `Another backend${who} writes this collab's buckets; this one only reads.`,
      {
        hint: "Organisers: run one backend per collab. If the other one is meant to go, stop it and restart this one.",
        retryAfterSeconds: 30,
      },
    );
  }
}

function unavailable(cause: unknown): ApiError {
  return new ApiError("HUB_UNAVAILABLE", "The Hub did not take the write.", {
    hint: "It was not acknowledged. Try again in a while; with an Idempotency-Key a repeat cannot double it.",
    retryAfterSeconds: 30,
    cause,
  });
}

/** After the decision there is no giving up: whatever the Hub says is waited out. */
function asTransient(error: unknown): unknown {
  if (!(error instanceof HubError) || error.isTransient) return error;
  return new HubError(error.message, { status: 503, call: error.call, cause: error });
}
