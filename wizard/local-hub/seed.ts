/** The accounts that every local hub begins with. Seeding again adds what is missing and changes nothing. */

import { localToken } from "./accounts/accounts.ts";
import type { AccountStore } from "./accounts/store.ts";
import { HubStartError } from "./errors.ts";

export interface Seed {
  /** The challenge organisation. Default `demo`. */
  org?: string;
  /** The organisers' own organisation. Default the challenge organisation's name and `-admin`. */
  adminOrg?: string;
}

export const SEEDED_ORGANISER = "organizer";
export const SEEDED_CONTRIBUTORS = ["ada", "bob", "cy"] as const;

/** Makes the organisations, `organizer` (admin of both) and three contributors of the first. */
export function seedAccounts(store: AccountStore, seed: Seed, now: number): void {
  const org = seed.org ?? "demo";
  const adminOrg = seed.adminOrg ?? `${org}-admin`;
  for (const name of new Set([org, adminOrg])) {
    if (store.findUser(name) || [SEEDED_ORGANISER, ...SEEDED_CONTRIBUTORS].some((user) => user === name)) {
      throw new HubStartError("name_taken", `The organisation cannot be called ${name}: a local user is.`, {
        fix: "Choose another name for the organisation.",
      });
    }
    store.addOrg({ name, fullname: displayName(name), plan: "team", createdAt: now });
  }
  addLocalUser(store, SEEDED_ORGANISER, now);
  store.addMember({ org, user: SEEDED_ORGANISER, role: "admin" });
  store.addMember({ org: adminOrg, user: SEEDED_ORGANISER, role: "admin" });
  for (const name of SEEDED_CONTRIBUTORS) {
    addLocalUser(store, name, now);
    store.addMember({ org, user: name, role: "contributor" });
  }
}

/** A user and their token `hf_local_<name>`. Does nothing when the user exists. */
export function addLocalUser(store: AccountStore, name: string, now: number): void {
  if (store.findUser(name)) return;
  store.addUser({
    name,
    fullname: displayName(name),
    email: `${name}@local.example`,
    isPro: true,
    createdAt: now,
  });
  store.addToken(localToken(name), {
    user: name,
    displayName: "local",
    role: "write",
    kind: "access_token",
    scopes: null,
    createdAt: now,
    expiresAt: null,
  });
}

/** `gemma-crew` as `Gemma Crew`. */
export function displayName(name: string): string {
  return name.replace(
    /(^|[-_.])([a-z])/g,
    (_, gap: string, letter: string) => (gap && " ") + letter.toUpperCase(),
  );
}
