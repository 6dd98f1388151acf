/** One run from its reservation to its end. Whatever it does next follows from the run's durable file. */
import type { JobInfo } from "../../../hub/types.ts";
import type { Backend } from "../backend.ts";
import { isRunOver, type Run } from "../documents/run.ts";
import { type Doing, StoppedError, until } from "./doing.ts";
import { jobSpec } from "./job-spec.ts";
import { cancelOthers, type Launched, launchJob } from "./launch.ts";
import type { RunsOptions } from "./options.ts";
import type { Failed } from "./outcome.ts";
import { changeRun, withAttempt } from "./run-file.ts";
import { costOf, endedRun, judgeJob } from "./settle.ts";
import { isSnapshotWhole } from "./submission.ts";
import type { JobEnd, Watcher } from "./watcher.ts";

export interface DriverOptions extends RunsOptions, Doing {
  backend: Backend;
  watcher: Watcher;
  /** Another process may have launched it already. */
  isAdopted: boolean;
  /** Reserves the dollars of a second attempt if the day's budget has them; called while the file is written. */
  mayRetry(next: Run, known: Run): boolean;
  onLaunched(run: Run): void;
  /** The run ends, and a Job of it may still show itself. */
  onDoubt(): void;
}

/** The first launch finds out that nothing must be launched. */
class NotLaunchable extends Error {
  readonly failed: Failed;

  constructor(failed: Failed) {
    super(failed.reasonCode);
    this.failed = failed;
  }
}

export class RunDriver {
  readonly #options: DriverOptions;
  #run: Run;
  #isDoubtful: boolean;
  #isCanceled = false;
  #stage: { stage: string; at: number } | null = null;

  constructor(run: Run, options: DriverOptions) {
    this.#run = run;
    this.#options = options;
    this.#isDoubtful = options.isAdopted;
  }

  get run(): Run {
    return this.#run;
  }

  /** Stage of the Hub as last seen. */
  get stage(): { stage: string; at: number } | null {
    return this.#stage;
  }

  /** Drives the run to its end and returns it. Throws `StoppedError`; then the next start goes on. */
  async drive(): Promise<Run> {
    while (!isRunOver(this.#run)) {
      const attempt = this.#run.attempts.at(-1);
      if (attempt?.job_id == null) await this.#launch();
      else await this.#follow(attempt.job_id);
    }
    return this.#run;
  }

  /** Ends the run. Throws `HubError` where the Hub cannot be told; the run ends when the Job has. */
  async cancel(): Promise<void> {
    this.#isCanceled = true;
    const jobId = this.#run.attempts.at(-1)?.job_id;
    if (jobId == null || isRunOver(this.#run)) return;
    await this.#jobs.cancel(jobId);
    await this.#options.watcher.look(jobId);
  }

  /** For what nobody foresaw: the Job ends, and the run as a fault of ours, so that it does not go on for ever. */
  async giveUp(): Promise<Run> {
    const jobId = this.#run.attempts.at(-1)?.job_id;
    if (jobId != null) await this.#jobs.cancel(jobId).catch(() => {});
    await this.#end({ kind: "infra_error", reasonCode: "backend_error", charged: false, retry: false }, null);
    return this.#run;
  }

  get #jobs() {
    return this.#options.backend.hub.jobs(this.#run.namespace);
  }

  async #launch(): Promise<void> {
    const { backend, launchWaitsMs } = this.#options;
    let launched: Launched;
    try {
      launched = await launchJob({
        ...this.#options,
        jobs: this.#jobs,
        spec: this.#spec,
        waitsMs: launchWaitsMs,
        isDoubtful: this.#isDoubtful,
        isCanceled: () => this.#isCanceled,
        beforeStart: () => this.#prepare(),
      });
    } catch (error) {
      if (!(error instanceof NotLaunchable)) throw error;
      return this.#end(error.failed, null);
    }
    switch (launched.state) {
      case "canceled":
        return this.#end({ kind: "canceled", reasonCode: "canceled", charged: false, retry: false }, null);
      case "refused":
        if (launched.isDoubtful) this.#options.onDoubt();
        return this.#end(
          {
            kind: "infra_error",
            reasonCode: "launch_refused",
            message: launched.message,
            charged: false,
            retry: false,
          },
          null,
        );
      case "launched": {
        this.#isDoubtful = launched.isDoubtful;
        const { job } = launched;
        await this.#save("launched", (run, at) => ({
          ...run,
          status: "launched",
          attempts: withAttempt(run, {
            job_id: job.id,
            job_url: job.url,
            launched_at: job.createdAt ?? at,
            stage: job.stage,
          }),
        }));
        this.#note(job.stage);
        backend.log("info", "run launched", { run: this.#run.run_id, job: job.id });
        this.#options.onLaunched(this.#run);
        if (this.#isCanceled) await until("canceling a Job", () => this.#jobs.cancel(job.id), this.#options);
      }
    }
  }

