/** Everything of a hub but its port: database, accounts, routes, parts. Replaced as a whole by a reset. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createAccounts } from "./accounts/accounts.ts";
import { accountAdminRoutes } from "./accounts/admin-routes.ts";
import { accountRoutes } from "./accounts/routes.ts";
import { type AccountStore, openAccountStore } from "./accounts/store.ts";
import { clockRoutes, createClock } from "./clock.ts";
import type { HubContext, HubPart } from "./context.ts";
import { DATABASE_FILE, instanceIdOf } from "./data-folder.ts";
import { openDatabase } from "./database.ts";
import { FaultRules } from "./faults/fault-rules.ts";
import { faultRoutes } from "./faults/routes.ts";
import { healthRoutes } from "./health.ts";
import { inspectRoutes } from "./inspect/routes.ts";
import { installMiddleware } from "./middleware.ts";
import { oauthRoutes } from "./oauth/routes.ts";
import { PARTS } from "./parts.ts";
import { RateLimits, type RateSetting, rateLimitRoutes } from "./rate-limits.ts";
import { HubRouter } from "./router.ts";
import { type Seed, seedAccounts } from "./seed.ts";
import { guardContainers } from "./spaces/container-guard.ts";
import { removeLeftovers } from "./spaces/docker-engine.ts";
import type { SpaceRunnerKind } from "./spaces/space-process.ts";
import { maskCredentials } from "./traffic/mask.ts";
import { RequestLog } from "./traffic/request-log.ts";
import { trafficRoutes } from "./traffic/routes.ts";

export interface CoreOptions {
  dataDir: string;
  url: string;
  host: string;
  exposed: boolean;
  allowedHosts: readonly string[];
  now: () => number;
  newId: (() => string) | undefined;
  seed: Seed | false;
  rateLimits: RateSetting;
  runner: SpaceRunnerKind;
  log: (line: string) => void;
}

export interface HubCore {
  context: HubContext;
  store: AccountStore;
  router: HubRouter;
  /** Stops the parts, last one first, and closes the database. */
  close(): Promise<void>;
}

/** `more` adds routes that need what the core does not know, such as the reset of itself. */
export async function openCore(options: CoreOptions, more: (core: HubCore) => void): Promise<HubCore> {
  const db = openDatabase(join(options.dataDir, DATABASE_FILE));
  const parts: HubPart[] = [];
  try {
    const clock = createClock(options.now);
    const store = openAccountStore(db);
    const faults = new FaultRules();
    const log = new RequestLog();
    const context: HubContext = {
      db,
      dataDir: options.dataDir,
      instanceId: instanceIdOf(db),
      accounts: createAccounts(store, clock.now),
      faults,
      now: clock.now,
      newId: options.newId ?? (() => randomBytes(12).toString("hex")),
      host: options.host,
      url: () => options.url,
      spaceRunner: options.runner,
      log: (line) => options.log(maskCredentials(line)),
    };
    if (options.seed !== false) seedAccounts(store, options.seed, clock.now());

    const router = new HubRouter();
    const limits = new RateLimits(options.rateLimits);
    const { exposed, allowedHosts } = options;
    installMiddleware(router, { hub: context, store, limits, faults, log, exposed, allowedHosts });
    accountRoutes(router, context, store);
    accountAdminRoutes(router, context, store);
    oauthRoutes(router, context, store);
    clockRoutes(router, clock);
    faultRoutes(router, faults);
    rateLimitRoutes(router, limits);
    trafficRoutes(router, log);
    healthRoutes(router, context);
    if (options.runner === "docker") {
      await removeLeftovers(context.instanceId);
      parts.push(guardContainers(context.instanceId));
    }
    const core: HubCore = { context, store, router, close: () => closeCore(parts, context) };
    more(core);
    for (const install of PARTS) {
      const part = install(router, context);
      if (part) parts.push(part);
    }
    inspectRoutes(router, context, store);
    return core;
  } catch (error) {
    // What failed first is what matters; the rest is only cleared away.
    await closeCore(parts, { db }).catch(() => {});
    throw error;
  }
}

/** An error in one part keeps no other from stopping. */
async function closeCore(parts: readonly HubPart[], { db }: Pick<HubContext, "db">): Promise<void> {
  const errors: unknown[] = [];
  for (const part of parts.toReversed()) {
    await part.close?.().catch((error: unknown) => errors.push(error));
  }
  db.close();
  if (errors.length > 0) throw new AggregateError(errors, "parts of the local hub did not stop cleanly");
}
