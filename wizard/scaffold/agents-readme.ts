/** The README of the central bucket: all that an agent needs to join. */
import {
  type Collab,
  type Guardrail,
  resourceNames,
  type Scoring,
  selfReported,
} from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { asSection } from "../markdown.ts";
import { UserError } from "../terminal/errors.ts";
import type { SeedContext } from "./bucket-seeds.ts";
import { oneLine, render } from "./render.ts";

export const PUBLIC_HUB = "https://huggingface.co";

/** Fills template/bucket/SKILL.md.hbs: the same collab for agents that keep skills. */
export function agentsSkill(template: string, { collab }: LoadedCollab, context: SeedContext): string {
  const { slug, title, tagline } = collab.collab;
  const about = [oneLine(title), oneLine(tagline)].filter((text) => text !== "").join(": ");
  return render(template, {
    slug,
    title: oneLine(title),
    description: `Take part in the agent collab "${about}". Use when asked to work on it, to post or publish results there, or to read its board.`,
    central: resourceNames(collab).centralBucket,
    ...addresses(context),
  });
}

/** Fills template/bucket/README.md.hbs. Throws if an address holds what a shell would not take literally. */
export function agentsReadme(
  template: string,
  { collab, parts }: LoadedCollab,
  context: SeedContext,
): string {
  const { scoring, board, exploration } = collab;
  const names = resourceNames(collab);
  const { slug, org, title, tagline } = collab.collab;
  return render(template, {
    slug,
    org,
    title: oneLine(title),
    tagline: oneLine(tagline),
    central: names.centralBucket,
    ...addresses(context),
    inviteUrl: collab.access.invite_url ?? "",
    signed: board.writes === "signed",
    jobs: collab.jobs.enabled ? { ...describeJobs(collab.jobs), ...describeRuns(collab) } : null,
    parts: {
      goal: asSection(parts.goal, 3),
      rules: asSection(parts.rules, 3),
      measure: asSection(parts.measure, 3),
      validity: asSection(parts.validity, 3),
      guidelines: parts.guidelines === undefined ? "" : asSection(parts.guidelines, 3),
    },
    score: scoring === "none" ? null : describeScore(scoring),
    channels: board.channels
      .map(({ id, description }) => (description ? `\`${id}\` (${oneLine(description)})` : `\`${id}\``))
      .join(", "),
    axes: exploration.axes.map(
      ({ id, title: name, values }) =>
        `${oneLine(name)} (\`${id}\`): ${values.map(oneLine).join(", ") || "anything"}`,
    ),
    rawPerMinute: board.limits.raw_messages_per_minute,
  });
}

function describeJobs({ smoke, manifest }: Collab["jobs"]) {
  return {
    smoke: smoke.enabled,
    lane: smoke.enabled ? "smoke" : "full",
    manifest: manifest === undefined ? "" : oneLine(manifest.file),
  };
}

/** `endpoint` is empty where it is the default of every client. */
function addresses({ backendUrl, endpoint }: SeedContext) {
  return { api: shellSafeUrl(backendUrl), endpoint: isPublicHub(endpoint) ? "" : shellSafeUrl(endpoint) };
}

function isPublicHub(endpoint: string): boolean {
  return endpoint.replace(/\/+$/, "") === PUBLIC_HUB;
}

/** The README's commands are pasted into shells, so an address may hold nothing but the plainest characters. */
function shellSafeUrl(url: string): string {
  const plain = url.replace(/\/+$/, "");
  if (/^https?:\/\/[A-Za-z0-9.:[\]_-]+(?:\/[A-Za-z0-9._~/-]*)?$/.test(plain)) return plain;
  throw new UserError({
    code: "unsafe_url",
    message: `The address ${JSON.stringify(url)} cannot stand in a shell command.`,
    fix: "Check HF_ENDPOINT.",
  });
}

/** What the README says about scores, and the example result that satisfies every rule of this collab. */
function describeScore(scoring: Scoring) {
  const { field, unit, direction, guardrails, tracks } = scoring;
  const example = exampleFields(scoring).map(([key, value]) => `${key}: ${value}`);
  return {
    field,
    unit: oneLine(unit),
    better: direction === "higher" ? "higher is better" : "lower is better",
    required: [...new Set([field, ...scoring.required])].map((name) => `\`${name}\``).join(", "),
    guardrails: guardrails.map(describeGuardrail),
    tracks: tracks.map(describeTrack),
    example: example.join("\n"),
  };
}

function describeTrack({ id, title, description, requires, limits }: Scoring["tracks"][number]): string {
  const needs = [...requires.map((field) => `\`${field}\``), ...limits.map(describeGuardrail)].join(", ");
  return `\`${id}\` (${oneLine(title)})${description ? `: ${oneLine(description)}` : ""}${needs ? `; needs ${needs}` : ""}`;
}

const STATISTIC: Record<Scoring["statistic"], string> = {
  best: "the best of them",
  median: "their median",
  "lower-bound": "the lower bound of their mean",
};

const SELF_REPORTED = {
  ranked: "A score that no run has measured ranks too",
  unranked: "A score that no run has measured stands beside the board, unranked",
  refused: "A score that no run has measured is not taken; a dead end is",
};

/** What the step on results says where the collab runs submissions. */
function describeRuns(collab: Collab) {
  const { scoring } = collab;
  if (scoring === "none") return { extra: "", draws: "", selfReported: "" };
  const fields = [scoring, ...scoring.guardrails, ...scoring.columns].map(({ field }) => field);
  const served = new Set([...fields, "method", "status", "description"]);
  const extra = scoring.required.filter((field) => !served.has(field));
  const complete =
    scoring.draws > 1 ? `; with ${scoring.draws} of them it is complete, before that provisional` : "";
  return {
    extra: extra.map((field) => `\`${field}\``).join(", "),
    draws: `All completed full runs of one submission count together, whoever starts them: its score is ${STATISTIC[scoring.statistic]}${complete}.`,
    selfReported: `${SELF_REPORTED[selfReported(collab)]}: upload a Markdown file with these fields as frontmatter, and post \`{"source":"hf://buckets/…"}\`.`,
  };
}

function describeGuardrail({ field, label, unit, min, max, description }: Guardrail): string {
  const limits = [
    ...(min === undefined ? [] : [`≥ ${min}`]),
    ...(max === undefined ? [] : [`≤ ${max}`]),
  ].join(" and ");
  const name = label && label !== field ? ` (${oneLine(label)})` : "";
  return `\`${field}\`${name} ${limits}${unit ? ` ${oneLine(unit)}` : ""}${description ? `: ${oneLine(description)}` : ""}`;
}

/** Frontmatter of a result that passes every check: score 1, guardrails at their limit, text elsewhere. */
function exampleFields({ field, required, guardrails }: Scoring): [key: string, value: string | number][] {
  const limits = new Map(guardrails.map((guard) => [guard.field, guard.max ?? guard.min ?? 0]));
  const texts: Record<string, string> = {
    method: "example",
    status: "agent-run",
    description: "what I did, in one line",
  };
  const keys = new Set([field, ...guardrails.map((guard) => guard.field), ...required]);
  return [...keys].map((key) => [key, key === field ? 1 : (limits.get(key) ?? texts[key] ?? "example")]);
}
