/** Looks at every running Job, each with one request a turn; no Job, no timer and no request. */
import { HubError } from "../../../hub/errors.ts";
import { isJobOver } from "../../../hub/jobs.ts";
import type { HubJobs, JobInfo } from "../../../hub/types.ts";
import { errorFields, type Log } from "../log.ts";
import { type Ended, startOf } from "./outcome.ts";

export interface Watched {
  jobs: HubJobs;
  jobId: string;
  timeoutMinutes: number;
  /** Told of each look at a Job that goes on. */
  onStage(stage: string): void;
}

/** `job` is `null` for one that the Hub does not know any more. */
export interface JobEnd {
  job: JobInfo | null;
  ended: Ended;
}

export interface WatcherOptions {
  pollMs: number;
  graceMs: number;
  queueMs: number;
  now(): number;
  log: Log;
}

interface Watch extends Watched {
  ended: Ended;
  /** Looks in a row that did not find it. */
  missed: number;
  isBusy: boolean;
  /** Milliseconds. */
  since: number;
  finish(end: JobEnd): void;
}

/** A listing or a cache of the Hub may lag behind a start. */
const MISSES = 3;

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #watches = new Set<Watch>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** Resolves when the Job is over; `null` when `signal` aborts before. */
  whenOver(watched: Watched, signal: AbortSignal): Promise<JobEnd | null> {
    return new Promise((resolve) => {
      const watch: Watch = {
        ...watched,
        ended: null,
        missed: 0,
        isBusy: false,
        since: this.#options.now(),
        finish: (end) => {
          leave();
          resolve(end);
        },
      };
      const leave = () => {
        this.#watches.delete(watch);
        signal.removeEventListener("abort", abort);
        if (this.#watches.size === 0) clearTimeout(this.#timer);
      };
      const abort = () => {
        leave();
        resolve(null);
      };
      if (signal.aborted) return resolve(null);
      signal.addEventListener("abort", abort, { once: true });
      this.#watches.add(watch);
      if (this.#watches.size === 1) this.#schedule();
    });
  }

  /** Looks at one Job without waiting for its turn. */
  async look(jobId: string): Promise<void> {
    await Promise.all(
      [...this.#watches].filter((watch) => watch.jobId === jobId).map((each) => this.#look(each)),
    );
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.#turn().then(() => {
        if (this.#watches.size > 0) this.#schedule();
      });
    }, this.#options.pollMs);
    this.#timer.unref();
  }

  /** One after the other: many at once would be what a rate limit is for. */
  async #turn(): Promise<void> {
    for (const watch of [...this.#watches]) if (this.#watches.has(watch)) await this.#look(watch);
  }

  async #look(watch: Watch): Promise<void> {
    if (watch.isBusy) return;
    watch.isBusy = true;
    try {
      await this.#ask(watch);
    } catch (error) {
      this.#options.log("info", "a Job could not be looked at", {
        job: watch.jobId,
        error: errorFields(error),
      });
      if (this.#isHopeless(watch, error)) watch.finish({ job: null, ended: watch.ended });
    } finally {
      watch.isBusy = false;
    }
  }

  /** The Hub answers, will not tell, and the Job must have ended by now: with such an answer no run goes on for ever. */
  #isHopeless({ since, timeoutMinutes }: Watch, error: unknown): boolean {
    const { now, graceMs, queueMs } = this.#options;
    if (!(error instanceof HubError) || error.isTransient) return false;
    return now() - since > timeoutMinutes * 60_000 + graceMs + queueMs;
  }

  async #ask(watch: Watch): Promise<void> {
    const job = await watch.jobs.get(watch.jobId);
    if (job === null) {
      watch.missed += 1;
      if (watch.missed >= MISSES) watch.finish({ job, ended: watch.ended });
      return;
    }
    watch.missed = 0;
    if (isJobOver(job)) return watch.finish({ job, ended: watch.ended });
    watch.onStage(job.stage);
    const why = overdue(job, watch.timeoutMinutes, this.#options);
    if (why === null) return;
    watch.ended = why;
    await watch.jobs.cancel(watch.jobId);
  }
}

/** Why a Job that goes on has to be ended; `null`: it may go on. */
export function overdue(
  job: Pick<JobInfo, "stage" | "createdAt" | "startedAt">,
  timeoutMinutes: number,
  { graceMs, queueMs, now }: Pick<WatcherOptions, "graceMs" | "queueMs" | "now">,
): Ended {
  const since = (time: string | null) => (time === null ? 0 : now() - Date.parse(time));
  const started = startOf(job);
  if (started === null) return since(job.createdAt) >= queueMs ? "never_scheduled" : null;
  return since(started) >= timeoutMinutes * 60_000 + graceMs ? "run_timeout" : null;
}
