/** How long to wait before a request is tried again, and waiting. */
import type { HubClientOptions } from "./types.ts";

const BASE_MS = 500;
const LONGEST_BACKOFF_MS = 8_000;
/** The Hub counts in windows of 5 minutes: waiting longer than one never helps. */
const LONGEST_ASKED_MS = 300_000;

/**
 * Seconds that an answer asks to wait: `Retry-After` (seconds or a date), else `t` of the Hub's
 * `RateLimit: "api";r=0;t=55` (hub-docs: rate-limits). `undefined` if it does not say.
 */
export function askedWaitSeconds(headers: Headers, now: number): number | undefined {
  const retryAfter = headers.get("retry-after");
  if (retryAfter !== null) {
    const seconds = /^\d+$/.test(retryAfter.trim())
      ? Number(retryAfter)
      : (Date.parse(retryAfter) - now) / 1000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds);
  }
  // Every answer tells when the window ends; that is a reason to wait only when nothing is left in it.
  const limit = headers.get("ratelimit") ?? "";
  const reset = /(?:^|;)\s*t=(\d+)/.exec(limit);
  return reset && /(?:^|;)\s*r=0(?:;|$)/.test(limit) ? Number(reset[1]) : undefined;
}

/**
 * Milliseconds before attempt `attempt + 1`. With jitter, so that clients which failed together do not
 * come back together; an asked wait is a minimum, never shortened by jitter.
 */
export function backoffMs(attempt: number, askedSeconds: number | undefined, random = Math.random): number {
  const exponential = Math.min(BASE_MS * 2 ** (attempt - 1), LONGEST_BACKOFF_MS);
  if (askedSeconds === undefined) return exponential * (0.5 + random() / 2);
  return Math.min(askedSeconds * 1000, LONGEST_ASKED_MS) + random() * BASE_MS;
}

/** The client's way to wait. Rejects as soon as its signal is aborted. */
export function sleeper({ sleep, signal }: HubClientOptions): (ms: number) => Promise<void> {
  if (sleep) return sleep;
  return (ms) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    });
}
