/** Session tokens: what a dashboard holds instead of a Hub token. Good on this backend only. */
import { createHash, randomBytes } from "node:crypto";

const PREFIX = "acs_";
const FORM = /^acs_[A-Za-z0-9_-]{43}$/;

export function newSessionToken(): string {
  return PREFIX + randomBytes(32).toString("base64url");
}

/** Has the form of a session token, so it is never sent to the Hub. */
export function looksLikeSessionToken(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** SHA-256, hex, under which the session is kept; `null` for what cannot be one. */
export function sessionId(token: string): string | null {
  return FORM.test(token) ? createHash("sha256").update(token).digest("hex") : null;
}