  /** What must be there before a Job starts. */
  async #prepare(): Promise<void> {
    const { hub, collab, names } = this.#options.backend;
    const { submission, kind, state } = this.#run;
    const harness = `${collab.jobs.harness.replace(/\/+$/, "")}/${collab.jobs.entrypoint}`;
    if (kind === "verification" && collab.verification.mode !== "jobs") {
      throw new NotLaunchable({
        kind: "canceled",
        reasonCode: "verification_off",
        charged: false,
        retry: false,
      });
    }
    const isWhole = () => isSnapshotWhole(hub, submission.snapshot, submission.content_hash);
    if (!(await until("looking at a snapshot", isWhole, this.#options))) {
      throw new NotLaunchable({
        kind: "infra_error",
        reasonCode: "snapshot_incomplete",
        charged: false,
        retry: false,
      });
    }
    const central = hub.bucket(names.centralBucket);
    const look = async () => (await central.stat([harness])).has(harness);
    if (!(await until("looking for the harness", look, this.#options))) {
      throw new NotLaunchable({
        kind: "infra_error",
        reasonCode: "harness_missing",
        charged: false,
        retry: false,
      });
    }
    // A mount needs a folder that is there.
    const request = {
      path: `${state.prefix}/run_request.json`,
      content: `${JSON.stringify(this.#request, null, 2)}\n`,
    };
    await until("writing run_request.json", () => hub.bucket(state.bucket).write([request]), this.#options);
    // Another backend has taken over: the run is its to launch.
    if (!this.#options.backend.record.isWriting) throw new StoppedError();
  }

  get #spec() {
    const { collab, names } = this.#options.backend;
    return jobSpec(this.#run, collab, names);
  }

  /** With the keys by which a v1 verifier finds the submission of a run (api-v1.md 8.5). */
  get #request(): Record<string, unknown> {
    const { run_id, kind, lane, agent_id, result, submission, hardware, timeout_minutes, created_at } =
      this.#run;
    return {
      run_id,
      kind,
      lane,
      agent_id,
      ...(result !== null && { result }),
      submission_bucket: submission.snapshot.bucket,
      submission_prefix: submission.snapshot.prefix,
      submission_source: submission.source,
      content_hash: submission.content_hash,
      flavor: hardware,
      timeout_minutes,
      created_at,
      attempt: this.#run.attempts.length,
    };
  }

  async #follow(jobId: string): Promise<void> {
    const { watcher, signal } = this.#options;
    const watched = {
      jobs: this.#jobs,
      jobId,
      timeoutMinutes: this.#run.timeout_minutes,
      onStage: (stage: string) => this.#note(stage),
    };
    const over = watcher.whenOver(watched, signal);
    // An adopted Job may be over since long: no turn of the clock is waited for.
    if (this.#isDoubtful) await watcher.look(jobId);
    const end = await over;
    if (end === null) throw new StoppedError();
    await this.#settle(end);
  }

  async #settle(end: JobEnd): Promise<void> {
    const { backend } = this.#options;
    const judged = await judgeJob(this.#run, end, { ...this.#options, backend });
    const others =
      this.#isDoubtful && end.job !== null
        ? await cancelOthers({ ...this.#options, jobs: this.#jobs, spec: this.#spec }, end.job.id)
        : [];
    if (judged.state === "completed") {
      await this.#save("completed", (run, at) =>
        endedRun(run, at, { judged, ...this.#costs(end.job, others), retry: false }),
      );
      return;
    }
    return this.#end(judged.failed, end.job, others);
  }

  /** The end of the attempt, and of the run unless it is tried once more. */
  async #end(failed: Failed, job: JobInfo | null, others: readonly JobInfo[] = []): Promise<void> {
    const { mayRetry } = this.#options;
    await this.#save(failed.reasonCode, (run, at) => {
      const costs = this.#costs(job, others);
      const isLast = !failed.retry || this.#isCanceled || run.attempts.length > 1;
      const retry =
        !isLast &&
        mayRetry(
          endedRun(run, at, { judged: { state: "failed", failed }, ...costs, retry: true }),
          this.#run,
        );
      return endedRun(run, at, { judged: { state: "failed", failed }, ...costs, retry });
    });
    if (!isRunOver(this.#run)) this.#isDoubtful = false;
  }

  #costs(job: JobInfo | null, others: readonly JobInfo[]): { stage: string | null; dollars: number } {
    const now = this.#options.backend.now();
    const dollars = others.reduce(
      (sum, other) => sum + costOf(this.#run, other, now),
      costOf(this.#run, job, now),
    );
    return { stage: job?.stage ?? null, dollars };
  }

  #note(stage: string): void {
    this.#stage = { stage, at: this.#options.backend.now() };
  }

  async #save(step: string, change: (run: Run, at: string) => Run): Promise<void> {
    const { backend, log } = this.#options;
    const save = () => changeRun(backend, this.#run, step, change);
    this.#run = await until("writing a run", save, this.#options);
    log("info", "run", { run: this.#run.run_id, step, status: this.#run.status });
  }
}
