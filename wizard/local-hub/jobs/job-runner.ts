/** One Job from its start to its end: volumes, command, time limit, what it wrote. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Caller, HubContext } from "../context.ts";
import { ChangeSignal } from "../processes/change-signal.ts";
import type { Child, ChildExit } from "../processes/child.ts";
import { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import { JOB_FOLDERS, startJobProcess } from "./job-process.ts";
import { findJob, isOver, type Job, updateJob } from "./job-store.ts";
import { type JobVolumes, openVolumes } from "./job-volumes.ts";
import { layOutSpace, type SpaceImage } from "./space-image.ts";

const STOP_GRACE_MS = 3_000;

export const jobFolder = (hub: HubContext, id: string): string => join(hub.dataDir, "jobs", id);
export const jobLog = (hub: HubContext, id: string): LineLog =>
  new LineLog(join(jobFolder(hub, id), "job.log"), hub.now);

export interface JobRunnerOptions {
  hub: HubContext;
  guard: ProcessGuard;
  job: Job;
  /** Who started it: their rights are those of the volumes. */
  caller: Caller;
  secrets: Record<string, string>;
  /** Folder of links to programs, shared by all Jobs. */
  toolsFolder: string;
}

export class JobRunner {
  readonly id: string;
  readonly log: LineLog;
  readonly caller: Caller;
  readonly secrets: Record<string, string>;
  readonly #options: JobRunnerOptions;
  readonly #hub: HubContext;
  readonly #folder: string;
  readonly #changes = new ChangeSignal();
  #child: Child | null = null;
  /** Why the Job is to end before it does so itself. */
  #ending: { stage: "CANCELED" | "ERROR"; message: string | null } | null = null;
  #finished: Promise<void> | null = null;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#hub = options.hub;
    this.id = options.job.id;
    this.caller = options.caller;
    this.secrets = options.secrets;
    this.#folder = jobFolder(options.hub, this.id);
    this.log = jobLog(options.hub, this.id).start();
  }

  /** Runs the Job; resolves when it is over and its files are stored. Never rejects. */
  run(): Promise<void> {
    this.#finished ??= this.#run()
      .catch((error: Error) => {
        this.#hub.log(`job ${this.id}: ${error.stack}`);
        this.#end("ERROR", `The local hub could not run the Job: ${error.message}`);
      })
      .then(() => this.#tidy());
    return this.#finished;
  }

  /** Ends the Job early, whether it runs yet or not. Resolves when it is over. */
  async stop(stage: "CANCELED" | "ERROR", message: string | null): Promise<void> {
    this.#ending ??= { stage, message };
    if (this.#finished === null) this.#end(stage, message);
    await this.#child?.stop(STOP_GRACE_MS);
    await this.#finished;
  }

  /** Process group of the command while it runs. */
  get group(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves at the next change of the Job's status, or when `signal` fires. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }

  /** Leaves nothing of the Job on disk but its log. */
  async #tidy(): Promise<void> {
    for (const name of [...JOB_FOLDERS, "volumes", "image"]) {
      await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  #update(change: Parameters<typeof updateJob>[2]): void {
    const job = updateJob(this.#hub, this.id, change);
    if (change.stage !== undefined) this.#hub.log(`job ${job.namespace}/${this.id}: ${job.stage}`);
    this.#changes.notify();
  }

  #end(stage: "COMPLETED" | "CANCELED" | "ERROR", message: string | null): void {
    this.#update({ stage, message, finishedAt: this.#hub.now() });
    this.log.end();
  }

  async #run(): Promise<void> {
    const { spec } = this.#options.job;
    const volumes = await openVolumes(this.#hub, {
      volumes: spec.volumes,
      folder: join(this.#folder, "volumes"),
      caller: this.caller,
      warn: (line) => this.log.append(line),
    });
    let exit: ChildExit = { code: 0, signal: null };
    try {
      const folder = join(this.#folder, "image");
      const image = spec.spaceId === null ? null : layOutSpace(this.#hub, spec.spaceId, folder);
      for (let attempt = 1; this.#ending === null && attempt <= spec.attempts; attempt += 1) {
        exit = await this.#attempt(volumes, image);
        if (exit.code === 0 || this.#ending !== null) break;
        this.#update({ failures: attempt });
      }
    } finally {
      await volumes.finish();
    }
    if (this.#ending !== null) this.#end(this.#ending.stage, this.#ending.message);
    else if (exit.code === 0) this.#end("COMPLETED", null);
    else this.#end("ERROR", `Job failed with exit code: ${exit.code}`);
  }

  async #attempt(volumes: JobVolumes, image: SpaceImage | null): Promise<ChildExit> {
    const started = this.#hub.now();
    this.#update({ stage: "RUNNING", startedAt: findJob(this.#hub, this.id)?.startedAt ?? started });
    this.log.append(`===== Job started at ${new Date(started).toISOString()} =====`);
    const child = await startJobProcess(this.#hub, {
      ...this.#options,
      volumes,
      image,
      folder: this.#folder,
      onLine: (line) => this.log.append(line),
    });
    this.#child = child;
    // It may have been asked to end while it was being started.
    if (this.#ending !== null) void child.stop(STOP_GRACE_MS);
    const { timeoutSeconds } = this.#options.job.spec;
    const timer = setTimeout(() => {
      void this.stop("ERROR", `Job timed out after ${timeoutSeconds} seconds`);
    }, timeoutSeconds * 1_000);
    const exit = await child.exited;
    clearTimeout(timer);
    this.#child = null;
    return exit;
  }

  get isOver(): boolean {
    const job = findJob(this.#hub, this.id);
    return job === null || isOver(job);
  }
}
