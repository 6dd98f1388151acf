/** The Hub's fixed windows of five minutes, and the headers that tell about them (hub-wire.md 8). */
export type RateClass = "api" | "resolvers" | "pages";

export interface RateQuotas {
  api: number;
  resolvers: number;
  pages: number;
}

/** What the Hub grants a member of a Team organisation; used in headers while no limit is enforced. */
const ADVERTISED: RateQuotas = { api: 3_000, resolvers: 20_000, pages: 400 };
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
  quotas: RateQuotas | null;
  #window = -1;
  #used = new Map<string, number>();

  constructor(quotas: RateQuotas | null) {
    this.quotas = quotas;
  }

  /** Counts one request of `client` (a user, or anonymous) at `now` (milliseconds). */
  take(client: string, rate: RateClass, now: number): RateAnswer {
    const seconds = Math.floor(now / 1000);
    const left = WINDOW_SECONDS - (seconds % WINDOW_SECONDS);
    const quota = (this.quotas ?? ADVERTISED)[rate];
    let remaining = quota;
    let refused = false;
    if (this.quotas) {
      const window = Math.floor(seconds / WINDOW_SECONDS);
      if (window !== this.#window) this.#used.clear();
      this.#window = window;
      const used = (this.#used.get(`${rate} ${client}`) ?? 0) + 1;
      this.#used.set(`${rate} ${client}`, used);
      remaining = Math.max(0, quota - used);
      refused = used > quota;
    }
    return {
      headers: {
        RateLimit: `"${rate}";r=${remaining};t=${left}`,
        "RateLimit-Policy": `"fixed window";"${rate}";q=${quota};w=${WINDOW_SECONDS}`,
      },
      retryAfter: refused ? left : null,
    };
  }
}
