/** All Jobs of one hub: a queue, and as many running at once as the quota allows. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Caller, HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { guardOf } from "../processes/process-guard.ts";
import { JobRunner } from "./job-runner.ts";
import type { JobRequest } from "./job-spec.ts";
import { activeJobs, countJobs, insertJob, type Job, updateJob } from "./job-store.ts";

/** How many Jobs of a namespace may wait or run. */
const MAX_ACTIVE = 100;
const LOST = "The local hub was stopped while the Job was running; start it again";

export class Jobs {
  readonly #hub: HubContext;
  readonly #runners = new Map<string, JobRunner>();
  readonly #waiting: JobRunner[] = [];
  readonly #running = new Set<JobRunner>();
  /** How many run at once; the others wait as SCHEDULING. */
  maxRunning = Math.max(4, availableParallelism());

  constructor(hub: HubContext) {
    this.#hub = hub;
    // Their processes ended with the hub that ran them.
    for (const job of activeJobs(hub)) {
      updateJob(hub, job.id, { stage: "ERROR", message: LOST, finishedAt: hub.now() });
    }
  }

  /** Takes a Job on. Throws 429 when the namespace has too many that are not over. */
  start(namespace: string, caller: Caller, request: JobRequest): Job {
    const active = countJobs(this.#hub, { namespace, stages: ["SCHEDULING", "RUNNING"], labels: [] });
    if (active >= MAX_ACTIVE) {
      throw new HubHttpError(429, `${namespace} has ${active} Jobs waiting or running: wait for some to end`);
    }
    const { spec, labels, secrets } = request;
    const job = insertJob(this.#hub, { namespace, createdBy: caller.user, spec, labels });
    const runner = new JobRunner({
      hub: this.#hub,
      guard: guardOf(this.#hub),
      job,
      caller,
      secrets,
      toolsFolder: join(this.#hub.dataDir, "jobs", "bin"),
    });
    this.#runners.set(job.id, runner);
    this.#waiting.push(runner);
    this.#fill();
    return job;
  }

  #fill(): void {
    while (this.#running.size < this.maxRunning) {
      const runner = this.#waiting.shift();
      if (runner === undefined) return;
      if (runner.isOver) continue;
      this.#running.add(runner);
      void runner.run().then(() => {
        this.#running.delete(runner);
        this.#fill();
      });
    }
  }

  setMaxRunning(count: number): void {
    this.maxRunning = count;
    this.#fill();
  }

  /** What runs, waits for or has run a Job since the hub started. */
  runner(id: string): JobRunner | undefined {
    return this.#runners.get(id);
  }

  async close(): Promise<void> {
    this.maxRunning = 0;
    await Promise.all([...this.#waiting, ...this.#running].map((runner) => runner.stop("ERROR", LOST)));
  }
}
