/**
 * What verification runs say about a result (api-v1.md 8.7, with gates, a grey band and typed reasons). Pure.
 * Every limit is inclusive; what is compared is the mean of the runs, and gates must hold in each of them.
 */
import type { Collab, Scoring } from "../../../schema/collab.ts";
import type { Run, RunSummary } from "../documents/run.ts";
import type { VerdictCheck } from "../documents/verdict.ts";
import { breachOf, type FieldValues, gateCheck, limitChecks, numberIn } from "../ranking/guardrails.ts";

type JobsVerification = Extract<Collab["verification"], { mode: "jobs" }>;

export interface JudgeRules {
  scoring: Pick<Scoring, "field" | "guardrails">;
  verification: Pick<JobsVerification, "tolerance" | "grey_band" | "max_runs" | "isolation">;
}

/** What a result says of itself: the score that ranks, and the numbers of its file. */
export interface Claim {
  score: number;
  fields: FieldValues;
}

export type Judgement =
  | {
      kind: "verdict";
      state: "valid" | "invalid";
      reason_code: string | null;
      reason: string;
      checks: VerdictCheck[];
    }
  /** One more run is to be made. */
  | { kind: "again"; reason: string }
  /** The runs say nothing; `reason_code` says why. */
  | { kind: "undecidable"; reason_code: string; reason: string; checks: VerdictCheck[] };

/** Runs of the machine's own failures after which nobody tries again by itself. */
const MAX_INFRA_FAILURES = 3;
/** Of a submission that fails, unless the collab allows one run only. */
const FAILURES_THAT_DECIDE = 2;
/** Sums of doubles that mean the same decimal differ by less than this share of the claim. */
const ROUNDING = 1e-12;

/** `runs`: those of this result that are over and that no verdict has used, oldest first. Must not be empty. */
export function judgeRuns(runs: readonly Run[], claim: Claim, rules: JudgeRules): Judgement {
  const { max_runs: maxRuns } = rules.verification;
  const summaries = runs.flatMap(({ status, summary }) =>
    status === "completed" && summary !== null ? [summary] : [],
  );
  const broken = runs.flatMap(({ failure }) =>
    failure?.kind === "submission_error" || failure?.kind === "timeout" ? [failure] : [],
  );
  const last = runs.at(-1);
  if (last?.failure?.kind === "canceled" || last?.status === "canceled") {
    return undecidable("run_canceled", "The run was canceled; an organiser can have it measured again.");
  }
  const infra = runs.length - summaries.length - broken.length;
  const spent = summaries.length + broken.length;
  if (infra >= MAX_INFRA_FAILURES) {
    return undecidable("infra_error", `${infra} runs failed through no fault of the submission.`);
  }
  if (spent === 0) return { kind: "again", reason: "The run failed through no fault of the submission." };
  const [failure] = broken.slice(-1);
  if (summaries.length === 0 && failure !== undefined) {
    const enough = broken.length >= Math.min(FAILURES_THAT_DECIDE, maxRuns);
    const what = failure.kind === "timeout" ? "did not finish in time" : "failed";
    if (!enough) return { kind: "again", reason: `The run ${what} (${failure.reason_code}).` };
    const reason = `The submission ${what} in ${times(broken.length)} on the held-out data.`;
    return { kind: "verdict", state: "invalid", reason_code: failure.reason_code, reason, checks: [] };
  }
  return judgeMeasurements(summaries, claim, rules, spent < maxRuns);
}

/** Of completed runs. `mayAgain`: there may be one more. */
export function judgeMeasurements(
  summaries: readonly RunSummary[],
  claim: Claim,
  { scoring, verification }: JudgeRules,
  mayAgain: boolean,
): Judgement {
  const missing = verification.isolation.filter((part) =>
    summaries.some(({ isolation }) => isolation?.[part] !== true),
  );
  if (missing.length > 0) {
    const what = missing.join(" and ");
    return undecidable(
      "isolation_missing",
      `The run's summary does not say that ${what} isolation was enforced, so it cannot be judged by the private data.`,
    );
  }
  const means: Record<string, number> = {};
  for (const field of [scoring.field, ...scoring.guardrails.map((guardrail) => guardrail.field)]) {
    const numbers = summaries.map(({ values }) => numberIn(values, field));
    const known = numbers.filter((number) => number !== undefined);
    if (known.length < numbers.length || (field === scoring.field && known.some((score) => score <= 0))) {
      return undecidable(
        field === scoring.field ? "score_missing" : "guardrail_missing",
        `The run's summary has no ${field} that could be compared.`,
      );
    }
    means[field] = known.reduce((sum, number) => sum + number, 0) / known.length;
  }
  const score = scoreCheck(scoring.field, claim.score, means[scoring.field] ?? 0, verification.tolerance);
  const gates = worstGates(summaries);
  const breach = breachOf(scoring.guardrails, means, gates);
  const limits = limitChecks(scoring.guardrails, means);
  const checks = [score, ...withClaims(limits, claim.fields), ...gates.map(gateCheck)];
  if (breach !== null) return invalid(breach.reason_code, sentence(breach.reason), checks);
  const off = Math.abs((score.measured ?? 0) - claim.score) / claim.score;
  const { tolerance, grey_band: band } = verification;
  const isGrey = tolerance > 0 && band > 0 && Math.abs(off - tolerance) <= band + ROUNDING;
  if (isGrey && mayAgain) {
    return {
      kind: "again",
      reason: `${percent(off)} from the claim is too close to the limit of ${percent(tolerance)} for one run; the mean will be judged.`,
    };
  }
  const measured = `${times(summaries.length)} gave ${round(score.measured ?? 0)} where ${round(claim.score)} was claimed: ${percent(off)} apart`;
  if (!score.ok) {
    return invalid(
      "score_differs",
      `${measured}, and ${percent(tolerance)} is the limit (included).`,
      checks,
    );
  }
  const reason = `${measured}, within ${percent(tolerance)} (included).`;
  return { kind: "verdict", state: "valid", reason_code: null, reason, checks };
}

function scoreCheck(field: string, claimed: number, measured: number, tolerance: number): VerdictCheck {
  const limit = tolerance * claimed;
  return {
    field,
    claimed,
    measured,
    limit: tolerance,
    comparison: `within ±${percent(tolerance)} of the claim (limit included)`,
    ok: Math.abs(measured - claimed) <= limit + claimed * ROUNDING,
  };
}

/** Of each gate the result that failed, if one did: a gate must hold in every run. */
function worstGates(summaries: readonly RunSummary[]): RunSummary["gates"] {
  const gates = new Map<string, RunSummary["gates"][number]>();
  for (const gate of summaries.flatMap((summary) => summary.gates)) {
    if (gates.get(gate.name)?.ok !== false) gates.set(gate.name, gate);
  }
  return [...gates.values()];
}

/** With what the result itself reports, where it does. */
function withClaims(checks: readonly VerdictCheck[], fields: FieldValues): VerdictCheck[] {
  return checks.map((check) => ({ ...check, claimed: numberIn(fields, check.field) ?? null }));
}

function invalid(reason_code: string, reason: string, checks: VerdictCheck[]): Judgement {
  return { kind: "verdict", state: "invalid", reason_code, reason, checks };
}

function undecidable(reason_code: string, reason: string): Judgement {
  return { kind: "undecidable", reason_code, reason, checks: [] };
}

const times = (n: number) => (n === 1 ? "one run" : `${n} runs, on average,`);
const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;
const round = (value: number) => Number(value.toPrecision(6));
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
