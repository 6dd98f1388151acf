import type { HubRequest } from "./router.ts";

/**
 * Where the caller reached the hub, without a trailing slash: a client that said `localhost` gets
 * `localhost` back, since some clients compare the URLs they get with their endpoint (hub-wire.md 1.3).
 */
export function requestOrigin(c: HubRequest): string {
  return new URL(c.req.url).origin;
}

/** An absolute URL under the caller's origin. `path` starts with a slash. */
export function absoluteUrl(c: HubRequest, path: string): string {
  return requestOrigin(c) + path;
}

/** The `Link` header of a page that has a next one; clients need the space after the semicolon. */
export function nextPageLink(c: HubRequest, cursor: string): string {
  const url = new URL(c.req.url);
  url.searchParams.set("cursor", cursor);
  return `<${url.href}>; rel="next"`;
}
