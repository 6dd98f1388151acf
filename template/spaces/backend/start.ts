/** Starts the backend: listens at once, restores the record, and answers when it is there. */
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { createHub } from "../../hub/client.ts";
import type { Hub } from "../../hub/types.ts";
import { createAccess } from "./access/access.ts";
import { isBucketPrivate } from "./access-gate.ts";
import { createApp } from "./app.ts";
import { Backend } from "./backend.ts";
import { Board } from "./board/board.ts";
import type { Config } from "./config.ts";
import { LiveCollab } from "./live-collab.ts";
import { errorFields, type Log, silentLog } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { createRecord, type RecordLimits, type StartedRecord } from "./record/record.ts";
import { followDashboardOrigin } from "./upkeep/dashboard-origins.ts";
import { LeaderboardWriter } from "./upkeep/leaderboard-writer.ts";
import { COLLAB_FILE, reloadCollab } from "./upkeep/reload.ts";

export interface StartOptions {
  config: Config;
  log?: Log;
  now?: () => number;
  /** Of the record: shorter waits in tests. */
  recordLimits?: Partial<RecordLimits>;
  hub?: Hub;
  /** How long changes of the ranking gather before `leaderboard/` is written. */
  leaderboardDelayMs?: number;
}

export interface RunningBackend {
  url: string;
  port: number;
  backend: Backend;
  /** Resolves when requests are answered; rejects if the record cannot be restored. */
  ready: Promise<void>;
  /** Finishes the writes that were taken, then stops. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Requests that are still answered after the stop began get this long. */
const DRAIN_MS = 5_000;
const LEADERBOARD_DELAY_MS = 15_000;

export async function startBackend(options: StartOptions): Promise<RunningBackend> {
  const { config, log = silentLog, now = Date.now } = options;
  const metrics = new Metrics();
  const hub =
    options.hub ??
    createHub({
      endpoint: config.hubEndpoint,
      token: config.hubToken,
      onCall: ({ kind, status }) =>
        metrics.add("collab_hub_calls_total", "Requests to the Hub and its storage.", {
          kind,
          status: String(status),
        }),
    });
  const live = new LiveCollab(config.collab);
  const { names } = live;
  // Rebuilt at every start, so it may lie where nothing lasts; in files, so that a long history costs no memory.
  const scratch = mkdtempSync(join(tmpdir(), "collab-backend-"));
  const board = new Board({ file: join(scratch, "board.sqlite"), scoring: config.collab.scoring });
  const record: StartedRecord = createRecord({
    hub,
    centralBucket: names.centralBucket,
    auditBucket: names.auditBucket,
    board,
    now,
    memoryFile: join(scratch, "record.sqlite"),
    log: (line) => log("info", line),
    ...(options.recordLimits ? { limits: options.recordLimits } : {}),
  });
  const access = createAccess({ hub, board, record, collab: () => live.current, now });
  const backend: Backend = new Backend({ config, live, hub, board, record, access, now, log, metrics });
  watchMetrics(backend);
  const server = createAdaptorServer({ fetch: createApp(backend).fetch }) as Server;
  const stopping = new AbortController();
  let closing: Promise<void> | undefined;
  let leaderboards: LeaderboardWriter | undefined;
  record.watch(COLLAB_FILE, (text) => {
    if (text !== null) reloadCollab(text, live, board, log);
  });

  let unfollowOrigin = () => {};
  const close = async () => {
    backend.readiness.status = "stopping";
    backend.readiness.canRead = false;
    stopping.abort();
    backend.streams.close();
    backend.events.close();
    unfollowOrigin();
    await leaderboards?.stop();
    await record
      .close()
      .catch((error) => log("error", "closing the record failed", { error: errorFields(error) }));
    await closeServer(server);
    board.close();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    await listen(server, config);
  } catch (error) {
    board.close();
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  unfollowOrigin = followDashboardOrigin(backend);
  log("info", "listening", { port, collab: config.collab.collab.slug, version: config.deployment?.version });

  const restore = () =>
    record.start({
      signal: stopping.signal,
      onLoaded: () => {
        backend.events.begin();
        backend.readiness.canRead = true;
        backend.readiness.missing = ["write lease"];
      },
    });
  const ready = isBucketPrivate(hub.bucket(names.centralBucket), stopping.signal, log)
    .then((isPrivate) => {
      backend.isPrivate = isPrivate;
      return restore();
    })
    .then(() => {
      if (stopping.signal.aborted) return;
      backend.readiness.status = "ready";
      backend.readiness.canRead = true;
      backend.readiness.missing = [];
      leaderboards = new LeaderboardWriter(backend, options.leaderboardDelayMs ?? LEADERBOARD_DELAY_MS);
      log("info", "ready", { board_version: board.version });
    });
  // Whoever waits for `ready` sees the failure; nobody has to.
  ready.catch(() => {});
  const stop = () => {
    closing ??= close();
    return closing;
  };
  return { url: `http://127.0.0.1:${port}`, port, backend, ready, close: stop, [Symbol.asyncDispose]: stop };
}

function listen(server: Server, { port, host }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Ends idle connections at once and busy ones when they are done, or after `DRAIN_MS`. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function watchMetrics({ metrics, board, record, streams }: Backend): void {
  metrics.gauge("collab_write_queue", "Writes waiting for their group.", () => record.queueLength);
  metrics.gauge("collab_board_version", "Rises with every change of the board.", () => board.version);
  metrics.gauge(
    "collab_journal_seq",
    "Number of the last commit group on the board.",
    () => board.journalSeq,
  );
  metrics.gauge("collab_event_streams", "Connections that follow events.", () => streams.count());
  metrics.gauge("collab_documents", "Documents on the board, copies included.", () => board.documentCount());
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  board.follow(({ group }) => {
    if (!group) return;
    metrics.add("collab_commit_groups_total", "Commit groups applied.", {});
    metrics.add("collab_commit_entries_total", "Writes in them.", {}, group.entries.length);
  });
}
