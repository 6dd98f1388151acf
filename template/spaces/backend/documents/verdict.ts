/**
 * What is known of a result's verification: `verdicts/{result}.json` in the central bucket, beside the flat
 * index that people edit (api-v1.md 8.1). The index says which state counts; this file says why, with numbers
 * and times, and keeps everything that was ever decided. Where the two differ, a person has edited the index.
 */
import { z } from "@hono/zod-openapi";

/**
 * `pending`: nobody has looked. `queued`, `running`: a verifier is going to, or does. `needs_pointer`: there is
 * nothing to run. `disputed`: somebody objects, an organiser decides. `expired`: nobody judged it in time.
 */
export const VERDICT_STATES = [
  "pending",
  "queued",
  "running",
  "needs_pointer",
  "valid",
  "invalid",
  "disputed",
  "expired",
] as const;
export type VerdictState = (typeof VERDICT_STATES)[number];

/** States that stand in the index too. The others are `pending` there, which is all that v1 clients know. */
export const INDEX_STATES = ["pending", "valid", "invalid", "disputed", "expired"] as const;
export type IndexState = (typeof INDEX_STATES)[number];

/** One number that was looked at. */
const Check = z.object({
  field: z.string(),
  claimed: z.number().nullable(),
  measured: z.number().nullable(),
  limit: z.number().nullable(),
  /** In words or signs, exact about the limit itself: `<= (limit included)`. */
  comparison: z.string(),
  ok: z.boolean(),
});
export type VerdictCheck = z.infer<typeof Check>;

/** The comparison with its limit, `<= 2.42 (limit included)`. One that says its numbers itself stays as it is. */
export function requirement({ comparison, limit }: Pick<VerdictCheck, "comparison" | "limit">): string {
  const [, sign, rest] = /^([<>=!]=?)( \(.*)?$/s.exec(comparison) ?? [];
  return sign === undefined || limit === null ? comparison : `${sign} ${limit}${rest ?? ""}`;
}

const Decision = z.object({
  state: z.enum(VERDICT_STATES),
  /** Stable, for programs: `score_differs`, `guardrail_broken`, `ppl_over_cap`, …; `null` where there is nothing to explain. */
  reason_code: z.string().nullable(),
  /** A sentence for people. */
  reason: z.string(),
  /** `human:{user}`, `agent:{id}` of who disputes, `verifier`, `eval-space`, `peers` or `backend`. */
  by: z.string(),
  /** ISO 8601. */
  at: z.string(),
  checks: z.array(Check).default([]),
  /** Runs that it rests on. */
  run_ids: z.array(z.string()).default([]),
  /** A person had decided otherwise, so the index was left alone. */
  deferred: z.boolean().default(false),
});
export type Decision = z.infer<typeof Decision>;

const place = z.object({ bucket: z.string(), prefix: z.string() });

/** What is judged: where its owner had it, and the copy that was frozen. */
const FrozenSubmission = z.object({
  source: place,
  snapshot: place,
  content_hash: z.string(),
  files: z.number().int(),
  bytes: z.number(),
});
export type FrozenSubmission = z.infer<typeof FrozenSubmission>;

/** Of an agent that reproduced or read somebody else's result. */
const Review = z.object({
  agent_id: z.string(),
  hf_user: z.string(),
  verdict: z.enum(["valid", "invalid"]),
  evidence: z.string(),
  run_id: z.string().nullable(),
  /** ISO 8601. */
  at: z.string(),
});
export type Review = z.infer<typeof Review>;

const Dispute = z.object({
  agent_id: z.string(),
  hf_user: z.string(),
  reason: z.string(),
  /** ISO 8601. */
  at: z.string(),
});
export type Dispute = z.infer<typeof Dispute>;

export const VerdictSchema = Decision.extend({
  v: z.literal(1),
  /** Of the result. */
  filename: z.string(),
  /** The index has it. Until then a restart completes it. */
  applied: z.boolean(),
  /** Who judged it asked for no announcement. */
  silent: z.boolean().default(false),
  /** Where its owner said, after posting, that the submission lies; the result itself stays as it is. */
  pointer: z.string().nullable().default(null),
  submission: FrozenSubmission.nullable().default(null),
  reviews: z.array(Review).default([]),
  disputes: z.array(Dispute).default([]),
  /** Everything decided before, oldest first. */
  history: z.array(Decision).default([]),
}).openapi("Verdict");
/** The verdict file of a result. */
export type Verdict = z.infer<typeof VerdictSchema>;

/** `verdicts/20261128-131500-123_ada.json` for `20261128-131500-123_ada.md`. */
export function verdictPath(resultFilename: string): string {
  return `verdicts/${resultFilename.replace(/\.md$/, "")}.json`;
}

/** `null` for text that is no verdict. */
export function parseVerdict(text: string): Verdict | null {
  try {
    const parsed = VerdictSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export function verdictText(verdict: Verdict): string {
  return `${JSON.stringify(verdict, null, 2)}\n`;
}

/** What stands in the index for a state. */
export function indexStateOf(state: VerdictState): IndexState {
  return (INDEX_STATES as readonly string[]).includes(state) ? (state as IndexState) : "pending";
}

/**
 * The state to show: the verdict file's where the index agrees with it, else the index's, which a person has
 * edited. Index values of no known meaning are passed through as text, as v1 does.
 */
export function shownState(indexState: string, verdict: Pick<Verdict, "state"> | undefined): string {
  if (verdict === undefined) return indexState;
  return indexStateOf(verdict.state) === indexState ? verdict.state : indexState;
}
