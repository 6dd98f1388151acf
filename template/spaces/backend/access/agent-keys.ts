/**
 * Agent keys: the secret an agent signs its writes with. Shown once, at registration; the record keeps only
 * its SHA-256, which is enough since the key has 256 random bits. A new registration replaces the key.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const PREFIX = "ack_";
const FORM = /^ack_[A-Za-z0-9_-]{43}$/;

export function newAgentKey(): string {
  return PREFIX + randomBytes(32).toString("base64url");
}

/** Has the form of an agent key, so it is never sent to the Hub as a token. */
export function looksLikeAgentKey(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** SHA-256, hex. */
export function agentKeyHash(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** In a time that says nothing about how much of it is right. */
export function agentKeyMatches(key: string, sha256: string): boolean {
  if (!FORM.test(key) || !/^[0-9a-f]{64}$/.test(sha256)) return false;
  return timingSafeEqual(Buffer.from(agentKeyHash(key), "hex"), Buffer.from(sha256, "hex"));
}
