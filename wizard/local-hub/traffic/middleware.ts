/** Notes every request once its answer is on its way, or its connection gone. */
import type { Socket } from "node:net";
import type { MiddlewareHandler } from "hono";
import type { HubEnv, HubRequest } from "../router.ts";
import { maskCredentials } from "./mask.ts";
import type { RequestLog, RequestRecord } from "./request-log.ts";

/** Bytes of a connection that belong to requests noted before. */
const counted = new WeakMap<Socket, { read: number; written: number }>();

export function noteTraffic(log: RequestLog, now: () => number): MiddlewareHandler<HubEnv> {
  return async (c, next) => {
    const { incoming, outgoing } = c.env;
    const { socket } = incoming;
    const startedAt = performance.now();
    const time = new Date(now()).toISOString();
    const before = counted.get(socket) ?? { read: 0, written: 0 };
    outgoing.once("close", () => {
      const { bytesRead: read, bytesWritten: written } = socket;
      counted.set(socket, { read, written });
      log.add({
        time,
        method: c.req.method,
        path: maskCredentials(incoming.url ?? c.req.path),
        status: outgoing.statusCode,
        kind: kindOf(c),
        user: c.get("user"),
        userAgent: maskCredentials(c.req.header("user-agent") ?? "").slice(0, 200),
        requestId: c.get("requestId"),
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
        bytesIn: read - before.read,
        bytesOut: written - before.written,
      });
    });
    await next();
  };
}

function kindOf(c: HubRequest): RequestRecord["kind"] {
  if (c.req.path.startsWith("/_emulator/")) return "own";
  return c.req.path.startsWith("/xet/") ? "cas" : "hub";
}
