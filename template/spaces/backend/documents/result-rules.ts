/** What the frontmatter of a result must hold (api-v1.md 2.6), generalised to `scoring` of collab.yaml. */
import type { Collab } from "../../../schema/collab.ts";
import { ApiError } from "../errors.ts";
import { quoted } from "./naming.ts";
import { numberOf, pythonText, type YamlMapping, YamlTimestamp, type YamlValue } from "./yaml-values.ts";

export const RESULT_STATUSES = ["agent-run", "negative"] as const;

/** Required keys in the order they are checked and named: the score first unless `required` places it. */
export function requiredResultFields(scoring: Collab["scoring"]): string[] {
  if (scoring === "none") return ["status", "description"];
  return scoring.required.includes(scoring.field) ? scoring.required : [scoring.field, ...scoring.required];
}

/** Throws 400 INVALID_FRONTMATTER; the first failure wins. */
export function checkResult(frontmatter: YamlMapping, scoring: Collab["scoring"]): void {
  const required = requiredResultFields(scoring);
  for (const field of required) {
    if (!frontmatter.has(field))
      throw invalid(`the field "${field}" is missing. Required: ${required.join(", ")}`);
  }
  if (scoring !== "none") checkScore(scoring.field, frontmatter.get(scoring.field));
  if (required.includes("status")) checkStatus(frontmatter.get("status"));
  for (const field of required) {
    const value = frontmatter.get(field);
    if (typeof value === "string" && value.trim() === "") throw invalid(`the field "${field}" is blank`);
  }
  if (scoring !== "none") {
    for (const { field } of scoring.guardrails) {
      if (required.includes(field) || frontmatter.has(field)) checkGuardrail(field, frontmatter.get(field));
    }
  }
}

/** The score of a result as a finite number above 0, or `undefined`: such a file never ranks. */
export function scoreOf(frontmatter: YamlMapping, field: string): number | undefined {
  const score = numberOf(frontmatter.get(field));
  return score !== undefined && Number.isFinite(score) && score > 0 ? score : undefined;
}

function checkScore(field: string, value: YamlValue | undefined): void {
  const score = numberOf(value);
  if (score === undefined) throw invalid(`"${field}" must be a number above 0, not ${shown(value)}`);
  if (!Number.isFinite(score)) throw invalid(`"${field}" must be a finite number, not ${shown(value)}`);
  if (score <= 0) throw invalid(`"${field}" must be above 0, not ${shown(value)}`);
}

function checkStatus(value: YamlValue | undefined): void {
  if (RESULT_STATUSES.some((status) => status === value)) return;
  throw invalid(`"status" must be ${RESULT_STATUSES.join(" or ")}, not ${shown(value)}`);
}

function checkGuardrail(field: string, value: YamlValue | undefined): void {
  const number = numberOf(value);
  if (number !== undefined && Number.isFinite(number)) return;
  throw invalid(`the guardrail "${field}" must be a finite number, not ${shown(value)}`);
}

/** The value as its author will recognise it, with advice where YAML 1.1 reads it otherwise than expected. */
function shown(value: YamlValue | undefined): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (value instanceof YamlTimestamp) return `the date ${value.spaced}`;
  if (typeof value !== "string") return pythonText(value).slice(0, 60);
  const exponent = /^([-+]?[0-9]+)(\.[0-9]*)?[eE]([-+]?)([0-9]+)$/.exec(value);
  if (!exponent) return `the text ${quoted(value)}`;
  const [, whole, fraction = ".0", sign, power] = exponent;
  return `the text ${quoted(value)}; in YAML an exponent needs a dot and a sign: ${whole}${fraction}e${sign || "+"}${power}`;
}

function invalid(why: string): ApiError {
  return new ApiError("INVALID_FRONTMATTER", `The result cannot be taken: ${why}.`);
}
