/**
 * How many runs, and for how much, may begin: sums over the runs of the last 24 hours. Pure; the charges come
 * from the board and from reservations that are on their way to it.
 */
import type { Lane, Run } from "../documents/run.ts";
import type { LanePlan } from "./lanes.ts";

export const WINDOW_MS = 86_400_000;

/** What one run counts. */
export interface Charge {
  /** Milliseconds. */
  at: number;
  /** `extra`: only dollars, of another attempt of a run that is counted already. */
  kind: Run["kind"] | "extra";
  lane: Lane;
  agentId: string;
  hfUser: string;
  contentHash: string;
  /** `false`: refunded, since the machine was at fault. */
  charged: boolean;
  dollars: number;
}

/** The limit that a run would break. */
export interface QuotaRefusal {
  limit: "agent" | "user" | "submission" | "verification" | "budget";
  cap: number;
  /** At least 1. */
  retryAfterSeconds: number;
}

export interface QuotaLimits {
  plan: Pick<LanePlan, "perAgent" | "perUser" | "perSubmission">;
  /** US dollars of all runs; `null` is no limit. */
  budget: number | null;
}

/** The first limit that `wish` breaks, agent before user; `null`: it may begin. */
export function benchmarkRefusal(
  charges: readonly Charge[],
  wish: Charge,
  { plan, budget }: QuotaLimits,
): QuotaRefusal | null {
  const recent = within(charges, wish.at);
  const same = recent.filter(({ kind, lane }) => kind === "benchmark" && lane === wish.lane);
  const of = (limit: QuotaRefusal["limit"], cap: number | null, counts: (charge: Charge) => boolean) =>
    cap === null ? null : countRefusal(same.filter(counts), limit, cap, wish.at);
  return (
    of("agent", plan.perAgent, ({ agentId }) => agentId === wish.agentId) ??
    of("user", plan.perUser, ({ hfUser }) => hfUser === wish.hfUser) ??
    of("submission", plan.perSubmission, ({ contentHash }) => contentHash === wish.contentHash) ??
    budgetRefusal(recent, wish.dollars, budget, wish.at)
  );
}

export function verificationRefusal(
  charges: readonly Charge[],
  wish: Pick<Charge, "at" | "dollars">,
  { perDay, budget }: { perDay: number; budget: number | null },
): QuotaRefusal | null {
  const recent = within(charges, wish.at);
  const verifications = recent.filter(({ kind }) => kind === "verification");
  return (
    countRefusal(verifications, "verification", perDay, wish.at) ??
    budgetRefusal(recent, wish.dollars, budget, wish.at)
  );
}

/** May `dollars` more be spent? For another attempt of a run that is counted already. */
export function budgetRefusal(
  charges: readonly Charge[],
  dollars: number,
  budget: number | null,
  now: number,
): QuotaRefusal | null {
  if (budget === null) return null;
  const recent = within(charges, now);
  let spent = recent.reduce((sum, charge) => sum + charge.dollars, 0);
  if (spent + dollars <= budget + ROUNDING) return null;
  for (const charge of recent) {
    spent -= charge.dollars;
    if (spent + dollars <= budget + ROUNDING) return refusal("budget", budget, charge.at, now);
  }
  return refusal("budget", budget, now, now);
}
const ROUNDING = 1e-9;

export interface Remaining {
  agent_remaining: number;
  user_remaining: number;
}

export function remaining(
  charges: readonly Charge[],
  who: Pick<Charge, "lane" | "agentId" | "hfUser">,
  { perAgent, perUser }: Pick<LanePlan, "perAgent" | "perUser">,
  now: number,
): Remaining {
  const same = within(charges, now).filter(({ kind, lane }) => kind === "benchmark" && lane === who.lane);
  const left = (cap: number, counts: (charge: Charge) => boolean) =>
    Math.max(0, cap - counted(same.filter(counts), cap).length);
  return {
    agent_remaining: left(perAgent, ({ agentId }) => agentId === who.agentId),
    user_remaining: left(perUser, ({ hfUser }) => hfUser === who.hfUser),
  };
}

/** `null`: there is no budget. */
export function budgetLeft(charges: readonly Charge[], budget: number | null, now: number): number | null {
  if (budget === null) return null;
  const spent = within(charges, now).reduce((sum, charge) => sum + charge.dollars, 0);
  return Math.max(0, Math.round((budget - spent) * 1e4) / 1e4);
}

/** Oldest first. */
function within(charges: readonly Charge[], now: number): Charge[] {
  return charges.filter(({ at }) => at > now - WINDOW_MS).toSorted((a, b) => a.at - b.at);
}

function countRefusal(
  charges: readonly Charge[],
  limit: QuotaRefusal["limit"],
  cap: number,
  now: number,
): QuotaRefusal | null {
  const used = counted(charges, cap);
  if (used.length < cap) return null;
  return refusal(limit, cap, used[used.length - cap]?.at ?? now, now);
}

/**
 * Refunded runs count once there are more of them than the quota itself: who can make a machine look broken
 * does not get machines without end.
 */
function counted(charges: readonly Charge[], cap: number): Charge[] {
  let refunds = 0;
  return charges.filter(({ charged }) => {
    if (charged) return true;
    refunds += 1;
    return refunds > cap;
  });
}

function refusal(limit: QuotaRefusal["limit"], cap: number, oldest: number, now: number): QuotaRefusal {
  return { limit, cap, retryAfterSeconds: Math.max(1, Math.floor((oldest + WINDOW_MS - now) / 1000) + 1) };
}
