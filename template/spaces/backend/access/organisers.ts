/**
 * Who organises: the admins of the collab's organisation, asked with the backend's own token (api-v1.md 3.6)
 * and never taken from what a caller's token says. If it cannot be told, nobody is.
 */
import { HubError } from "../../../hub/errors.ts";
import type { Hub } from "../../../hub/types.ts";
import { ApiError } from "../errors.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Identity } from "./identity.ts";

export interface OrganisersOptions {
  /** With the backend's token. */
  hub: Hub;
  org: string;
  now: () => number;
  ttlMs?: number;
}

const MAX_USERS = 10_000;

export class Organisers {
  readonly #options: Required<OrganisersOptions>;
  readonly #byEmail = new BoundedMap<string, { until: number; role: string }>(MAX_USERS);
  #all: { until: number; roles: Map<string, string> } | null = null;
  #listing: Promise<Map<string, string>> | null = null;

  constructor(options: OrganisersOptions) {
    this.#options = { ttlMs: 300_000, ...options };
  }

  /** Throws 503 ORGANIZER_CHECK_UNAVAILABLE if the Hub cannot tell. */
  async isOrganiser(user: Pick<Identity, "name" | "email">): Promise<boolean> {
    const role = (await this.#roleByEmail(user)) ?? (await this.#roles()).get(user.name.toLowerCase());
    return role === "admin";
  }

  /** Throws 403 NOT_ORGANIZER, or 503. `what` completes "Only organisers may …". */
  async requireOrganiser(user: Pick<Identity, "name" | "email">, what: string): Promise<void> {
    if (await this.isOrganiser(user)) return;
    throw new ApiError("NOT_ORGANIZER", `Only organisers may ${what}: admins of ${this.#options.org}.`);
  }

  /** One question for one user. The role found counts, also when it is not admin; anything unclear does not. */
  async #roleByEmail({ name, email }: Pick<Identity, "name" | "email">): Promise<string | undefined> {
    if (!email) return undefined;
    const { hub, org, now, ttlMs } = this.#options;
    const key = `${name.toLowerCase()}\0${email}`;
    const known = this.#byEmail.get(key);
    if (known && known.until > now()) return known.role;
    try {
      const members = await hub.org(org).members({ email, limit: 10 });
      const member = members.find(({ user }) => user.toLowerCase() === name.toLowerCase());
      if (!member?.role) return undefined;
      this.#byEmail.set(key, { until: now() + ttlMs, role: member.role });
      return member.role;
    } catch (error) {
      if (error instanceof HubError) return undefined;
      throw error;
    }
  }

  async #roles(): Promise<Map<string, string>> {
    const { now } = this.#options;
    if (this.#all && this.#all.until > now()) return this.#all.roles;
    this.#listing ??= this.#list().finally(() => {
      this.#listing = null;
    });
    return this.#listing;
  }

  async #list(): Promise<Map<string, string>> {
    const { hub, org, now, ttlMs } = this.#options;
    try {
      const members = await hub.org(org).members();
      const roles = new Map<string, string>();
      for (const { user, role } of members) if (role !== null) roles.set(user.toLowerCase(), role);
      // A list without a single role is the Hub's way of not telling.
      if (roles.size === 0) throw new HubError("no roles in the answer", { status: 0, call: "members" });
      this.#all = { until: now() + ttlMs, roles };
      return roles;
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      throw new ApiError(
        "ORGANIZER_CHECK_UNAVAILABLE",
        "Whether you are an organiser could not be found out.",
        {
          hint: "Nothing was posted. Try again in half a minute.",
          retryAfterSeconds: 30,
          cause: error,
        },
      );
    }
  }
}
