/** What a verdict file says about who decided last, and whether a machine may decide again. Pure. */
import { type Decision, indexStateOf, type Verdict } from "../documents/verdict.ts";

/** A decision as it is handed in: time and fate are the server's. */
export type NewDecision = Pick<Decision, "state" | "reason" | "by"> &
  Partial<Pick<Decision, "reason_code" | "checks" | "run_ids">>;

/** Organisers, through the API or with the index file: they always decide. */
export function isOrganiser({ by }: Pick<Decision, "by">): boolean {
  return by.startsWith("human");
}

/** A participant who objects: no machine settles that. */
const isObjection = ({ by }: Pick<Decision, "by">) => by.startsWith("agent:");

/** The last decision that took effect; the one on top may be deferred, or not be in the index yet. */
export function effectiveDecision(verdict: Verdict): Decision | undefined {
  const decisions = verdict.applied ? [...verdict.history, decisionOf(verdict)] : verdict.history;
  return decisions.findLast((decision) => !decision.deferred);
}

/** The decision on top of a verdict file, as it goes into the history. */
export function decisionOf(verdict: Verdict): Decision {
  const { state, reason_code, reason, by, at, checks, run_ids, deferred } = verdict;
  return { state, reason_code, reason, by, at, checks, run_ids, deferred };
}

/**
 * What becomes of an index entry (api-v1.md 8.8): the new entry, or `null` if what is there is to stay.
 * Organisers always decide; a machine decides what is pending, and may change what a machine has decided; a
 * participant may object to what a machine has decided. `before`: the last decision that took effect.
 */
export function nextIndexEntry(
  entry: string,
  decision: Pick<Decision, "state" | "by">,
  before: Decision | undefined,
): string | null {
  const wanted = indexStateOf(decision.state);
  if (isOrganiser(decision)) return wanted;
  if (entry === "pending") return isObjection(decision) ? null : wanted;
  const stands = before !== undefined && indexStateOf(before.state) === entry;
  if (stands) return isOrganiser(before) || isObjection(before) ? null : wanted;
  // Written by this very decision before a crash; or by a person of the same mind, which nobody can tell apart.
  return entry === wanted ? wanted : null;
}

/** Of a result that nobody has looked at. */
export function untouchedVerdict(filename: string, postedAt: string): Verdict {
  return {
    v: 1,
    filename,
    state: "pending",
    reason_code: null,
    reason: "Nobody has looked at it yet.",
    by: "backend",
    at: postedAt,
    checks: [],
    run_ids: [],
    applied: true,
    deferred: false,
    silent: false,
    pointer: null,
    submission: null,
    reviews: [],
    disputes: [],
    history: [],
  };
}

/** With the decision on top, not yet in the index. */
export function withDecision(verdict: Verdict, decision: NewDecision, at: string): Verdict {
  return {
    ...verdict,
    ...{ reason_code: null, checks: [], run_ids: [] },
    ...decision,
    at,
    applied: false,
    deferred: false,
    silent: false,
    // What was never in the index has never counted.
    history: [...verdict.history, { ...decisionOf(verdict), deferred: verdict.deferred || !verdict.applied }],
  };
}
