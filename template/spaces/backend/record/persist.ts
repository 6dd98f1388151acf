/** Doing a Hub call until it is done: the client has already retried, this waits out longer outages. */
import { HubError } from "../../../hub/errors.ts";

export interface Persistence {
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  log(line: string): void;
  /** First wait, doubled up to `longestWaitMs`; an asked wait of the Hub is honoured. */
  firstWaitMs: number;
  longestWaitMs: number;
}

/**
 * Repeats `work` after transient failures until it succeeds, `signal` aborts (then the last error is thrown)
 * or it fails for good.
 */
export async function persist<T>(
  what: string,
  work: () => Promise<T>,
  signal: AbortSignal,
  { sleep, log, firstWaitMs, longestWaitMs }: Persistence,
): Promise<T> {
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || signal.aborted) throw error;
      const asked = error instanceof HubError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
      const pause = Math.max(wait, asked);
      log(`${what} failed, again in ${Math.round(pause / 100) / 10} s: ${messageOf(error)}`);
      await sleep(pause, signal);
      if (signal.aborted) throw error;
    }
  }
}

export function isTransient(error: unknown): boolean {
  return error instanceof HubError && error.isTransient;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Resolves early when `signal` aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
