/** Who belongs to the collab's organisation, asked with the backend's own token and remembered for a while. */
import type { Hub } from "../../../hub/types.ts";

export interface Membership {
  /** The user's id on the Hub, where it says so. */
  id: string | null;
  /** `null` where the Hub does not tell. */
  role: string | null;
}

export interface MembersOptions {
  /** With the backend's token. */
  hub: Hub;
  org: string;
  now: () => number;
  ttlMs?: number;
}

/** By lower-cased user name. */
export type MemberList = ReadonlyMap<string, Membership>;

export class Members {
  readonly #options: Required<MembersOptions>;
  #kept: { until: number; list: MemberList } | null = null;
  #asking: Promise<MemberList> | null = null;

  constructor(options: MembersOptions) {
    this.#options = { ttlMs: 300_000, ...options };
  }

  /** `fresh`: as it is now, for what must not rest on a role that was taken away. Throws `HubError`. */
  async list({ fresh = false } = {}): Promise<MemberList> {
    if (!fresh && this.#kept && this.#kept.until > this.#options.now()) return this.#kept.list;
    // A question that is under way may have been answered before this one was asked.
    if (!fresh && this.#asking) return this.#asking;
    const asking = this.#ask().finally(() => {
      if (this.#asking === asking) this.#asking = null;
    });
    this.#asking = asking;
    return asking;
  }

  async #ask(): Promise<MemberList> {
    const { hub, org, now, ttlMs } = this.#options;
    const members = await hub.org(org).members();
    const list = new Map(members.map(({ user, id, role }) => [user.toLowerCase(), { id, role }]));
    this.#kept = { until: now() + ttlMs, list };
    return list;
  }
}
