/**
 * `create --from challenge.yaml`: the configuration of the reference project (huggingface/agent-collabs) as answers.
 *
 * What a question asks for becomes an answer, checked like a typed one; what no question covers goes straight to its
 * place in collab.yaml. docs/from-challenge.md lists the mapping; `MAPPING` is where it is.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { maskSecrets } from "../../template/schema/secrets.ts";
import type { Answers } from "../questions/question.ts";
import { usageError } from "../terminal/errors.ts";

export interface Converted {
  /** By question id. */
  answers: Answers;
  /** Places in collab.yaml and their values. */
  settings: { path: string[]; value: unknown }[];
  /** Keys of the file that have no place here, and what that means. */
  notes: string[];
}

type Value = string | number | boolean | string[];
type Target =
  | { answer: string; as?: (value: Value) => string }
  | { path: string; as?: (value: Value) => unknown };

const direction = (value: Value) => (value === "asc" ? "lower" : "higher");

/** Every key of challenge.yaml and where it goes. */
export const MAPPING: Readonly<Record<string, Target>> = {
  "challenge.org": { answer: "org" },
  "challenge.admin_org": { answer: "admin_org" },
  "challenge.slug": { answer: "slug" },
  "challenge.title": { answer: "title" },
  "challenge.tagline": { answer: "goal" },
  "storage.central_bucket": { path: "resources.central_bucket" },
  "storage.audit_bucket": { path: "resources.audit_bucket" },
  "spaces.backend": { path: "resources.backend_space" },
  "spaces.dashboard": { path: "resources.dashboard_space" },
  "spaces.eval": { path: "resources.eval_space" },
  "scoring.score_field": { answer: "score" },
  "scoring.score_label": { path: "scoring.label" },
  "scoring.score_unit": { answer: "unit" },
  "scoring.order": { answer: "direction", as: direction },
  "scoring.required_fields": { path: "scoring.required" },
  "verification.mode": { answer: "verification" },
  "jobs.image": { path: "jobs.image" },
  "jobs.timeout_minutes": { answer: "job_timeout" },
  "jobs.harness_entrypoint": { path: "jobs.entrypoint" },
  "jobs.extra_args": { path: "jobs.args", as: (value) => (Array.isArray(value) ? value.map(String) : []) },
  "jobs.per_agent_per_day": { answer: "jobs_per_agent" },
  "jobs.per_user_per_day": { answer: "jobs_per_user" },
  "dashboard.invite_url": { answer: "invite_url" },
};

/** Keys whose meaning depends on others. */
const COMBINED = new Set([
  "scoring.secondary_field",
  "scoring.secondary_label",
  "verification.eval_poll_s",
  "verification.agent",
  "verification.score_tol",
  "verification.guard_field",
  "verification.guard_cap",
  "jobs.enabled",
  "jobs.flavor",
  "jobs.harness_prefix",
]);

/** Only with `jobs.enabled: true`; otherwise they configure nothing. */
const NEEDS_JOBS = /^jobs\./;

/** Reads and converts. @throws UserError (usage) if the file is not such a configuration. */
export async function readChallenge(file: string, cwd: string): Promise<Converted> {
  const text = await readFile(resolve(cwd, file), "utf8").catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${file} cannot be read (${error.code}).`, "Give the path of a challenge.yaml.");
  });
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw usageError(`${file} is not YAML: ${maskSecrets(error.message)}`);
  const data: unknown = document.toJS({ maxAliasCount: 10 });
  if (typeof data !== "object" || data === null || !("challenge" in data)) {
    throw usageError(
      `${file} has no section challenge.`,
      "Give the challenge.yaml of a collab made with huggingface/agent-collabs.",
    );
  }
  return convert(flatten(data));
}

/** `values`: key paths such as `challenge.slug` and what stands there; empty values are left out. */
export function convert(values: ReadonlyMap<string, Value>): Converted {
  const answers: Record<string, string> = {};
  const settings: Converted["settings"] = [];
  const notes: string[] = [];
  const hasJobs = values.get("jobs.enabled") === true;
  for (const [key, value] of values) {
    const target = MAPPING[key];
    if (!target) {
      if (!COMBINED.has(key)) notes.push(`${key} has no place in collab.yaml and was left out.`);
    } else if (NEEDS_JOBS.test(key) && !hasJobs) continue;
    else if (key === "dashboard.invite_url" && String(value).includes("<"))
      notes.push("dashboard.invite_url is a placeholder and was left out.");
    else if ("answer" in target) answers[target.answer] = target.as ? target.as(value) : String(value).trim();
    else settings.push({ path: target.path.split("."), value: target.as ? target.as(value) : value });
  }
  answers.hardware = hasJobs ? String(values.get("jobs.flavor") ?? "a10g-small") : "none";
  if (hasJobs) {
    answers.budget = "";
    notes.push("There was no daily limit in dollars; set jobs.budget_per_day.");
  }
  if (!values.has("challenge.admin_org")) {
    notes.push(
      "One organisation held everything; here the audit log and keys go to a second one, for organisers only.",
    );
  }
  combineVerification(values, answers, settings);
  const column = values.get("scoring.secondary_field");
  if (column) {
    const label = values.get("scoring.secondary_label");
    settings.push({ path: ["scoring", "columns"], value: [{ field: column, ...(label ? { label } : {}) }] });
  }
  return { answers, settings, notes };
}

function combineVerification(
  values: ReadonlyMap<string, Value>,
  answers: Record<string, string>,
  settings: Converted["settings"],
): void {
  const guard = values.get("verification.guard_field");
  if (guard) answers.guardrails = `${guard}<=${values.get("verification.guard_cap") ?? 0}`;
  const set = (key: string, name: string) => {
    const value = values.get(`verification.${key}`);
    if (value !== undefined) settings.push({ path: ["verification", name], value });
  };
  if (answers.verification === "eval-space") set("eval_poll_s", "poll_seconds");
  if (answers.verification === "jobs") {
    set("agent", "agent");
    const tolerance = values.get("verification.score_tol");
    if (tolerance !== undefined) answers.tolerance = String(tolerance);
  }
}

function flatten(data: object): Map<string, Value> {
  const values = new Map<string, Value>();
  const visit = (prefix: string, node: object) => {
    for (const [key, value] of Object.entries(node)) {
      const path = prefix ? `${prefix}.${key}` : key;
      if (value === null || value === undefined || value === "") continue;
      if (typeof value === "object" && !Array.isArray(value)) visit(path, value);
      else values.set(path, value as Value);
    }
  };
  visit("", data);
  return values;
}
