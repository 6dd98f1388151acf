/**
 * Who organises: the admins of the collab's organisation, asked with the backend's own token (api-v1.md 3.6)
 * and never taken from what a caller's token says. If it cannot be told, nobody is.
 */
import { HubError } from "../../../hub/errors.ts";
import type { Hub } from "../../../hub/types.ts";
import { ApiError } from "../errors.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Identity } from "./identity.ts";
import { Members } from "./members.ts";

export interface OrganisersOptions {
  /** With the backend's token. */
  hub: Hub;
  org: string;
  now: () => number;
  ttlMs?: number;
  members?: Members;
}

const MAX_USERS = 10_000;

export class Organisers {
  readonly #options: Required<Omit<OrganisersOptions, "members">>;
  readonly #members: Members;
  readonly #byEmail = new BoundedMap<string, { until: number; role: string }>(MAX_USERS);

  constructor({ members, ...options }: OrganisersOptions) {
    this.#options = { ttlMs: 300_000, ...options };
    this.#members = members ?? new Members(this.#options);
  }

  /** By what was known within the last minutes, to show it. Throws 503 ORGANIZER_CHECK_UNAVAILABLE. */
  async isOrganiser(user: Pick<Identity, "name" | "email">): Promise<boolean> {
    return (await this.#role(user, false)) === "admin";
  }

  /**
   * By what the Hub says now: a role that was taken away ends with it. Throws 403 NOT_ORGANIZER, or 503.
   * `what` completes "Only organisers may …".
   */
  async requireOrganiser(user: Pick<Identity, "name" | "email">, what: string): Promise<void> {
    if ((await this.#role(user, true)) === "admin") return;
    throw new ApiError("NOT_ORGANIZER", `Only organisers may ${what}: admins of ${this.#options.org}.`);
  }

  async #role(user: Pick<Identity, "name" | "email">, fresh: boolean): Promise<string | null | undefined> {
    return (await this.#roleByEmail(user, fresh)) ?? (await this.#listedRole(user.name, fresh));
  }

  /** One question for one user. The role found counts, also when it is not admin; anything unclear does not. */
  async #roleByEmail(
    { name, email }: Pick<Identity, "name" | "email">,
    fresh: boolean,
  ): Promise<string | undefined> {
    if (!email) return undefined;
    const { hub, org, now, ttlMs } = this.#options;
    const key = `${name.toLowerCase()}\0${email}`;
    const known = this.#byEmail.get(key);
    if (!fresh && known && known.until > now()) return known.role;
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

  async #listedRole(name: string, fresh: boolean): Promise<string | null | undefined> {
    try {
      const list = await this.#members.list({ fresh });
      // A list without a single role is the Hub's way of not telling.
      if ([...list.values()].every(({ role }) => role === null))
        throw new HubError("no roles in the answer", { status: 0, call: "members" });
      return list.get(name.toLowerCase())?.role;
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
