/** Starts the backend: listens at once, restores the record, and answers when it is there. */
import { createHub } from "../../hub/client.ts";
import type { Hub, HubClientOptions } from "../../hub/types.ts";
import { selfReported } from "../../schema/collab.ts";
import { createAccess } from "./access/access.ts";
import { isBucketPrivate } from "./access-gate.ts";
import { createApp } from "./app.ts";
import { Backend } from "./backend.ts";
import { Board } from "./board/board.ts";
import { MODERATION_FILE } from "./board/moderation.ts";
import type { Config } from "./config.ts";
import { type HttpServer, listen } from "./http-server.ts";
import { LiveCollab } from "./live-collab.ts";
import { errorFields, type Log, silentLog } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { createRecord, type RecordLimits } from "./record/record.ts";
import { keptAnswers } from "./routes/kept-answers.ts";
import { ReadCache } from "./routes/read-cache.ts";
import type { RunsOptions } from "./runs/options.ts";
import { followDashboard } from "./upkeep/dashboard.ts";
import { LeaderboardWriter } from "./upkeep/leaderboard-writer.ts";
import { sweepSessions } from "./upkeep/old-sessions.ts";
import { COLLAB_FILE, reloadCollab, reloadModeration } from "./upkeep/reload.ts";
import type { VerificationOptions } from "./verification/worker.ts";
import { watchMetrics } from "./watch-metrics.ts";

export interface StartOptions {
  config: Config;
  log?: Log;
  now?: () => number;
  /** Of the record: shorter waits in tests. */
  recordLimits?: Partial<RecordLimits>;
  hub?: Hub;
  /** Of the client of the Hub, where `hub` is not given: fewer attempts in tests. */
  hubClient?: Pick<HubClientOptions, "attempts" | "sleep" | "timeoutMs">;
  /** How long changes of the ranking gather before `leaderboard/` is written. */
  leaderboardDelayMs?: number;
  /** How often files of sessions that are over are deleted. */
  sessionSweepMs?: number;
  /** How soon the Hub is asked again about a dashboard that is not known yet. */
  dashboardAgainMs?: number;
  /** Of runs: shorter waits in tests. */
  runs?: Partial<RunsOptions>;
  /** Of verification: shorter waits in tests. */
  verification?: Partial<VerificationOptions>;
}

export interface RunningBackend {
  url: string;
  port: number;
  backend: Backend;
  /** Resolves when requests are answered; rejects if the record cannot be restored. */
  ready: Promise<void>;
  /** Finishes the writes that were taken, then stops. Safe to call twice. */
  close(): Promise<void>;
  /** Stops without finishing or telling anything, as a crash would: for tests of what a restart finds. */
  abandon(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * SQLite's name for a database of its own in the temporary folder, which goes with the process however that
 * ends. What is in it is rebuilt at every start; as a file it costs no memory.
 */
const TEMPORARY_FILE = "";
const LEADERBOARD_DELAY_MS = 15_000;

export async function startBackend(options: StartOptions): Promise<RunningBackend> {
  const { config, log = silentLog } = options;
  const backend = assemble(options);
  let server: HttpServer;
  try {
    const cache = new ReadCache();
    server = await listen(createApp(backend, cache).fetch, keptAnswers(backend, cache), config);
  } catch (error) {
    backend.board.close();
    throw error;
  }
  log("info", "listening", {
    port: server.port,
    collab: config.collab.collab.slug,
    version: config.deployment?.version,
  });

  const stopping = new AbortController();
  const stopUpkeep = [
    followDashboard(backend, options.dashboardAgainMs),
    sweepSessions(backend, options.sessionSweepMs),
  ];
  let leaderboards: LeaderboardWriter | undefined;
  const ready = restore(backend, stopping.signal).then(() => {
    if (stopping.signal.aborted) return;
    backend.runs.start();
    backend.verification.start();
    leaderboards = new LeaderboardWriter(backend, options.leaderboardDelayMs ?? LEADERBOARD_DELAY_MS);
    log("info", "ready", { board_version: backend.board.version });
  });
  // Whoever waits for `ready` sees the failure; nobody has to.
  ready.catch(() => {});

  const end = async (endRecord: () => Promise<void>) => {
    backend.readiness.status = "stopping";
    backend.readiness.canRead = false;
    stopping.abort();
    backend.streams.close();
    backend.events.close();
    for (const stop of stopUpkeep) stop();
    await endRecord();
    await server.close();
    backend.board.close();
  };
  const close = async () => {
    await leaderboards?.stop();
    await backend.verification.stop();
    await backend.runs.stop();
    await backend.record
      .close()
      .catch((error) => log("error", "closing the record failed", { error: errorFields(error) }));
  };
  const crash = async () => {
    backend.record.abandon();
    await Promise.all([leaderboards?.stop(), backend.verification.stop(), backend.runs.stop()]);
  };
  let ending: Promise<void> | undefined;
  const stop = () => {
    ending ??= end(close);
    return ending;
  };
  const abandon = () => {
    ending ??= end(crash);
    return ending;
  };
  const { port } = server;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    backend,
    ready,
    close: stop,
    abandon,
    [Symbol.asyncDispose]: stop,
  };
}

/** The parts, made and connected; nothing is asked or opened to the outside yet. */
function assemble(options: StartOptions): Backend {
  const { config, log = silentLog, now = Date.now, recordLimits, runs, verification } = options;
  const metrics = new Metrics();
  const hub = options.hub ?? meteredHub(options, metrics);
  const live = new LiveCollab(config.collab);
  const board = new Board({
    file: TEMPORARY_FILE,
    scoring: config.collab.scoring,
    selfReported: selfReported(config.collab),
  });
  const record = createRecord({
    hub,
    centralBucket: live.names.centralBucket,
    auditBucket: live.names.auditBucket,
    board,
    now,
    memoryFile: TEMPORARY_FILE,
    log: (line) => log("info", line),
    ...(recordLimits ? { limits: recordLimits } : {}),
  });
  const access = createAccess({
    hub,
    board,
    record,
    collab: () => live.current,
    now,
    clientIds: () => backend.clientIds(),
  });
  const backend: Backend = new Backend({
    config,
    live,
    hub,
    board,
    record,
    access,
    now,
    log,
    metrics,
    runs,
    verification,
  });
  record.watch(COLLAB_FILE, (text) => {
    if (text !== null) reloadCollab(text, live, board, log);
  });
  record.watch(MODERATION_FILE, (text) => reloadModeration(text, board, log));
  watchMetrics(backend);
  return backend;
}

function meteredHub({ config, hubClient }: StartOptions, metrics: Metrics): Hub {
  return createHub({
    ...hubClient,
    endpoint: config.hubEndpoint,
    token: config.hubToken,
    onCall: ({ kind, status }) =>
      metrics.add("collab_hub_calls_total", "Requests to the Hub and its storage.", {
        kind,
        status: String(status),
      }),
  });
}

/** Fills the board: reads are answered as soon as it is full, writes once this process may write. */
async function restore(backend: Backend, signal: AbortSignal): Promise<void> {
  const { hub, names, log, record, readiness, events } = backend;
  backend.isPrivate = await isBucketPrivate(hub.bucket(names.centralBucket), signal, log);
  await record.start({
    signal,
    onLoaded: () => {
      events.begin();
      readiness.canRead = true;
      readiness.missing = ["write lease"];
    },
  });
  if (signal.aborted) return;
  readiness.status = "ready";
  readiness.missing = [];
}
