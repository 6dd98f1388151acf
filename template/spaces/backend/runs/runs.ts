/**
 * Runs, put together: what routes, the start and verification use. Every unfinished run of the board has a
 * driver here, however it came there: reserved by a request, left by the process before, or written after all
 * when its request had been given up.
 */
import { verificationNamespace } from "../../../schema/collab.ts";
import type { Backend } from "../backend.ts";
import type { BoardChange } from "../board/board.ts";
import {
  findRun,
  recentlyCompleted,
  unfinishedRuns,
  unmirroredRuns,
  verificationRuns,
} from "../board/queries/runs.ts";
import { isRunOver, type Run } from "../documents/run.ts";
import { ApiError } from "../errors.ts";
import { errorFields } from "../log.ts";
import type { Prepared, WriteIntent } from "../record/types.ts";
import type { LiveState, RunsApi, VerificationCapacity, VerificationRequest } from "./api.ts";
import { type Doing, pause, StoppedError } from "./doing.ts";
import { RunDriver } from "./driver.ts";
import { lanePlan } from "./lanes.ts";
import { ManifestReader } from "./manifest-reader.ts";
import { Mirror } from "./mirror.ts";
import { RUNS_OPTIONS, type RunsOptions } from "./options.ts";
import { Prices } from "./prices.ts";
import { ProgressReader } from "./progress.ts";
import { budgetRefusal, type Charge, verificationRefusal, WINDOW_MS } from "./quotas.ts";
import { Reservations } from "./reservations.ts";
import { chargesNow, prepareRun, type RunWish } from "./reserve.ts";
import { listSubmission, snapshotCopies } from "./submission.ts";
import { sweepJobs } from "./sweep.ts";
import { Watcher } from "./watcher.ts";

const RUN_PATH = /^runs\/([^/]+)\.json$/;
/** Copies of runs that ended longer ago are not taken up again. */
const MIRROR_SINCE_MS = 7 * 86_400_000;
const MEDIAN_OF = 50;
/** Failures in a row, none of them a passing one of the Hub, after which a run is given up. */
const DRIVE_TRIES = 5;
const STOP_WITHIN_MS = 20_000;

export class Runs implements RunsApi {
  readonly prices: Prices;
  readonly manifests: ManifestReader;
  readonly reservations: Reservations;
  readonly options: RunsOptions;
  readonly #backend: Backend;
  readonly #listeners = new Set<(run: Run) => void>();
  readonly #drivers = new Map<string, RunDriver>();
  readonly #driving = new Set<Promise<void>>();
  readonly #verifying = new Map<string, Promise<Run>>();
  readonly #stopping = new AbortController();
  readonly #doing: Doing;
  readonly #watcher: Watcher;
  readonly #mirror: Mirror;
  readonly #progress: ProgressReader;
  #unfollow = () => {};

  constructor(backend: Backend, options: Partial<RunsOptions> = {}) {
    const { hub, board, now, log } = backend;
    this.#backend = backend;
    this.options = { ...RUNS_OPTIONS, ...options };
    const { pollMs, graceMs, queueMs, outageWaitMs, mirrorWaitsMs: waitsMs } = this.options;
    this.#doing = { signal: this.#stopping.signal, log, outageWaitMs };
    this.prices = new Prices(hub, now, log);
    this.manifests = new ManifestReader(backend);
    this.reservations = new Reservations((id) => isOnBoard(board, id), now);
    this.#watcher = new Watcher({ pollMs, graceMs, queueMs, now, log });
    this.#mirror = new Mirror(backend, { ...this.#doing, waitsMs, logLines: 2000 });
    this.#progress = new ProgressReader({ hub, now, log, keptMs: Math.min(pollMs, 10_000) });
  }

