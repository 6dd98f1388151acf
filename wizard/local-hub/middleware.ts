/** What every request passes through before it reaches a route, and every error on its way out. */
import { randomUUID } from "node:crypto";
import { HTTPException } from "hono/http-exception";
import { bearerToken } from "./accounts/accounts.ts";
import type { AccountStore } from "./accounts/store.ts";
import type { HubContext } from "./context.ts";
import { HubHttpError } from "./errors.ts";
import type { FaultRules } from "./faults/fault-rules.ts";
import { injectFaults } from "./faults/middleware.ts";
import { isKnownOrigin, requireKnownHost, requireKnownOrigin } from "./guards.ts";
import { type RateLimits, rateClass } from "./rate-limits.ts";
import type { HubRequest, HubRouter } from "./router.ts";
import { noteTraffic } from "./traffic/middleware.ts";
import type { RequestLog } from "./traffic/request-log.ts";
import { asHeader, unsupported } from "./unsupported.ts";
import { HUB_VERSION } from "./version.ts";

export interface MiddlewareOptions {
  hub: HubContext;
  store: AccountStore;
  limits: RateLimits;
  faults: FaultRules;
  log: RequestLog;
  /** Listens on more than the loopback interface. */
  exposed: boolean;
  /** Host names that are answered besides those of the loopback interface. */
  allowedHosts: readonly string[];
}

const CORS_EXPOSED =
  "ETag, Link, X-Error-Code, X-Error-Message, X-Linked-Etag, X-Linked-Size, X-Repo-Commit, X-Request-Id, X-Xet-Hash";

/** Install before any route. */
export function installMiddleware(router: HubRouter, options: MiddlewareOptions): void {
  const { hub, allowedHosts } = options;

  router.app.use("*", async (c, next) => {
    c.set("requestId", randomUUID());
    c.header("X-Request-Id", c.get("requestId"));
    c.header("x-agent-collab-emulator", HUB_VERSION);
    const token = bearerToken(c.req.header("authorization"));
    c.set("user", (token && options.store.findToken(token)?.user) || null);
    return await next();
  });
  router.app.use("*", noteTraffic(options.log, hub.now));
  router.app.use("*", async (c, next) => {
    requireKnownHost(c, { exposed: options.exposed, allowed: allowedHosts });
    requireKnownOrigin(c, allowedHosts);
    allowKnownOrigin(c, allowedHosts);
    if (c.req.method === "OPTIONS") return c.body(null, 204);
    countRequest(c, options);
    return await next();
  });

  router.app.use("*", injectFaults(options.faults));

  router.app.onError((error, c) => answerError(error, c, hub));
  router.app.notFound((c) => unsupported(c, router.routes));
}

/** Pages on this machine (a static Space, the dashboard in development) may read answers. */
function allowKnownOrigin(c: HubRequest, allowedHosts: readonly string[]): void {
  const origin = c.req.header("origin");
  if (origin === undefined || !isKnownOrigin(origin, allowedHosts)) return;
  c.header("Access-Control-Allow-Origin", origin);
  c.header("Vary", "Origin");
  c.header("Access-Control-Expose-Headers", CORS_EXPOSED);
  if (c.req.method !== "OPTIONS") return;
  c.header("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
  c.header("Access-Control-Allow-Headers", c.req.header("access-control-request-headers") ?? "Authorization");
  c.header("Access-Control-Max-Age", "600");
}

function countRequest(c: HubRequest, { hub, limits }: MiddlewareOptions): void {
  const rate = rateClass(c.req.path);
  if (rate === null) return;
  const { headers, retryAfter } = limits.take(c.get("user"), rate, hub.now());
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  if (retryAfter === null) return;
  throw new HubHttpError(429, `Rate limit reached; try again in ${retryAfter} seconds`, {
    headers: { "Retry-After": String(retryAfter) },
  });
}

function answerError(error: Error, c: HubRequest, hub: HubContext): Response {
  if (error instanceof HubHttpError) return send(c, error);
  if (error instanceof HTTPException)
    return send(c, new HubHttpError(error.status, error.message || "Bad request"));
  // A request that outlived its hub: nothing is wrong with either.
  if (!hub.db.isOpen) return send(c, new HubHttpError(503, "The local hub is stopping"));
  hub.log(`error 500 ${c.req.method} ${c.req.path}: ${error.stack ?? error.message}`);
  return send(c, new HubHttpError(500, "Internal error of the local hub; its log says more"));
}

function send(c: HubRequest, error: HubHttpError): Response {
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
  if (error.code) c.header("X-Error-Code", error.code);
  c.header("X-Error-Message", asHeader(error.message));
  return c.json({ error: error.message, ...error.body }, error.status as 400);
}
