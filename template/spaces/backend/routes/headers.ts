/** Headers that every answer carries: security, CORS, request id. */
import type { Backend } from "../backend.ts";

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "strict-origin-when-cross-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
  "cross-origin-resource-policy": "cross-origin",
};
/** For answers that are no page: nothing in them may load or run anything. */
const DATA_CSP = "default-src 'none'; frame-ancestors 'none'; sandbox";
const PREFLIGHT_SECONDS = 7200;
const EXPOSED = "ETag, Retry-After, Link, X-Request-Id, Idempotency-Replayed";

/** What every public answer that is no page carries, for those who ask from anywhere. */
export const PUBLIC_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY_HEADERS,
  "content-security-policy": DATA_CSP,
  "access-control-allow-origin": "*",
  "access-control-expose-headers": EXPOSED,
};

export function setCommonHeaders(headers: Headers, requestId: string): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", DATA_CSP);
  headers.set("x-request-id", requestId);
}

/** Origins that may send a token: the dashboard's own and those of the configuration, compared exactly. */
export function isTrustedOrigin(backend: Backend, origin: string): boolean {
  return backend.config.allowedOrigins.includes(origin) || backend.dashboardOrigins.has(origin);
}

/** Any page may read what is public, without credentials; only trusted origins may send a token. */
export function setCorsHeaders(headers: Headers, backend: Backend, origin: string | undefined): void {
  headers.append("vary", "Origin");
  if (origin !== undefined && isTrustedOrigin(backend, origin)) {
    headers.set("access-control-allow-origin", origin);
  } else {
    headers.set("access-control-allow-origin", "*");
  }
  headers.set("access-control-expose-headers", EXPOSED);
}

export function preflight(backend: Backend, origin: string | undefined): Response {
  const headers = new Headers({ "access-control-max-age": String(PREFLIGHT_SECONDS) });
  if (origin !== undefined && isTrustedOrigin(backend, origin)) {
    headers.set("access-control-allow-methods", "GET, HEAD, POST, PATCH, DELETE");
    headers.set(
      "access-control-allow-headers",
      "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
    );
  } else {
    headers.set("access-control-allow-methods", "GET, HEAD");
    headers.set("access-control-allow-headers", "Last-Event-ID");
  }
  return new Response(null, { status: 204, headers });
}