  /** Takes up what is unfinished. From here on every run that the board shows is driven to its end. */
  start(): void {
    const { board, now, metrics } = this.#backend;
    metrics.gauge("collab_runs_unfinished", "Runs reserved or launched.", () => this.#drivers.size);
    this.#unfollow = board.follow((change) => this.#note(change));
    for (const run of unfinishedRuns(board)) this.#take(run, true);
    for (const run of unmirroredRuns(board, now() - MIRROR_SINCE_MS)) this.#mirror.ended(run);
    if (this.#backend.collab.jobs.enabled) this.#sweep([0]);
  }

  #sweep(waitsMs: readonly number[]): void {
    for (const ms of waitsMs) {
      const look = pause(ms, this.#doing).then(
        () => sweepJobs(this.#backend),
        () => {},
      );
      const done: Promise<void> = look.then(() => {
        this.#driving.delete(done);
      });
      this.#driving.add(done);
    }
  }

  /** Leaves every run where it is; the next start goes on. */
  async stop(): Promise<void> {
    this.abandon();
    const left = Promise.all([...this.#driving, this.#mirror.settled()]);
    await Promise.race([left, new Promise((resolve) => setTimeout(resolve, STOP_WITHIN_MS).unref())]);
  }

  /** As `stop`, at once: for tests of what a restart finds. */
  abandon(): void {
    this.#unfollow();
    this.#stopping.abort();
  }

  /**
   * Reserves a run through `submit`, a write of the record. Resolves when it is durable; throws its refusals,
   * RATE_LIMITED first among them. What the write was may still come: then it is driven like any other.
   */
  async reserve(
    wish: RunWish,
    submit: (prepare: WriteIntent<Run>["prepare"]) => Promise<Run> = (prepare) =>
      this.#backend.record.submit({ prepare }),
  ): Promise<Run> {
    const prepare = prepareRun(this.#backend, this.reservations, wish);
    let wasRefused = false;
    try {
      const run = await submit((stamp, pending): Prepared<Run> => {
        try {
          wasRefused = false;
          return prepare(stamp, pending);
        } catch (error) {
          wasRefused = true;
          throw error;
        }
      });
      this.reservations.release(wish);
      return run;
    } catch (error) {
      if (wasRefused) this.reservations.release(wish);
      else this.reservations.doubt(wish);
      throw error;
    }
  }

  /** The run once its Job is known, or it is known that there is none, or the caller has waited long enough. */
  whenLaunched(run: Run): Promise<Run> {
    const { board } = this.#backend;
    const { signal } = this.#stopping;
    const current = () => findRun(board, run.run_id) ?? run;
    return new Promise((resolve) => {
      const done = () => {
        unfollow();
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve(current());
      };
      const timer = setTimeout(done, this.options.answerWithinMs);
      const unfollow = board.follow(() => {
        if (current().status !== "reserved") done();
      });
      signal.addEventListener("abort", done);
      if (current().status !== "reserved" || signal.aborted) done();
    });
  }

  /** Asks for the end of a run that is not over. Throws `HubError`, or 503 where another backend has it. */
  async cancel(runId: string): Promise<void> {
    const driver = this.#drivers.get(runId);
    if (driver !== undefined) return driver.cancel();
    throw new ApiError("NOT_READY", "This backend does not carry out that run at the moment.", {
      retryAfterSeconds: 10,
    });
  }

  /** `null` for a run that is over, or that another backend drives. */
  async live(run: Run): Promise<LiveState | null> {
    const driver = this.#drivers.get(run.run_id);
    if (driver === undefined || isRunOver(run)) return null;
    return this.#progress.live(run, driver.stage);
  }

  startVerification(request: VerificationRequest): Promise<Run> {
    const key = `${request.result}\0${request.n}`;
    let starting = this.#verifying.get(key);
    if (starting === undefined) {
      starting = this.#startVerification(request).finally(() => this.#verifying.delete(key));
      this.#verifying.set(key, starting);
    }
    return starting;
  }

  async #startVerification({ result, owner, submission: place, n }: VerificationRequest): Promise<Run> {
    const { board, collab, hub, names } = this.#backend;
    const { jobs, verification } = collab;
    const state = { bucket: names.auditBucket, prefix: `verification_runs/${result}/${n}` };
    const existing = verificationRuns(board, result).find((run) => stateFolder(run) === state.prefix);
    if (existing !== undefined) return existing;
    if (!jobs.enabled || verification.mode !== "jobs") {
      throw new ApiError("JOBS_DISABLED", "This collab does not verify by Jobs.");
    }
    if (collab.collab.status === "paused" || collab.collab.status === "closed") {
      throw new ApiError("COLLAB_CLOSED", `This collab is ${collab.collab.status}: no runs begin.`);
    }
    const limits = { maxFiles: jobs.submission_files, maxBytes: jobs.submission_bytes };
    const submission = await listSubmission(hub, place, limits);
    const copies = await snapshotCopies(hub, names.centralBucket, submission);
    const plan = lanePlan(collab, "full");
    const { runs_per_day: perDay } = verification;
    return this.reserve({
      kind: "verification",
      lane: "full",
      agentId: owner.agentId,
      hfUser: owner.hfUser,
      result,
      submission,
      copies,
      runPrefix: null,
      state: () => state,
      namespace: verificationNamespace(collab),
      hardware: plan.hardware,
      dollarsPerHour: await this.prices.perHour(plan.hardware),
      timeoutMinutes: plan.timeoutMinutes,
      refusal: (charges, wish) => verificationRefusal(charges, wish, { perDay, budget: jobs.budget_per_day }),
      audit: (run) => ({
        agent_id: null,
        route: "verification",
        via: "job",
        source: null,
        status_code: 202,
        run_id: run.run_id,
        result,
      }),
    });
  }

  verificationCapacity(): VerificationCapacity {
    const { collab, now } = this.#backend;
    const { verification } = collab;
    if (verification.mode !== "jobs") return { per_day: 0, left: 0, retry_after_seconds: null };
    const { runs_per_day: perDay } = verification;
    const at = now();
    const charges = this.charges();
    const used = charges.filter(
      ({ kind, charged, at: began }) => kind === "verification" && charged && began > at - WINDOW_MS,
    );
    const refusal = verificationRefusal(charges, { at, dollars: 0 }, { perDay, budget: null });
    return {
      per_day: perDay,
      left: refusal === null ? Math.max(0, perDay - used.length) : 0,
      retry_after_seconds: refusal?.retryAfterSeconds ?? null,
    };
  }

  onOver(listener: (run: Run) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  medianMinutes(of: Pick<Run, "kind" | "lane">): number | null {
    const minutes = recentlyCompleted(this.#backend.board, of, MEDIAN_OF)
      .flatMap(({ created_at, finished_at }) =>
        finished_at === null ? [] : [(Date.parse(finished_at) - Date.parse(created_at)) / 60_000],
      )
      .toSorted((a, b) => a - b);
    const median = minutes[Math.floor((minutes.length - 1) / 2)];
    return median === undefined ? null : Math.round(median * 10) / 10;
  }

  /** What counts at this moment. */
  charges(): Charge[] {
    return chargesNow(this.#backend, this.reservations, this.#backend.now());
  }

  #note({ group, found }: BoardChange): void {
    const paths = group?.entries.flatMap(({ changes }) => changes.map(({ path }) => path)) ?? [];
    for (const path of paths) this.#noticed(path, false);
    // Not written by us: another backend may have gone on with it.
    for (const path of found?.paths ?? []) this.#noticed(path, true);
  }

  #noticed(path: string, isAdopted: boolean): void {
    const id = RUN_PATH.exec(path)?.[1];
    if (id === undefined || this.#drivers.has(id)) return;
    const run = findRun(this.#backend.board, id);
    if (run !== undefined && !isRunOver(run)) this.#take(run, isAdopted);
  }

  #take(run: Run, isAdopted: boolean): void {
    if (this.#stopping.signal.aborted) return;
    const driving = this.#drive(run, isAdopted).finally(() => this.#driving.delete(driving));
    this.#driving.add(driving);
  }

  /** Never rejects. */
  async #drive(run: Run, isAdopted: boolean): Promise<void> {
    const { log } = this.#backend;
    for (let attempt = 1; ; attempt += 1) {
      const known = findRun(this.#backend.board, run.run_id) ?? run;
      const driver = new RunDriver(known, this.#driverOptions(isAdopted || attempt > 1));
      this.#drivers.set(run.run_id, driver);
      try {
        const ended = attempt > DRIVE_TRIES ? await driver.giveUp() : await driver.drive();
        this.#drivers.delete(run.run_id);
        return this.#ended(ended);
      } catch (error) {
        if (error instanceof StoppedError) return;
        log("error", "driving a run failed", { run: run.run_id, attempt, error: errorFields(error) });
      }
      try {
        await pause(this.options.outageWaitMs * attempt, this.#doing);
      } catch {
        return;
      }
    }
  }

  #driverOptions(isAdopted: boolean): ConstructorParameters<typeof RunDriver>[1] {
    return {
      ...this.options,
      ...this.#doing,
      backend: this.#backend,
      watcher: this.#watcher,
      isAdopted,
      mayRetry: (next, known) => this.#mayRetry(next, known),
      onLaunched: (run) => this.#mirror.launched(run),
      onDoubt: () => this.#sweep(this.options.sweepWaitsMs),
    };
  }

  /** Called where the file is written, in one turn with the reservation of what another attempt may cost. */
  #mayRetry(next: Run, known: Run): boolean {
    const { collab, now } = this.#backend;
    const { status } = collab.collab;
    this.reservations.release(known);
    if (!collab.jobs.enabled || status === "paused" || status === "closed") return false;
    const at = now();
    const dollars = Math.max(0, next.reserved_dollars - known.reserved_dollars);
    const charges = chargesNow(this.#backend, this.reservations, at, known);
    if (budgetRefusal(charges, dollars, collab.jobs.budget_per_day, at) !== null) return false;
    const { lane, agent_id: agentId, hf_user: hfUser } = next;
    const contentHash = next.submission.content_hash;
    const charge: Charge = { at, kind: "extra", lane, agentId, hfUser, contentHash, charged: false, dollars };
    this.reservations.take(known, `${next.run_id}#${next.attempts.length}`, charge);
    return true;
  }

  #ended(run: Run): void {
    const { metrics, log } = this.#backend;
    const { kind, lane, failure } = run;
    const outcome = failure?.kind ?? "completed";
    metrics.add("collab_runs_total", "Runs that are over.", { kind, lane, outcome });
    metrics.add(
      "collab_run_dollars_total",
      "What they cost, in US dollars.",
      { kind, lane },
      run.cost_dollars ?? 0,
    );
    log("info", "run over", {
      run: run.run_id,
      outcome,
      reason: failure?.reason_code,
      dollars: run.cost_dollars,
    });
    this.#progress.forget(run.run_id);
    this.#mirror.ended(run);
    for (const listener of this.#listeners) {
      try {
        listener(run);
      } catch (error) {
        log("error", "a listener of runs failed", { run: run.run_id, error: errorFields(error) });
      }
    }
  }
}

/** `{run_id}`, or `{run_id}#{n}` for the dollars of its attempt n. */
function isOnBoard(board: Backend["board"], reserved: string): boolean {
  const [id = "", attempt = "1"] = reserved.split("#");
  const run = findRun(board, id);
  return run !== undefined && run.attempts.length >= Number(attempt);
}

/** Of the first attempt: a later one has a number behind it. */
function stateFolder({ state, attempts }: Run): string {
  return attempts.length > 1 ? state.prefix.replace(/\.\d+$/, "") : state.prefix;
}
