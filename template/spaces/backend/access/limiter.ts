/** Token buckets (api-v1.md 1.9): full at first sight, refilled continuously, forgotten with the process. */
import type { Limits } from "../../../schema/collab.ts";
import { ApiError } from "../errors.ts";
import { BoundedMap } from "./bounded-map.ts";

export interface BucketRate {
  capacity: number;
  /** Tokens per minute. */
  perMinute: number;
}

interface BucketState {
  tokens: number;
  /** Milliseconds, when `tokens` was true. */
  at: number;
}

/** An allowance as `GET /v1/limits` shows it. */
export interface Allowance {
  /** At once, after a rest. */
  limit: number;
  remaining: number;
  /** How fast it comes back. */
  per_minute: number;
  /** 0 unless `remaining` is 0. */
  wait_seconds: number;
}

/** Keys remembered at most; a forgotten one starts full again, which only a flood of keys can bring about. */
const MAX_KEYS = 50_000;

/** One allowance, of one or several buckets that must all grant. */
export class RateLimiter {
  readonly #what: string;
  readonly #rates: readonly BucketRate[];
  readonly #now: () => number;
  readonly #states = new BoundedMap<string, BucketState[]>(MAX_KEYS);

  /** `what` completes "Too many …": "messages of agent", "requests from". */
  constructor(what: string, rates: readonly BucketRate[], now: () => number) {
    this.#what = what;
    this.#rates = rates;
    this.#now = now;
  }

  /** Spends one token, or throws 429 RATE_LIMITED and spends none. */
  take(key: string): void {
    const seconds = this.tryTake(key);
    if (seconds > 0) throw this.#refusal(key, seconds);
  }

  /** 0 if a token was spent, else the whole seconds to wait. */
  tryTake(key: string): number {
    const states = this.#refilled(key, this.#now());
    const wait = this.#waitSeconds(states);
    if (wait === 0) for (const state of states) state.tokens -= 1;
    this.#states.set(key, states);
    return wait;
  }

  /** As `take` would, but spends nothing. */
  requireLeft(key: string): void {
    const { wait_seconds: seconds } = this.left(key);
    if (seconds > 0) throw this.#refusal(key, seconds);
  }

  /** Where a key stands: how many it may still spend at once, and how long to wait if that is none. */
  left(key: string): Allowance {
    const states = this.#refilled(key, this.#now());
    return {
      limit: Math.min(...this.#rates.map(({ capacity }) => capacity)),
      remaining: Math.max(0, Math.floor(Math.min(...states.map(({ tokens }) => tokens)))),
      per_minute: Math.min(...this.#rates.map(({ perMinute }) => perMinute)),
      wait_seconds: this.#waitSeconds(states),
    };
  }

  #waitSeconds(states: readonly BucketState[]): number {
    let wait = 0;
    for (const [index, state] of states.entries()) {
      const perSecond = (this.#rates[index]?.perMinute ?? 1) / 60;
      if (state.tokens < 1) wait = Math.max(wait, 1, Math.floor((1 - state.tokens) / perSecond) + 1);
    }
    return wait;
  }

  #refusal(key: string, seconds: number): ApiError {
    return new ApiError("RATE_LIMITED", `Too many ${this.#what} ${key}. Try again in ${seconds} s.`, {
      hint: "GET /v1/limits shows every allowance and what is left of it.",
      retryAfterSeconds: seconds,
    });
  }

  #refilled(key: string, now: number): BucketState[] {
    const known = this.#states.get(key);
    return this.#rates.map(({ capacity, perMinute }, index) => {
      const state = known?.[index];
      if (!state) return { tokens: capacity, at: now };
      const passed = Math.max(0, now - state.at) / 60_000;
      return { tokens: Math.min(capacity, state.tokens + passed * perMinute), at: now };
    });
  }
}

/** The allowances of `board.limits`. Routes that share one are listed in api-v1.md 1.9. */
export interface Limiters {
  /** By the `agent_id` of the body. */
  registration: RateLimiter;
  /** By the scratch bucket's name without its organisation; runs and their results count too. */
  bucketWrites: RateLimiter;
  /** By agent id or human handle. */
  rawPosts: RateLimiter;
  /** By Hugging Face user: many agents of one owner are still one owner. */
  userWrites: RateLimiter;
}

export function createLimiters(limits: Limits, now: () => number): Limiters {
  const steady = (perMinute: number): BucketRate => ({ capacity: perMinute, perMinute });
  return {
    registration: new RateLimiter("registrations of", [steady(limits.registrations_per_minute)], now),
    bucketWrites: new RateLimiter(
      "promotions from",
      [steady(limits.bucket_writes_burst), steady(limits.bucket_writes_per_minute)],
      now,
    ),
    userWrites: new RateLimiter("writes of", [steady(limits.user_writes_per_minute)], now),
    rawPosts: new RateLimiter(
      "posts of",
      [
        steady(limits.raw_messages_per_minute),
        {
          capacity: limits.raw_messages_per_hour,
          perMinute: Math.max(1, Math.floor(limits.raw_messages_per_hour / 60)),
        },
      ],
      now,
    ),
  };
}
