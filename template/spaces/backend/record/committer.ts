/**
 * The only writer of the central bucket. Writes are committed in groups: while one group is being published
 * the next gathers and uploads its contents, so the number of Hub calls depends on the time a commit takes
 * and not on how many write.
 *
 * A group is *decided* once its journal segment is in: from then on it is carried through, by this process
 * or by the next. Before that, nothing of it exists. No segment is published before the group in front of it
 * is wholly in: a start completes the last group and no more.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { HubBucket } from "../../../hub/types.ts";
import type { BoardWriter } from "../board/types.ts";
import { overloaded, refusedByHub, replaced, stopping, unavailable } from "./commit-errors.ts";
import { formGroup, GROUP_BOUNDS } from "./group.ts";
import { type Carried, GroupCommit, type GroupCommitOptions } from "./group-commit.ts";
import type { Lease } from "./lease.ts";
import type { RecordMemory } from "./memory.ts";
import { GroupView } from "./pending.ts";
import { messageOf, type Persistence, persist } from "./persist.ts";
import type { Refusals } from "./refusals.ts";
import type { FileChange, JournalGroup, WriteIntent } from "./types.ts";
import { type Waiting, waitInLine } from "./waiting.ts";

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

/** How the publishing of a group ended. Only behind one that is `in` another may be published. */
type Outcome = "in" | "undecided" | "unfinished";

/** The group that is being published. */
interface Ahead {
  commit: GroupCommit;
  outcome: Promise<Outcome>;
}

/** While a group is being published there is time to let the next one grow: until nobody comes for one step. */
const GATHER_STEP_MS = 5;

