/** Answers as the data that the templates of a new collab are filled with. */
import { FIELD_PATTERN } from "../../template/schema/collab.ts";
import { worstDayInWords } from "../questions/cost-words.ts";
import { SMOKE_LANE } from "../questions/costs.ts";
import { parseAxes, parseGuardrails, parseTracks, splitList, toTitle } from "../questions/lists.ts";
import { type Answers, answer } from "../questions/question.ts";
import { oneLine } from "./render.ts";

const CHANNEL_DESCRIPTIONS: Record<string, string> = {
  plans: "what you are about to try",
  results: "what came out, dead ends included",
  concerns: "doubts about the metric or the rules",
  help: "questions about tools",
};

export interface CollabData extends Record<string, unknown> {
  org: string;
  adminOrg: string;
  hasJobs: boolean;
  hasEvaluator: boolean;
}

/** `replay` is the command that gives the same directory again; `version` that of this package. */
export function collabData(answers: Answers, context: { replay: string; version: string }): CollabData {
  const get = (id: string) => answer(answers, id);
  const hasJobs = get("hardware") !== "none";
  const scored = get("flavour") === "score";
  return {
    ...context,
    slug: get("slug"),
    title: get("title"),
    titleLine: oneLine(get("title")),
    org: get("org"),
    adminOrg: get("admin_org"),
    flavour: get("flavour"),
    goal: get("goal"),
    rules: get("rules"),
    measure: get("measure"),
    scoreField: scored ? get("score") : "score",
    scoring: scored ? scoringData(answers) : null,
    verification: get("verification"),
    reviews: get("reviews"),
    verificationRuns: get("verification_runs"),
    tolerance: get("tolerance"),
    hasJobs,
    hasEvaluator: get("verification") === "eval-space",
    hardware: hasJobs ? get("hardware") : "",
    smoke: SMOKE_LANE,
    jobTimeout: get("job_timeout"),
    jobsPerAgent: get("jobs_per_agent"),
    jobsPerUser: get("jobs_per_user"),
    worstDay: worstDayInWords(answers),
    budget: get("budget"),
    channels: splitList(get("channels")).map((id) => ({
      id,
      title: toTitle(id),
      description: CHANNEL_DESCRIPTIONS[id] ?? "",
    })),
    axes: parseAxes(get("axes")),
    inviteUrl: get("invite_url"),
    replayFence: "`".repeat(Math.max(3, longestRun(context.replay, "`") + 1)),
  };
}

function scoringData(answers: Answers) {
  const field = answer(answers, "score");
  const guardrails = parseGuardrails(answer(answers, "guardrails"));
  const tracks = parseTracks(answer(answers, "tracks"));
  const watched = guardrails.map((guardrail) => guardrail.field);
  const required = [...new Set([field, ...watched, "method", "status", "description"])];
  const known = new Set(required);
  // A track may need a field that nothing else names: then results carry it as a column.
  const columns = [...new Set(tracks.flatMap(({ requires }) => requires))].filter(
    (name) => !known.has(name) && FIELD_PATTERN.test(name),
  );
  return {
    field,
    unit: answer(answers, "unit"),
    direction: answer(answers, "direction"),
    statistic: answer(answers, "statistic"),
    draws: answer(answers, "draws"),
    selfReported: answer(answers, "self_reported"),
    required,
    guardrails: guardrails.map(({ field: name, min, max }) => ({
      field: name,
      limit: min === undefined ? `max: ${max}` : `min: ${min}`,
      text: min === undefined ? `${name} at most ${max}` : `${name} at least ${min}`,
    })),
    tracks: tracks.map(({ id, requires }) => ({ id, title: toTitle(id), requires })),
    columns,
  };
}

function longestRun(text: string, character: string): number {
  return Math.max(0, ...[...text.matchAll(new RegExp(`${character}+`, "g"))].map(([run]) => run.length));
}
