/** The local hub as a library: `await using hub = await startLocalHub()`. */
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createAccounts } from "./accounts/accounts.ts";
import { accountRoutes } from "./accounts/routes.ts";
import { type AccountStore, openAccountStore } from "./accounts/store.ts";
import type { HubContext, HubPart } from "./context.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { listen } from "./listen.ts";
import { installMiddleware } from "./middleware.ts";
import { PARTS } from "./parts.ts";
import { RateLimits, type RateQuotas } from "./rate-limits.ts";
import { HubRouter } from "./router.ts";
import { type Seed, seedAccounts } from "./seed.ts";
import { supportTable } from "./unsupported.ts";
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
  /** Requests per user and five minutes; without it nothing is limited. */
  rateLimits?: RateQuotas;
  /** Takes lines for a person who follows the hub. */
  log?: (line: string) => void;
}

export interface LocalHub {
  /** `http://127.0.0.1:7878`, no trailing slash: the value for `HF_ENDPOINT`. */
  url: string;
  port: number;
  dataDir: string;
  context: HubContext;
  /** Stops all parts, frees the port, removes an ephemeral folder. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a hub and resolves once it answers. Throws `HubStartError` for what the caller can mend. */
export async function startLocalHub(options: LocalHubOptions = {}): Promise<LocalHub> {
  const host = options.host ?? "127.0.0.1";
  const folder = openDataFolder(options.dataDir);
  const parts: HubPart[] = [];
  let server: Server | undefined;
  try {
    const router = new HubRouter();
    let url = "";
    const store = openAccountStore(folder.db);
    const context = makeContext(folder, store, options, () => url);
    if (options.seed !== false) seedAccounts(store, options.seed ?? {}, context.now());

    installMiddleware(router, {
      hub: context,
      store,
      limits: new RateLimits(options.rateLimits ?? null),
      exposed: host !== "127.0.0.1" && host !== "localhost" && host !== "::1",
      allowedHosts: options.allowedHosts ?? [],
    });
    accountRoutes(router, context, store);
    ownRoutes(router, context);

    server = createAdaptorServer({
      fetch: router.app.fetch,
      overrideGlobalObjects: false,
      serverOptions: { keepAliveTimeout: 75_000, requestTimeout: 0 },
    }) as Server;
    await listen(server, host, options.port ?? 0);
    const { port } = server.address() as AddressInfo;
    url = `http://${host.includes(":") ? `[${host}]` : host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
    // Without a pause after the port opened, so that no request comes before the last route.
    for (const install of PARTS) {
      const part = install(router, context);
      if (part) parts.push(part);
    }
    const startedAt = new Date(context.now()).toISOString();
    folder.lock.announce({ pid: process.pid, url, startedAt, version: HUB_VERSION });

    const close = once(() => closeAll(server, parts, folder));
    return { url, port, dataDir: folder.dataDir, context, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await closeAll(server, parts, folder);
    throw error;
  }
}

function makeContext(
  folder: DataFolder,
  store: AccountStore,
  options: LocalHubOptions,
  url: () => string,
): HubContext {
  const now = options.now ?? Date.now;
  return {
    db: folder.db,
    dataDir: folder.dataDir,
    instanceId: folder.instanceId,
    accounts: createAccounts(store, now),
    now,
    newId: options.newId ?? (() => randomBytes(12).toString("hex")),
    url,
    log: options.log ?? (() => {}),
  };
}

function ownRoutes(router: HubRouter, hub: HubContext): void {
  router.add({ method: "GET", path: "/_emulator/health", about: "200 once the hub answers requests" }, (c) =>
    c.json({
      status: "ok",
      version: HUB_VERSION,
      instance: hub.instanceId,
      pid: process.pid,
      data_dir: hub.dataDir,
      time: new Date(hub.now()).toISOString(),
    }),
  );
  router.add({ method: "GET", path: "/_emulator/routes", about: "This table" }, (c) =>
    c.json({ routes: supportTable(router.routes) }),
  );
}

/** Stops taking requests, then the parts in reverse order, then the folder; an error in one stops no other. */
async function closeAll(server: Server | undefined, parts: HubPart[], folder: DataFolder): Promise<void> {
  const closing = new Promise<void>((resolve) =>
    server?.listening ? server.close(() => resolve()) : resolve(),
  );
  const errors: unknown[] = [];
  for (const part of parts.toReversed()) {
    await part.close?.().catch((error: unknown) => errors.push(error));
  }
  server?.closeAllConnections();
  await closing;
  await folder.close();
  if (errors.length > 0) throw new AggregateError(errors, "parts of the local hub did not stop cleanly");
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
