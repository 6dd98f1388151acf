/** One Job from its start to its end: volumes, command, time limit, what it wrote. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Caller, HubContext } from "../context.ts";
import { Child, type ChildExit } from "../processes/child.ts";
import { baseEnvironment } from "../processes/environment.ts";
import { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import { hardwareEnvironment } from "./hardware.ts";
import { findJob, isOver, type Job, updateJob } from "./job-store.ts";
import { type Mount, mountedCommand, mountNamespace } from "./mount-script.ts";
import { rewritePaths } from "./rewrite-paths.ts";
import { pathWithTools } from "./tools.ts";
import { filesOf } from "./volume-content.ts";
import { fillFolder, setWritable } from "./volume-folder.ts";
import { WriteBack } from "./write-back.ts";

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
  readonly #watchers = new Set<() => void>();
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
    this.#finished ??= this.#run().catch((error: Error) => {
      this.#hub.log(`job ${this.id}: ${error.stack}`);
      this.#end("ERROR", `The local hub could not run the Job: ${error.message}`);
    });
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
    return new Promise((resolve) => {
      const wake = () => {
        this.#watchers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #update(change: Parameters<typeof updateJob>[2]): void {
    const job = updateJob(this.#hub, this.id, change);
    if (change.stage !== undefined) this.#hub.log(`job ${job.namespace}/${this.id}: ${job.stage}`);
    for (const wake of this.#watchers) wake();
  }

  #end(stage: "COMPLETED" | "CANCELED" | "ERROR", message: string | null): void {
    this.#update({ stage, message, finishedAt: this.#hub.now() });
    this.log.end();
  }

  async #run(): Promise<void> {
    const { spec } = this.#options.job;
    const volumesFolder = join(this.#folder, "volumes");
    const writeBacks: WriteBack[] = [];
    const mounts: Mount[] = [];
    for (const [index, volume] of spec.volumes.entries()) {
      const folder = join(volumesFolder, String(index));
      await fillFolder(folder, filesOf(this.#hub, volume));
      mounts.push({ folder, mountPath: volume.mountPath, readOnly: volume.readOnly });
      if (!volume.readOnly) {
        const warn = (line: string) => this.log.append(line);
        writeBacks.push(new WriteBack(this.#hub, { caller: this.caller, volume, folder, warn }));
      }
    }
    const namespace = mounts.length === 0 ? null : await mountNamespace();
    if (namespace === null)
      for (const mount of mounts) if (mount.readOnly) await setWritable(mount.folder, false);
    for (const writeBack of writeBacks) await writeBack.start();

    let exit: ChildExit = { code: 0, signal: null };
    for (let attempt = 1; this.#ending === null && attempt <= spec.attempts; attempt += 1) {
      exit = await this.#attempt(namespace, mounts);
      if (exit.code === 0 || this.#ending !== null) break;
      this.#update({ failures: attempt });
    }
    for (const writeBack of writeBacks) await writeBack.finish();
    if (namespace === null) for (const { folder } of mounts) await setWritable(folder, true);
    for (const name of ["volumes", "work", "home", "tmp", "root"]) {
      await rm(join(this.#folder, name), { recursive: true, force: true });
    }
    if (this.#ending !== null) this.#end(this.#ending.stage, this.#ending.message);
    else if (exit.code === 0) this.#end("COMPLETED", null);
    else this.#end("ERROR", `Job failed with exit code: ${exit.code}`);
  }

  async #attempt(namespace: readonly string[] | null, mounts: readonly Mount[]): Promise<ChildExit> {
    const { job, guard } = this.#options;
    const [cwd, home, temporary, root] = ["work", "home", "tmp", "root"].map((name) =>
      join(this.#folder, name),
    ) as [string, string, string, string];
    for (const folder of [cwd, home, temporary, root]) await mkdir(folder, { recursive: true });
    const local = (text: string) => (namespace === null ? rewritePaths(text, mounts) : text);
    const command = [...job.spec.command, ...job.spec.arguments].map(local);
    const started = this.#hub.now();
    this.#update({ stage: "RUNNING", startedAt: findJob(this.#hub, this.id)?.startedAt ?? started });
    this.log.append(`===== Job started at ${new Date(started).toISOString()} =====`);
    const child = new Child({
      command: namespace === null ? command : mountedCommand(namespace, { root, mounts, cwd, command }),
      cwd,
      env: this.#environment(home, temporary, local),
      onLine: (line) => this.log.append(line),
      guard,
    });
    this.#child = child;
    // It may have been asked to end while it was being started.
    if (this.#ending !== null) void child.stop(STOP_GRACE_MS);
    const { timeoutSeconds } = job.spec;
    const timer = setTimeout(() => {
      void this.stop("ERROR", `Job timed out after ${timeoutSeconds} seconds`);
    }, timeoutSeconds * 1_000);
    const exit = await child.exited;
    clearTimeout(timer);
    this.#child = null;
    return exit;
  }

  #environment(home: string, temporary: string, local: (text: string) => string): Record<string, string> {
    const { job, toolsFolder } = this.#options;
    const base = baseEnvironment(home);
    const asked = { ...job.spec.environment, ...this.secrets };
    return {
      ...base,
      TMPDIR: temporary,
      ...hardwareEnvironment(job.spec.flavor),
      ...Object.fromEntries(Object.entries(asked).map(([key, value]) => [key, local(value)])),
      PATH: pathWithTools(toolsFolder, asked.PATH ?? (base.PATH as string)),
      JOB_ID: this.id,
      HF_ENDPOINT: this.#hub.url(),
    };
  }

  get isOver(): boolean {
    const job = findJob(this.#hub, this.id);
    return job === null || isOver(job);
  }
}
