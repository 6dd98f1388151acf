/** Names of users and organisations, by the Hub's rules. */
import { badRequest } from "../errors.ts";
import type { AccountStore } from "./store.ts";

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,40}[A-Za-z0-9])?$/;
/** Path segments of the Hub that look like a namespace; `me` stands for the caller in bucket routes. */
const RESERVED: ReadonlySet<string> = new Set([
  "me",
  "api",
  "buckets",
  "datasets",
  "models",
  "spaces",
  "oauth",
]);

/** Throws 400 for a name that no account can have. */
export function requireAccountName(name: string): void {
  const wrong = !NAME.test(name) || name.includes("--");
  if (wrong) throw badRequest(`${name} is no account name: letters, digits and single dashes, at most 42`);
  if (RESERVED.has(name.toLowerCase())) throw badRequest(`${name} is reserved`);
}

/** Users and organisations share one set of names. */
export function nameIsTaken(store: AccountStore, name: string): boolean {
  return store.findUser(name) !== null || store.findOrg(name) !== null;
}
