/**
 * Whose token it is: the Hub's whoami, remembered briefly by the hash of the token. "The token is not valid"
 * is 401; "the Hub cannot be asked" is 503; strangers who try tokens are slowed down per address.
 */
import { createHash } from "node:crypto";
import { HubError } from "../../../hub/errors.ts";
import type { Hub, Whoami } from "../../../hub/types.ts";
import { ApiError } from "../errors.ts";
import { looksLikeAgentKey } from "./agent-keys.ts";
import { BoundedMap } from "./bounded-map.ts";
import { hubUnavailable } from "./hub-unavailable.ts";
import { RateLimiter } from "./limiter.ts";
import { looksLikeSessionToken } from "./sign-in/session-token.ts";

export interface Identity {
  name: string;
  email: string | null;
  orgs: readonly { name: string; role: string | null }[];
  /** What the caller showed. An OAuth token may see fewer organisations than its user is in. */
  by: "token" | "oauth" | "session";
}

export interface IdentitiesOptions {
  hub: Hub;
  now: () => number;
  /** How long a good and a bad answer hold. */
  knownMs?: number;
  unknownMs?: number;
  /** Questions to the Hub per address and minute. */
  missesPerMinute?: number;
  /** Counts the tokens that nobody holds, per address. */
  failures?: () => Pick<RateLimiter, "requireLeft" | "tryTake">;
}

const MAX_TOKENS = 10_000;
const MAX_TOKEN_LENGTH = 4096;

export class Identities {
  readonly #options: Required<Omit<IdentitiesOptions, "failures">> & Pick<IdentitiesOptions, "failures">;
  readonly #answers = new BoundedMap<string, { until: number; identity: Identity | null }>(MAX_TOKENS);
  readonly #asking = new Map<string, Promise<Identity | null>>();
  readonly #misses: RateLimiter;

  constructor(options: IdentitiesOptions) {
    this.#options = { knownMs: 60_000, unknownMs: 10_000, missesPerMinute: 300, ...options };
    const rate = { capacity: this.#options.missesPerMinute, perMinute: this.#options.missesPerMinute };
    this.#misses = new RateLimiter("unknown tokens from", [rate], options.now);
  }

  /** Throws 401 UNAUTHORIZED, 429 RATE_LIMITED or 503 HUB_UNAVAILABLE. `ip` is the caller's address. */
  async whoami(token: string | null, ip: string): Promise<Identity> {
    if (token === null) {
      throw new ApiError("UNAUTHORIZED", "This needs your Hugging Face token.", {
        hint: "Send it as the header Authorization: Bearer $HF_TOKEN",
      });
    }
    if (looksLikeAgentKey(token)) {
      throw new ApiError("UNAUTHORIZED", "This needs a Hugging Face token, not an agent key.");
    }
    if (looksLikeSessionToken(token)) {
      throw new ApiError("UNAUTHORIZED", "This needs a Hugging Face token, not a dashboard's session.", {
        hint: "A session posts as its human, human-<hf_user>, and nothing else.",
      });
    }
    const identity = isSendable(token) ? await this.#lookUp(token, ip) : null;
    if (identity === null) {
      throw new ApiError(
        "UNAUTHORIZED",
        "The Hub does not know this token. It may have been revoked or cut short.",
      );
    }
    return identity;
  }

  async #lookUp(token: string, ip: string): Promise<Identity | null> {
    const { now, knownMs, unknownMs } = this.#options;
    const hash = createHash("sha256").update(token).digest("base64");
    const known = this.#answers.get(hash);
    if (known && known.until > now()) return known.identity;
    let asking = this.#asking.get(hash);
    if (!asking) {
      this.#options.failures?.().requireLeft(ip);
      this.#misses.take(ip);
      asking = this.#ask(token).finally(() => this.#asking.delete(hash));
      this.#asking.set(hash, asking);
    }
    const identity = await asking;
    if (identity === null) this.#options.failures?.().tryTake(ip);
    this.#answers.set(hash, { until: now() + (identity ? knownMs : unknownMs), identity });
    return identity;
  }

  async #ask(token: string): Promise<Identity | null> {
    try {
      return toIdentity(await this.#options.hub.whoami(token));
    } catch (error) {
      if (error instanceof HubError && (error.status === 401 || error.status === 403)) return null;
      throw hubUnavailable(error, "be asked whose token this is");
    }
  }
}

/** True for a member of `org`, by what the token may see. */
export function isMember(identity: Identity, org: string): boolean {
  return identity.orgs.some(({ name }) => name === org);
}

function toIdentity({ name, email, orgs, token }: Whoami): Identity {
  return {
    name,
    email,
    orgs: orgs.map((org) => ({ name: org.name, role: org.role })),
    by: token.kind === "access_token" ? "token" : "oauth",
  };
}

/** Anything else could not stand in a header; it is no token. */
function isSendable(token: string): boolean {
  return token.length <= MAX_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(token);
}
