/** One Space over time: what runs, which stage that is, and what happens at a commit or a change of settings. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { HubContext } from "../context.ts";
import { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import { findRepoByOid, type Repo, readBlob, readTree } from "../repos/store.ts";
import { DockerProcess, type DockerProcessOptions } from "./docker-process.ts";
import { DockerfileError } from "./dockerfile.ts";
import { passNextBuild } from "./next-build.ts";
import { answersHttp } from "./readiness.ts";
import { settingValues } from "./settings.ts";
import { spaceEnvironment, staticVariables } from "./space-environment.ts";
import { type FrontTarget, placeholder, SpaceFront } from "./space-front.ts";
import { planSpace, SpaceFault, type SpacePlan } from "./space-plan.ts";
import { readSpace, type SpaceState, updateSpace } from "./space-store.ts";
import { serveStatic } from "./static-site.ts";

export type SpaceStage =
  | "BUILDING"
  | "APP_STARTING"
  | "RUNNING"
  | "RUNNING_BUILDING"
  | "RUNNING_APP_STARTING"
  | "PAUSED"
  | "SLEEPING"
  | "STOPPED"
  | SpaceFault["stage"];

/** Changes that come one after the other, as when a script sets ten variables, cause one restart. */
const COALESCE_MS = 250;
/** How long requests to the old version may take to finish. */
const DRAIN_MS = 2_000;

export class SpaceRunner {
  readonly repo: string;
  readonly folder: string;
  readonly buildLog: LineLog;
  /** Of the newest version that was started; an older one that still answers is not heard any more. */
  runLog: LineLog;
  stage: SpaceStage = "BUILDING";
  errorMessage: string | null = null;
  /** Commit of the version that answers. */
  runningSha: string | null = null;

  readonly #hub: HubContext;
  readonly #guard: ProcessGuard;
  readonly #front: SpaceFront;
  #target: FrontTarget | null = null;
  #active: DockerProcess | null = null;
  readonly #stopping = new Set<Promise<void>>();
  #deployment = new AbortController();
  #chain: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #sleepTimer: NodeJS.Timeout | undefined;
  #lastActivity: number;
  #generation = 0;
  #closed = false;
  readonly #watchers = new Set<() => void>();

