/** Makes requests fail as the rules in force want it. */
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { MiddlewareHandler } from "hono";
import { HubHttpError } from "../errors.ts";
import type { HubEnv, HubRequest } from "../router.ts";
import { endsRequest, type FaultRules } from "./fault-rules.ts";
import type { FaultRule } from "./rule.ts";

const DEFAULT_DELAY_MS = 1_000;
/** Enough for a client to begin reading, too little for any JSON document of the Hub. */
const DEFAULT_TRUNCATION_BYTES = 10;

/** Install after whatever sets `user`, before any route. */
export function injectFaults(rules: FaultRules): MiddlewareHandler<HubEnv> {
  return async (c, next) => {
    const taken = rules.take({ method: c.req.method, path: c.req.path, user: c.get("user") });
    for (const rule of taken) {
      if (rule.kind === "delay") await pause(rule.delayMs ?? DEFAULT_DELAY_MS, c.req.raw.signal);
    }
    const fault = taken.find((rule) => endsRequest(rule.kind));
    switch (fault?.kind) {
      case "status":
        throw statusFault(fault, fault.status ?? 503);
      case "xet_token_expired":
        throw statusFault(fault, fault.status ?? 401);
      case "reset":
        cutConnection(c);
        return;
      case "truncate":
        await next();
        await sendPart(c, fault.afterBytes ?? DEFAULT_TRUNCATION_BYTES);
        return;
      case "lost":
        await next();
        await c.res.body?.cancel();
        if (fault.cut) {
          cutConnection(c);
          return;
        }
        // It would be put on the error, whose client would then wait for the rest.
        c.res.headers.delete("content-length");
        throw statusFault(fault, fault.status ?? 500);
      default:
        return next();
    }
  };
}

function statusFault(rule: FaultRule, status: number): HubHttpError {
  const headers: Record<string, string> = {};
  const waits = status === 429 || status === 503;
  const seconds = rule.retryAfterSeconds ?? (waits ? 1 : undefined);
  if (seconds !== undefined) headers["Retry-After"] = String(seconds);
  if (status === 429) headers.RateLimit = `"api";r=0;t=${seconds}`;
  return new HubHttpError(status, rule.message ?? `Injected fault: ${status}`, { headers });
}

function cutConnection(c: HubRequest): void {
  c.env.incoming.socket.resetAndDestroy();
  c.res = RESPONSE_ALREADY_SENT;
}

/** Sends the head of the response as it is and no more of its body than `bytes`, then cuts the connection. */
async function sendPart(c: HubRequest, bytes: number): Promise<void> {
  const { outgoing } = c.env;
  const response = c.res;
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  let left = bytes;
  for await (const chunk of response.body ?? []) {
    outgoing.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  await new Promise<void>((resolve) => outgoing.write("", () => resolve()));
  outgoing.socket?.destroySoon();
  c.res = RESPONSE_ALREADY_SENT;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
