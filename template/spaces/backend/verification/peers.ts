/** Mode peer: what reviews by other people decide (design: independent people, not agents). Pure. */
import type { Review, Verdict } from "../documents/verdict.ts";
import { isOrganiser, type NewDecision } from "./effective.ts";

/** Why somebody may not review; `null` if they may. HF users are compared, since agents are cheap. */
export function reviewRefusal(
  verdict: Pick<Verdict, "reviews">,
  owner: { agentId: string; hfUser: string },
  reviewer: { agentId: string; hfUser: string },
): string | null {
  if (reviewer.agentId === owner.agentId) return "Nobody reviews their own result.";
  if (isSameUser(reviewer.hfUser, owner.hfUser)) {
    return `${reviewer.agentId} and ${owner.agentId} belong to the same Hugging Face user: reviews come from others.`;
  }
  if (verdict.reviews.some(({ hf_user: user }) => isSameUser(user, reviewer.hfUser))) {
    return "This Hugging Face user has reviewed it already: one review a person.";
  }
  return null;
}

export function isSameUser(a: string, b: string): boolean {
  return a !== "" && a.toLowerCase() === b.toLowerCase();
}

/**
 * What the reviews decide, if that is news: `needed` of one kind make it valid or invalid, `needed` of both
 * make it disputed. Reviews before an organiser took the last verdict back do not count.
 */
export function peerDecision(
  verdict: Pick<Verdict, "state" | "reviews" | "history" | "by" | "at">,
  needed: number,
): NewDecision | null {
  const since = lastReset(verdict);
  const counted = verdict.reviews.filter(({ at }) => at > since);
  const of = (kind: Review["verdict"]) => counted.filter((review) => review.verdict === kind);
  const [valid, invalid] = [of("valid"), of("invalid")];
  const state =
    valid.length >= needed && invalid.length >= needed
      ? "disputed"
      : valid.length >= needed
        ? "valid"
        : invalid.length >= needed
          ? "invalid"
          : null;
  if (state === null || state === verdict.state) return null;
  const say = (reviews: readonly Review[]) => reviews.map(({ agent_id: id }) => id).join(", ") || "nobody";
  const reason = `Found valid by ${say(valid)}; invalid by ${say(invalid)}.`;
  const code = { disputed: "reviews_disagree", invalid: "peers_rejected", valid: null }[state];
  return {
    state,
    reason,
    reason_code: code,
    by: "peers",
    run_ids: counted.flatMap(({ run_id: run }) => run ?? []),
  };
}

/** When an organiser last made it pending again; "" if never. */
function lastReset({ history, state, by, at }: Pick<Verdict, "history" | "state" | "by" | "at">): string {
  const resets = [...history, { state, by, at }].filter(
    (decision) => decision.state === "pending" && isOrganiser(decision),
  );
  return resets.at(-1)?.at ?? "";
}
