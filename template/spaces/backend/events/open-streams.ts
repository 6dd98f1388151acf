/** How many connections wait for events: bounded in all and per address, and all ended when the backend stops. */
import type { Allowance } from "../access/limiter.ts";
import { ApiError } from "../errors.ts";

const MAX_OPEN = 2_000;
const MAX_PER_ADDRESS = 50;
const RETRY_SECONDS = 30;

export class OpenStreams {
  readonly #byAddress = new Map<string, number>();
  readonly #closing = new AbortController();
  #open = 0;

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  count(): number {
    return this.#open;
  }

  /** Takes a place; the answer gives it back. Throws 429 or 503. */
  open(address: string): () => void {
    if (this.#open >= MAX_OPEN) {
      throw new ApiError("OVERLOADED", "Too many connections follow this collab.", {
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    const mine = this.#byAddress.get(address) ?? 0;
    if (mine >= MAX_PER_ADDRESS) {
      throw new ApiError(
        "RATE_LIMITED",
        `More than ${MAX_PER_ADDRESS} connections from one address. Try again in ${RETRY_SECONDS} s.`,
        {
          retryAfterSeconds: RETRY_SECONDS,
        },
      );
    }
    this.#byAddress.set(address, mine + 1);
    this.#open += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#open -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }

  /** Connections an address may still open; they come back when one ends. */
  left(address: string): Allowance {
    const remaining = Math.max(0, MAX_PER_ADDRESS - (this.#byAddress.get(address) ?? 0));
    return {
      limit: MAX_PER_ADDRESS,
      remaining,
      per_minute: 0,
      wait_seconds: remaining > 0 ? 0 : RETRY_SECONDS,
    };
  }

  close(): void {
    this.#closing.abort();
  }
}
