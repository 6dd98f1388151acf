/** The Hub's fixed windows of five minutes, and the headers that tell about them (hub-wire.md 8). */
import { z } from "zod";
import { badRequest } from "./errors.ts";
import type { HubRouter } from "./router.ts";

export type RateClass = "api" | "resolvers" | "pages";
/** Requests per user and window. */
export type RateQuotas = Record<RateClass, number>;

/** What the Hub grants by plan (hub-docs: rate-limits, 2026-08). */
export const RATE_PLANS = {
  anonymous: { api: 500, resolvers: 3_000, pages: 100 },
  free: { api: 1_000, resolvers: 5_000, pages: 200 },
  pro: { api: 2_500, resolvers: 12_000, pages: 400 },
  team: { api: 3_000, resolvers: 20_000, pages: 400 },
  enterprise: { api: 6_000, resolvers: 50_000, pages: 600 },
} as const satisfies Record<string, RateQuotas>;
export type RatePlan = keyof typeof RATE_PLANS;
export const RATE_PLAN_NAMES = Object.keys(RATE_PLANS) as RatePlan[];

/** A plan limits its users as the Hub does, and those without a token as it does them; quotas limit everybody. */
export type RateSetting = RatePlan | RateQuotas | null;

const WINDOW_SECONDS = 300;

export interface RateAnswer {
  headers: Record<string, string>;
  /** Seconds to wait, when the request is over the limit. */
  retryAfter: number | null;
}

/** Which quota a path counts against; `null` for what is no Hub request: the CAS and the hub's own routes. */
export function rateClass(path: string): RateClass | null {
  if (path.startsWith("/xet/") || path.startsWith("/_emulator/")) return null;
  if (path.includes("/resolve/")) return "resolvers";
  return path.startsWith("/api/") || path.startsWith("/oauth/") ? "api" : "pages";
}

export class RateLimits {
  /** `null`: count nothing, refuse nothing, still send the headers. */
  setting: RateSetting;
  #window = -1;
  #used = new Map<string, number>();

  constructor(setting: RateSetting) {
    this.setting = setting;
  }

  /** Counts one request of `user` (`null` without a token) at `now` (milliseconds). */
  take(user: string | null, rate: RateClass, now: number): RateAnswer {
    const seconds = Math.floor(now / 1000);
    const left = WINDOW_SECONDS - (seconds % WINDOW_SECONDS);
    const quota = quotasFor(this.setting, user)[rate];
    const used = this.setting === null ? 0 : this.#count(`${rate} ${user ?? ""}`, seconds);
    return {
      headers: {
        RateLimit: `"${rate}";r=${Math.max(0, quota - used)};t=${left}`,
        "RateLimit-Policy": `"fixed window";"${rate}";q=${quota};w=${WINDOW_SECONDS}`,
      },
      retryAfter: used > quota ? left : null,
    };
  }

  #count(client: string, seconds: number): number {
    const window = Math.floor(seconds / WINDOW_SECONDS);
    if (window !== this.#window) this.#used.clear();
    this.#window = window;
    const used = (this.#used.get(client) ?? 0) + 1;
    this.#used.set(client, used);
    return used;
  }
}

function quotasFor(setting: RateSetting, user: string | null): RateQuotas {
  if (setting === null) return RATE_PLANS.team;
  if (typeof setting !== "string") return setting;
  return RATE_PLANS[user === null ? "anonymous" : setting];
}

const quota = z.int().min(0);
const change = z.strictObject({
  limits: z.union([
    z.enum(RATE_PLAN_NAMES),
    z.strictObject({ api: quota, resolvers: quota, pages: quota }),
    z.null(),
  ]),
});

export function rateLimitRoutes(router: HubRouter, limits: RateLimits): void {
  const path = "/_emulator/limits";
  router.add({ method: "GET", path, about: "The rate limits in force, and those of the Hub's plans" }, (c) =>
    c.json({ limits: limits.setting, plans: RATE_PLANS }),
  );
  router.add(
    { method: "POST", path, about: "Limits requests as a plan does, by own quotas, or not at all" },
    async (c) => {
      const body = change.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success) {
        throw badRequest(`Body must be {"limits": one of ${RATE_PLAN_NAMES.join(", ")}, quotas, or null}`);
      }
      limits.setting = body.data.limits;
      return c.json({ limits: limits.setting, plans: RATE_PLANS });
    },
  );
}
