/** Small helpers for tests that speak HTTP to a local hub. */
import type { LocalHub } from "../../wizard/local-hub/server.ts";

export interface Call extends Omit<RequestInit, "body"> {
  /** A seeded user; their token is sent. */
  as?: string;
  /** Sent as it is, in place of a user's token. */
  token?: string;
  json?: unknown;
  body?: BodyInit;
}

/** One request to `path` of the hub. */
export function call(hub: LocalHub, path: string, options: Call = {}): Promise<Response> {
  const { as, token = as && `hf_local_${as}`, json, ...init } = options;
  const headers = new Headers(init.headers);
  if (token) headers.set("authorization", `Bearer ${token}`);
  if (json !== undefined) headers.set("content-type", "application/json");
  return fetch(hub.url + path, {
    ...init,
    headers,
    body: json === undefined ? init.body : JSON.stringify(json),
  });
}