export class Committer {
  readonly #options: CommitterOptions;
  readonly #queue: Waiting[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  /** Resolved when something is submitted. */
  #arrival = Promise.withResolvers<void>();
  #lastStamp: number;
  /** Of the last group that is decided. */
  #seq: number;
  #closed = false;
  #flushing = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#lastStamp = options.memory.lastStamp;
    this.#seq = options.memory.seq;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  submit<T>(intent: WriteIntent<T>): Promise<T> {
    const { lease, maxQueue, answerWithinMs } = this.#options;
    if (this.#closed) return Promise.reject(stopping());
    if (lease.lostTo !== null) return Promise.reject(replaced(lease.lostTo));
    if (this.#queue.length >= maxQueue) return Promise.reject(overloaded(maxQueue));
    const answer = waitInLine(this.#queue, intent, answerWithinMs);
    this.#wake();
    return answer;
  }

  /** Writes the gathered refusals, also if nothing else is to be written. */
  flushRefusals(): void {
    if (this.#closed || this.#options.refusals.isEmpty) return;
    this.#flushing = true;
    this.#wake();
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

  #wake(): void {
    this.#arrival.resolve();
    if (this.#running) return;
    // One turn of the event loop, so that requests which arrive together share the first group.
    this.#running = turn()
      .then(() => this.#commitAll())
      .finally(() => {
        this.#running = null;
        if (this.#hasWork) this.#wake();
      });
  }

  get #hasWork(): boolean {
    return this.#queue.length > 0 || this.#flushing;
  }

  async #commitAll(): Promise<void> {
    for (let ahead: Ahead | null = null; this.#hasWork || ahead; ) {
      if (ahead) await this.#gather(ahead);
      if (!this.#hasWork) {
        // Nothing came while the group was published, which has ended now.
        await ahead?.outcome;
        ahead = null;
      } else {
        ahead = await this.#commitNext(ahead);
      }
    }
  }

  /** Forms a group and uploads it while the one ahead is being published. Returns the one being published then. */
  async #commitNext(ahead: Ahead | null): Promise<Ahead | null> {
    if (!(await this.#mayWrite())) {
      this.#refuseAll();
      return ahead;
    }
    const view = new GroupView(this.#options.memory, ahead?.commit.formed.view ?? null);
    const most = this.#share(ahead?.commit.group.entries.length);
    const formed = formGroup(this.#queue, { next: () => this.#nextStamp() }, view, most);
    if (formed.entries.length === 0 && !this.#flushing) return ahead;
    this.#flushing = false;
    const seq = (ahead?.commit.group.seq ?? this.#seq) + 1;
    const commit = new GroupCommit(seq, formed, this.#options.refusals.take(), this.#commitOptions);
    const staging = commit.stage().then(
      () => ({ error: undefined }),
      (error: unknown) => ({ error }),
    );
    const outcome = (await ahead?.outcome) ?? "in";
    view.settle();
    const { error } = await staging;
    if (outcome === "undecided") this.#takeBack(commit);
    else if (outcome === "unfinished") this.#giveUp(commit, undefined);
    else if (error !== undefined) this.#giveUp(commit, error);
    else return { commit, outcome: this.#publish(commit) };
    return null;
  }

  /**
   * How many entries the next group takes. Writers come back when they are answered, so groups keep their sizes:
   * a large one and a small one would take turns for ever, each waiting for the other.
   */
  #share(ahead: number | undefined): number {
    if (ahead === undefined) return GROUP_BOUNDS.entries;
    return Math.min(GROUP_BOUNDS.entries, Math.ceil((this.#queue.length + ahead) / 2));
  }

  async #publish(commit: GroupCommit): Promise<Outcome> {
    try {
      await commit.decide();
    } catch (error) {
      this.#giveUp(commit, error);
      return "undecided";
    }
    this.#seq = commit.group.seq;
    try {
      this.#finish(commit, await commit.carry());
      return "in";
    } catch (error) {
      // Stopped: the journal has it, the next start completes it. Until then nothing may follow it.
      this.#closed = true;
      for (const { waiting } of commit.formed.accepted) waiting.reject(unavailable(error));
      this.#refuseAll();
      return "unfinished";
    }
  }

  /** Everything is in, but for what the Hub refused: shown, answered, and if need be put right. */
  #finish({ group, formed }: GroupCommit, { refused, fixes }: Carried): void {
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
    try {
      board.apply(applied);
    } catch (error) {
      // Durable all the same: what the board lacks it gets from memory at the next start.
      persistence.log(`the board cannot show group ${group.seq}: ${messageOf(error)}`);
    }
    for (const [index, { waiting, response }] of formed.accepted.entries()) {
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

  /** Nothing of the group is in the journal, and nothing will be. */
  #giveUp({ group, formed }: GroupCommit, error: unknown): void {
    const { refusals, persistence } = this.#options;
    persistence.log(`group ${group.seq} was not taken${error === undefined ? "" : `: ${messageOf(error)}`}`);
    refusals.giveBack(group.refusals ?? []);
    for (const { waiting } of formed.accepted) waiting.reject(unavailable(error));
  }

  /** The group in front was not taken, and this one was formed in the belief that it would be: once more. */
  #takeBack({ group, formed }: GroupCommit): void {
    this.#options.refusals.giveBack(group.refusals ?? []);
    this.#queue.unshift(...formed.accepted.map(({ waiting }) => waiting));
  }

  #refuseAll(): void {
    const { lease } = this.#options;
    this.#flushing = false;
    for (const waiting of this.#queue.splice(0)) {
      waiting.reject(lease.lostTo === null ? unavailable() : replaced(lease.lostTo));
    }
  }

  /** Returns when there is a group worth forming, or when the one ahead is through. */
  async #gather({ outcome }: Ahead): Promise<void> {
    let isThrough = false;
    const through = outcome.then(() => {
      isThrough = true;
    });
    while (!this.#hasWork && !isThrough) {
      this.#arrival = Promise.withResolvers<void>();
      await Promise.race([through, this.#arrival.promise]);
    }
    for (let before = 0; this.#queue.length > before && !isThrough; ) {
      before = this.#queue.length;
      await Promise.race([through, new Promise((resolve) => setTimeout(resolve, GATHER_STEP_MS))]);
    }
  }

  /** A lease that others may think free is renewed first; with a lost one nothing is written. */
  async #mayWrite(): Promise<boolean> {
    const { lease, persistence } = this.#options;
    if (lease.lostTo !== null) return false;
    if (!lease.isStale) return true;
    try {
      return await persist("renewing the lease", () => lease.renew(), this.#stop.signal, persistence);
    } catch {
      return false;
    }
  }

  get #commitOptions(): GroupCommitOptions {
    const { central, audit, lease, persistence } = this.#options;
    const mayWrite = () => this.#mayWrite();
    return { central, audit, writer: lease.owner, signal: this.#stop.signal, persistence, mayWrite };
  }

  #nextStamp(): number {
    this.#lastStamp = Math.max(this.#options.now(), this.#lastStamp + 1);
    return this.#lastStamp;
  }
}

/** The journal says again what the bucket holds. */
function correction(fixes: readonly FileChange[]): WriteIntent<null> {
  const audit = { agent_id: null, route: "record", via: "correction", source: null, status_code: 200 };
  return { prepare: () => ({ changes: [...fixes], audit, response: null }) };
}
