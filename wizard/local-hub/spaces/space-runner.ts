/** One Space over time: what runs, which stage that is, and what happens at a commit or a change of settings. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import type { HubContext } from "../context.ts";
import { ChangeSignal } from "../processes/change-signal.ts";
import { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import { findRepoByOid } from "../repos/store.ts";
import { DockerfileError } from "./dockerfile.ts";
import { passNextBuild } from "./next-build.ts";
import { placeholder, SpaceFront } from "./space-front.ts";
import { SpaceFault } from "./space-plan.ts";
import { readSpace, type SpaceState, updateSpace } from "./space-store.ts";
import { exitFault, type SpaceVersion, startVersion } from "./space-version.ts";

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

  readonly #hub: HubContext;
  readonly #guard: ProcessGuard;
  readonly #front: SpaceFront;
  /** What answers now. */
  #version: SpaceVersion | null = null;
  readonly #stopping = new Set<Promise<void>>();
  #deployment = new AbortController();
  #chain: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #sleepTimer: NodeJS.Timeout | undefined;
  #lastActivity: number;
  #generation = 0;
  #closed = false;
  readonly #changes = new ChangeSignal();

  constructor(hub: HubContext, guard: ProcessGuard, repo: string) {
    this.repo = repo;
    this.folder = join(hub.dataDir, "spaces", repo);
    this.#hub = hub;
    this.#guard = guard;
    this.#lastActivity = hub.now();
    this.buildLog = new LineLog(join(this.folder, "build.log"), hub.now);
    this.runLog = new LineLog(join(this.folder, "run.log"), hub.now);
    this.#front = new SpaceFront(
      () => this.#version?.target ?? placeholder(503, `This Space is not running: ${this.stage}`),
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
    this.#setStage(this.#version === null ? "BUILDING" : "RUNNING_BUILDING");
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
    return this.#version?.process?.group ?? null;
  }

  /** Commit of the version that answers. */
  get runningSha(): string | null {
    return this.#version?.sha ?? null;
  }

  /** Resolves at the next change of stage, or when `signal` fires. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }

  #setStage(stage: SpaceStage, errorMessage: string | null = null): void {
    const changed = this.stage !== stage;
    this.stage = stage;
    this.errorMessage = errorMessage;
    if (!changed) return;
    this.#hub.log(`space ${findRepoByOid(this.#hub, this.repo)?.id ?? this.repo}: ${stage}`);
    this.#changes.notify();
  }

  async #halt(stage: SpaceStage): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#sleepTimer);
    this.#deployment.abort();
    await this.#chain;
    this.#replace(null);
    this.#setStage(stage);
    await Promise.all(this.#stopping);
  }

  /** Puts a new version (or none) in the place of what answers, and stops the old one once it is not used. */
  #replace(version: SpaceVersion | null): void {
    const old = this.#version?.process ?? null;
    this.#version = version;
    if (old === null) return;
    const unused = version === null ? Promise.resolve() : this.#front.drain(old.port, DRAIN_MS);
    const stopped = unused.then(() => old.stop()).finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
  }

  async #deploy(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const repo = findRepoByOid(this.#hub, this.repo);
    const state = this.#state();
    if (repo === null || state === null) return;
    this.#generation += 1;
    const log = this.buildLog.start();
    log.append(`===== Build queued for commit ${repo.head} =====`);
    try {
      await passNextBuild(this.#hub, repo.id, signal);
      if (signal.aborted) return;
      const version = await startVersion(this.#hub, {
        repo,
        state,
        folder: join(this.folder, `version-${this.#generation}`),
        buildLog: log,
        guard: this.#guard,
        onStart: () => this.#startRunLog(),
        signal,
      });
      if (version !== null) this.#succeed(version);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    } finally {
      log.end();
    }
  }

  #startRunLog(): LineLog {
    this.#setStage(this.#version === null ? "APP_STARTING" : "RUNNING_APP_STARTING");
    this.runLog.end();
    this.runLog = new LineLog(this.runLog.file, this.#hub.now).start();
    return this.runLog;
  }

  #succeed(version: SpaceVersion): void {
    this.#lastActivity = this.#hub.now();
    this.#replace(version);
    this.#setStage("RUNNING");
    this.scheduleSleep();
    void version.process?.exited.then(({ code }) => this.#onExit(version, code));
  }

  #fail(error: unknown): void {
    const isOurs = !(error instanceof SpaceFault || error instanceof DockerfileError);
    if (isOurs) this.#hub.log(`space ${this.repo}: ${error instanceof Error ? error.stack : error}`);
    const stage = error instanceof SpaceFault ? error.stage : "BUILD_ERROR";
    const message = isOurs ? `The local hub could not build the Space: ${error}` : error.message;
    this.buildLog.append(message);
    this.runLog.end();
    this.#replace(null);
    this.#setStage(stage, message);
  }

  #onExit(version: SpaceVersion, code: number): void {
    if (version !== this.#version) return;
    const fault = exitFault(this.runLog, code);
    this.#version = null;
    // A newer version may be on its way; it then has the log, and sets the stage.
    if (this.stage !== "RUNNING") return;
    this.runLog.end();
    this.#setStage(fault.stage, fault.message);
  }

  #onActivity(): void {
    this.#lastActivity = this.#hub.now();
    if (this.stage === "SLEEPING") this.restart(0);
  }

  /** Puts the Space to sleep once nobody has used it for as long as its settings say. */
  scheduleSleep(): void {
    clearTimeout(this.#sleepTimer);
    const seconds = this.#state()?.sleepSeconds ?? -1;
    if (seconds < 0 || this.#version?.process == null) return;
    const left = this.#lastActivity + seconds * 1_000 - this.#hub.now();
    if (left <= 0) {
      if (this.stage === "RUNNING") void this.#halt("SLEEPING");
      return;
    }
    this.#sleepTimer = setTimeout(() => this.scheduleSleep(), Math.min(left, 60_000)).unref();
  }
}
