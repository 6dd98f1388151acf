/** What keeps web pages from elsewhere away from a hub that listens on this machine. */
import { isIP } from "node:net";
import { HubHttpError } from "./errors.ts";
import type { HubRequest } from "./router.ts";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** `localhost`, `x.localhost` and loopback addresses; `hostname` as `URL.hostname` gives it. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname) || hostname.endsWith(".localhost");
}

/**
 * Refuses a Host that is not this machine: a page whose name was rebound to 127.0.0.1 would otherwise be of
 * one origin with the hub. A hub that was told to listen elsewhere also takes bare IP addresses.
 */
export function requireKnownHost(
  c: HubRequest,
  options: { exposed: boolean; allowed: readonly string[] },
): void {
  const { hostname } = new URL(c.req.url);
  if (isLoopback(hostname) || options.allowed.includes(hostname)) return;
  if (options.exposed && isIP(hostname.replace(/^\[|\]$/g, ""))) return;
  throw new HubHttpError(
    421,
    `The local hub does not answer for the host ${hostname}; use 127.0.0.1 or localhost`,
  );
}

/** Refuses what a page of another site sends: its origin is not this machine. */
export function requireKnownOrigin(c: HubRequest, allowed: readonly string[]): void {
  const origin = c.req.header("origin");
  if (origin === undefined || isKnownOrigin(origin, allowed)) return;
  throw new HubHttpError(403, "The local hub takes no requests from web pages of other sites");
}

export function isKnownOrigin(origin: string, allowed: readonly string[]): boolean {
  const hostname = URL.parse(origin)?.hostname ?? "";
  return isLoopback(hostname) || allowed.includes(hostname);
}
