/** The local hub as a library: `await using hub = await startLocalHub()`. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import type { HubContext } from "./context.ts";
import { controlRoutes, type HubControl, isControlPath } from "./control.ts";
import { type CoreOptions, type HubCore, openCore } from "./core.ts";
import { claimDataFolder, type DataFolder, emptyDataFolder } from "./data-folder.ts";
import { Gate } from "./gate.ts";
import { listen } from "./listen.ts";
import type { RateSetting } from "./rate-limits.ts";
import type { Seed } from "./seed.ts";
import { listSnapshots, requireSnapshot, restoreSnapshot, takeSnapshot } from "./snapshots.ts";
import { HOST_INSIDE } from "./spaces/docker-arguments.ts";
import { requireDocker } from "./spaces/docker-engine.ts";
import type { SpaceRunnerKind } from "./spaces/space-process.ts";
import { HUB_VERSION } from "./version.ts";

export interface LocalHubOptions {
  /** Where everything is kept. Without it: a temporary folder that is removed on close. */
  dataDir?: string;
  /** 0 (the default) takes a free one. */
  port?: number;
  /** Interface to listen on. Default 127.0.0.1: this machine only. */
  host?: string;
  /** Host names answered besides localhost, such as `host.docker.internal`. */
  allowedHosts?: readonly string[];
  /** The clock, in milliseconds since the epoch. */
  now?: () => number;
  /** Object ids of 24 hex characters. */
  newId?: () => string;
  /** Names of the seeded organisations; `false` begins with no account at all. */
  seed?: Seed | false;
  /** A plan of the Hub, or requests per user and five minutes; without it nothing is limited. */
  rateLimits?: RateSetting;
  /** What runs Docker Spaces: processes of this machine (the default), or its Docker. */
  runner?: SpaceRunnerKind;
  /** Takes lines for a person who follows the hub. */
  log?: (line: string) => void;
}

export interface LocalHub {
  /** `http://127.0.0.1:7878`, no trailing slash: the value for `HF_ENDPOINT`. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Of the present state: a reset makes another. */
  readonly context: HubContext;
  /** Back to the seeded state, as on an empty folder. */
  reset(): Promise<void>;
  /** Stops all parts, frees the port, removes an ephemeral folder. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a hub and resolves once it answers. Throws `HubStartError` for what the caller can mend. */
export async function startLocalHub(options: LocalHubOptions = {}): Promise<LocalHub> {
  if (options.runner === "docker") await requireDocker();
  const folder = claimDataFolder(options.dataDir);
  const gate = new Gate();
  let core: HubCore | undefined;

  const server = createAdaptorServer({
    fetch: (request, env) => {
      const handle = () => (core as HubCore).router.app.fetch(request, env as HttpBindings);
      return isControlPath(new URL(request.url).pathname) && core ? handle() : gate.pass(handle);
    },
    overrideGlobalObjects: false,
    serverOptions: { keepAliveTimeout: 75_000, requestTimeout: 0 },
  }) as Server;

  try {
    const host = options.host ?? "127.0.0.1";
    await listen(server, host, options.port ?? 0);
    const { port } = server.address() as AddressInfo;
    const url = `http://${host.includes(":") ? `[${host}]` : host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
    const coreOptions = makeCoreOptions(options, { dataDir: folder.path, url, host });

    const replace = (prepare: () => Promise<void>) =>
      gate.exclusively(async () => {
        await core?.close();
        await prepare();
        core = await open();
      });
    const control: HubControl = {
      reset: () => replace(() => emptyDataFolder(folder.path)),
      snapshot: (name) =>
        gate.exclusively(() => takeSnapshot(folder.path, (core as HubCore).context.db, name)),
      restore: async (name) => {
        requireSnapshot(folder.path, name);
        await replace(() => restoreSnapshot(folder.path, name));
      },
      snapshots: () => listSnapshots(folder.path),
    };
    const open = () => openCore(coreOptions, ({ router }) => controlRoutes(router, control));
    core = await open();
    gate.open();
    const startedAt = new Date(core.context.now()).toISOString();
    folder.lock.announce({ pid: process.pid, url, startedAt, version: HUB_VERSION });

    const close = once(() => closeAll(server, core, folder));
    return {
      url,
      port,
      dataDir: folder.path,
      get context() {
        return (core as HubCore).context;
      },
      reset: control.reset,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await closeAll(server, core, folder);
    throw error;
  }
}

function makeCoreOptions(
  options: LocalHubOptions,
  { dataDir, url, host }: { dataDir: string; url: string; host: string },
): CoreOptions {
  const runner = options.runner ?? "process";
  return {
    dataDir,
    url,
    host,
    exposed: host !== "127.0.0.1" && host !== "localhost" && host !== "::1",
    allowedHosts: [...(options.allowedHosts ?? []), ...(runner === "docker" ? [HOST_INSIDE] : [])],
    runner,
    now: options.now ?? Date.now,
    newId: options.newId,
    seed: options.seed ?? {},
    rateLimits: options.rateLimits ?? null,
    log: options.log ?? (() => {}),
  };
}

/**
 * Stops the core first, while requests are still answered: a Space that is told to stop writes what it has
 * taken. Then the port, then the folder; whatever fails, the rest is done.
 */
async function closeAll(server: Server, core: HubCore | undefined, folder: DataFolder): Promise<void> {
  try {
    await core?.close();
  } finally {
    const closing = new Promise<void>((resolve) =>
      server.listening ? server.close(() => resolve()) : resolve(),
    );
    server.closeAllConnections();
    await closing;
    await folder.release();
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