  constructor(hub: HubContext, guard: ProcessGuard, repo: string) {
    this.repo = repo;
    this.folder = join(hub.dataDir, "spaces", repo);
    this.#hub = hub;
    this.#guard = guard;
    this.#lastActivity = hub.now();
    this.buildLog = new LineLog(join(this.folder, "build.log"), hub.now);
    this.runLog = new LineLog(join(this.folder, "run.log"), hub.now);
    this.#front = new SpaceFront(
      () => this.#target ?? placeholder(503, `This Space is not running: ${this.stage}`),
      () => this.#onActivity(),
    );
  }

  /** Takes the Space's port and starts it, unless it is paused. Resolves once the port is taken. */
  async open(): Promise<void> {
    const state = this.#state();
    if (state === null) return;
    const port = await this.#front.open(this.#hub.host, state.port);
    if (port !== state.port) updateSpace(this.#hub, this.repo, { port });
    if (state.paused) this.#setStage("PAUSED");
    else this.restart(0);
  }

  #state(): SpaceState | null {
    return readSpace(this.#hub, this.repo);
  }

  /** Builds and starts the head commit with the present settings; what runs goes on until then. */
  restart(delayMs = COALESCE_MS): void {
    if (this.#closed || this.#state()?.paused !== false) return;
    this.#setStage(this.#target === null ? "BUILDING" : "RUNNING_BUILDING");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#deployment.abort();
      this.#deployment = new AbortController();
      const { signal } = this.#deployment;
      this.#chain = this.#chain.then(() => this.#deploy(signal));
    }, delayMs);
  }

  /** Stops what runs and stays so until `resume`. */
  async pause(): Promise<void> {
    updateSpace(this.#hub, this.repo, { paused: true });
    await this.#halt("PAUSED");
  }

  resume(): void {
    updateSpace(this.#hub, this.repo, { paused: false });
    this.restart(0);
  }

  /** Stops everything and frees the port. Ends its logs, so that readers come to their end. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#front.close(), this.#halt("STOPPED")]);
    this.buildLog.end();
    this.runLog.end();
  }

  /** Close, and remove every file. */
  async remove(): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Process group of the version that answers; `null` when none runs. */
  get group(): number | null {
    return this.#active?.group ?? null;
  }

  /** Resolves at the next change of stage, or when `signal` fires. */
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

  #setStage(stage: SpaceStage, errorMessage: string | null = null): void {
    const changed = this.stage !== stage;
    this.stage = stage;
    this.errorMessage = errorMessage;
    if (!changed) return;
    this.#hub.log(`space ${findRepoByOid(this.#hub, this.repo)?.id ?? this.repo}: ${stage}`);
    for (const wake of this.#watchers) wake();
  }

  async #halt(stage: SpaceStage): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#sleepTimer);
    this.#deployment.abort();
    await this.#chain;
    this.#replace(null, null, null);
    this.#setStage(stage);
    await Promise.all(this.#stopping);
  }

  /** Puts a new version (or none) in the place of what answers, and stops the old one once it is not used. */
  #replace(target: FrontTarget | null, active: DockerProcess | null, sha: string | null): void {
    const old = this.#active;
    this.#target = target;
    this.#active = active;
    this.runningSha = sha;
    if (old === null) return;
    const unused = target === null ? Promise.resolve() : this.#front.drain(old.port, DRAIN_MS);
    const stopped = unused.then(() => old.stop()).finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
  }

  async #deploy(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const repo = findRepoByOid(this.#hub, this.repo);
    const state = this.#state();
    if (repo === null || state === null) return;
    const log = this.buildLog.start();
    log.append(`===== Build queued for commit ${repo.head} =====`);
    try {
      await passNextBuild(this.#hub, repo.id, signal);
      if (signal.aborted) return;
      const tree = readTree(this.#hub, repo.oid, repo.head) ?? new Map();
      const read = (path: string) => {
        const file = tree.get(path);
        return file === undefined ? null : Buffer.from(readBlob(this.#hub, file.oid)).toString();
      };
      const plan = planSpace(read, settingValues(this.#hub, repo.oid, "variables"));
      if (plan.run.sdk === "static") {
        const { appFile, headers } = plan.run;
        const site = { tree, appFile, headers, variables: staticVariables(this.#hub, repo, state, plan) };
        this.#succeed(
          { handler: (request, response) => serveStatic(this.#hub, site, request, response) },
          null,
          repo.head,
        );
        log.append("Static Space: its files are served as they are");
      } else {
        await this.#deployDocker(repo, state, plan, plan.run, tree, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error);
    } finally {
      log.end();
    }
  }

  async #deployDocker(
    repo: Repo,
    state: SpaceState,
    plan: SpacePlan,
    run: SpacePlan["run"] & { sdk: "docker" },
    tree: DockerProcessOptions["tree"],
    signal: AbortSignal,
  ): Promise<void> {
    this.#generation += 1;
    const options: DockerProcessOptions = {
      image: run.image,
      appPort: run.appPort,
      tree,
      folder: join(this.folder, `version-${this.#generation}`),
      env: spaceEnvironment(this.#hub, repo, state, plan),
      log: this.runLog,
      guard: this.#guard,
    };
    rmSync(options.folder, { recursive: true, force: true });
    DockerProcess.layOut(this.#hub, options);
    const { copies, runSteps, command } = run.image;
    this.buildLog.append(`Copied ${tree.size} files by ${copies.length} COPY steps`);
    if (runSteps > 0) this.buildLog.append(`Not executed by the local hub: ${runSteps} RUN steps`);
    this.buildLog.append(`Command: ${JSON.stringify(command)}`);
    this.#setStage(this.#target === null ? "APP_STARTING" : "RUNNING_APP_STARTING");
    this.runLog.end();
    this.runLog = new LineLog(this.runLog.file, this.#hub.now).start();
    options.log = this.runLog;
    this.runLog.append(`===== Application Startup at ${new Date(this.#hub.now()).toISOString()} =====`);
    const process = await DockerProcess.start(options);
    const outcome = await this.#ready(process, run.startupMs, signal);
    if (outcome === "ready") {
      this.#succeed({ port: process.port }, process, repo.head);
      void process.exited.then(({ code }) => this.#onExit(process, code));
      return;
    }
    await process.stop();
    if (signal.aborted) return;
    throw outcome;
  }

  /** Waits until the program answers; otherwise says why it never will. */
  async #ready(
    process: DockerProcess,
    startupMs: number,
    signal: AbortSignal,
  ): Promise<"ready" | SpaceFault> {
    const settled = new AbortController();
    const timeout = AbortSignal.timeout(startupMs);
    const answered = answersHttp(process.port, AbortSignal.any([signal, settled.signal, timeout]));
    const outcome = await Promise.race([answered, process.exited]);
    settled.abort();
    if (outcome === true) return "ready";
    if (typeof outcome === "object") return this.#exitFault(outcome.code);
    return new SpaceFault(
      "RUNTIME_ERROR",
      `Launch timed out: nothing answered on the port given in the environment variable PORT within ${startupMs / 1000} s`,
    );
  }

  #exitFault(code: number): SpaceFault {
    const last = this.runLog.lastLines(20).join("\n");
    return new SpaceFault("RUNTIME_ERROR", `Exit code: ${code}. Reason: ${last}`);
  }

  #succeed(target: FrontTarget, active: DockerProcess | null, sha: string): void {
    this.#lastActivity = this.#hub.now();
    this.#replace(target, active, sha);
    this.#setStage("RUNNING");
    this.scheduleSleep();
  }

  #fail(error: unknown): void {
    const fault =
      error instanceof SpaceFault
        ? error
        : new SpaceFault(
            "BUILD_ERROR",
            error instanceof DockerfileError ? error.message : `Internal error: ${error}`,
          );
    this.buildLog.append(fault.message);
    this.#replace(null, null, null);
    this.#setStage(fault.stage, fault.message);
  }

  #onExit(process: DockerProcess, code: number): void {
    if (process !== this.#active) return;
    const fault = this.#exitFault(code);
    this.runLog.end();
    this.#active = null;
    this.#target = null;
    this.runningSha = null;
    // A newer version may be on its way; it then sets the stage.
    if (this.stage === "RUNNING") this.#setStage(fault.stage, fault.message);
  }

  #onActivity(): void {
    this.#lastActivity = this.#hub.now();
    if (this.stage === "SLEEPING") this.restart(0);
  }

  /** Puts the Space to sleep once nobody has used it for as long as its settings say. */
  scheduleSleep(): void {
    clearTimeout(this.#sleepTimer);
    const seconds = this.#state()?.sleepSeconds ?? -1;
    if (seconds < 0 || this.#active === null) return;
    const left = this.#lastActivity + seconds * 1_000 - this.#hub.now();
    if (left <= 0) {
      if (this.stage === "RUNNING") void this.#halt("SLEEPING");
      return;
    }
    this.#sleepTimer = setTimeout(() => this.scheduleSleep(), Math.min(left, 60_000)).unref();
  }
}
