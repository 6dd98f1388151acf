/** The answer to what the local hub does not do: never an empty 200, always the table of what it does. */
import type { HubRequest, RouteInfo } from "./router.ts";

export function unsupported(c: HubRequest, routes: readonly RouteInfo[]): Response {
  const message = `The local hub does not support ${c.req.method} ${c.req.path}`;
  c.header("X-Error-Message", asHeader(message));
  return c.json({ error: message, supported: supportTable(routes) }, 501);
}

/** One row an operation, in order of path. */
export function supportTable(routes: readonly RouteInfo[]) {
  return routes
    .map(({ method, path, about, support }) => ({ method, path, support: support ?? "full", about }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.method < b.method ? -1 : 1));
}

/** A header takes one line of ASCII. */
export function asHeader(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
