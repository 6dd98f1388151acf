/**
 * What one network address may do, whoever is behind it: the bounds of strangers, who have no other name. They
 * are wide, since a whole lab may share an address; the allowances of agents are narrower.
 */
import { isIPv6 } from "node:net";
import type { Limits } from "../../../schema/collab.ts";
import { RateLimiter } from "./limiter.ts";

export interface AddressLimits {
  /** Every request that is no read. */
  writes: RateLimiter;
  registrations: RateLimiter;
  /** Searches that are not answered from the cache. */
  searches: RateLimiter;
  /** Tokens and keys that turned out to be wrong. */
  failures: RateLimiter;
  /** Sign-ins of humans, each a few questions to the Hub. */
  signIns: RateLimiter;
}

const SIGN_INS_PER_MINUTE = 20;

export function createAddressLimits(limits: Limits, now: () => number): AddressLimits {
  const steady = (what: string, perMinute: number) =>
    new RateLimiter(what, [{ capacity: perMinute, perMinute }], now);
  return {
    writes: steady("writes from", limits.address_writes_per_minute),
    registrations: steady("registrations from", limits.address_registrations_per_minute),
    searches: steady("searches from", limits.address_searches_per_minute),
    failures: steady("wrong tokens from", limits.address_failures_per_minute),
    signIns: steady("sign-ins from", SIGN_INS_PER_MINUTE),
  };
}

/** Under what an address is counted: IPv6 by its /64, which is what one subscriber has; a port left out. */
export function addressKey(address: string): string {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([\d.]+):\d+$/, "$1");
  const mapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare.slice(0, 64);
  const [head = "", tail] = (bare.split("%")[0] ?? bare).split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const all = [...before, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${all.join(":")}::/64`;
}
