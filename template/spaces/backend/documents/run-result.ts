/** A result whose numbers come from a run: what the server writes, and what a run is good for. Pure. */
import type { Collab } from "../../../schema/collab.ts";
import { ApiError } from "../errors.ts";
import { numberIn } from "../ranking/guardrails.ts";
import { quoted } from "./naming.ts";
import { bucketUri } from "./paths.ts";
import { type RESULT_STATUSES, requiredResultFields } from "./result-rules.ts";
import { isRunOver, type Run } from "./run.ts";
import { mappingOf, type YamlMapping, type YamlValue, yamlFloat } from "./yaml-values.ts";

export type ResultStatus = (typeof RESULT_STATUSES)[number];

/** What only the participant knows. */
export interface RunResultInput {
  method: string;
  description: string;
  status: ResultStatus;
  /** Filenames of results and messages. */
  basedOn: readonly string[];
  /** Further frontmatter, for what else a collab requires. */
  fields: Readonly<Record<string, string | number | boolean>>;
}

/** Keys of a run's result that are the server's. A score or a guardrail is as well. */
const SERVER_FIELDS = [
  "method",
  "status",
  "description",
  "run_id",
  "failure",
  "gates",
  "submission",
  "content_hash",
  "runtime_hash",
  "harness_version",
  "based_on",
  "agent",
  "timestamp",
  "via",
];

/**
 * Throws 409 for a run that cannot be posted like this: RUN_NOT_OVER, or RUN_CANNOT_RANK where only a negative
 * result can come of it.
 */
export function requirePostable(run: Run, status: ResultStatus, scoring: Collab["scoring"]): void {
  if (run.kind !== "benchmark") throw cannotRank(run, "it is the verification of a result", false);
  if (!isRunOver(run)) {
    throw new ApiError("RUN_NOT_OVER", `The run ${run.run_id} is ${run.status}: it is not over yet.`, {
      hint: `Follow it with GET /v1/runs/${run.run_id}, and post when it is completed.`,
    });
  }
  if (status === "negative") return;
  if (run.lane !== "full") throw cannotRank(run, `the lane ${run.lane} measures nothing that counts`);
  if (run.status !== "completed") {
    const why = run.failure === null ? "" : ` (${run.failure.kind}, ${run.failure.reason_code})`;
    throw cannotRank(run, `it is ${run.status}${why}`);
  }
  if (scoring === "none") return;
  const score = run.summary === null ? undefined : numberIn(run.summary.values, scoring.field);
  if (score === undefined) throw cannotRank(run, `its summary has no ${scoring.field}`);
  if (score <= 0) throw cannotRank(run, `its ${scoring.field} is ${score}, and a score is above 0`);
}

function cannotRank({ run_id }: Run, why: string, asNegative = true): ApiError {
  const message = `The run ${run_id} cannot be posted as a result: ${why}.`;
  if (!asNegative) return new ApiError("RUN_CANNOT_RANK", message);
  return new ApiError("RUN_CANNOT_RANK", message, {
    hint: 'Post it with "status": "negative": what did not work helps others as much.',
  });
}

/** The frontmatter; 400 INVALID_FRONTMATTER if something that the collab requires is not there. */
export function runResultFields(run: Run, input: RunResultInput, scoring: Collab["scoring"]): YamlMapping {
  const { summary, submission, failure } = run;
  const measured = new Map<string, YamlValue>(
    Object.entries(summary?.values ?? {}).map(([field, value]) => [field, yamlValue(value)]),
  );
  const own = new Set([...SERVER_FIELDS, ...measured.keys(), ...measurableFields(scoring)]);
  const taken = Object.keys(input.fields).find((field) => own.has(field));
  if (taken !== undefined) throw invalid(`"${taken}" is written by the server; leave it out of "fields"`);
  const gates = (summary?.gates ?? []).map(({ name, ok }) => [name, ok] as const);
  const frontmatter: YamlMapping = new Map([
    ...measured,
    ...mappingOf({
      method: input.method,
      status: input.status,
      description: input.description,
      ...Object.fromEntries(Object.entries(input.fields).map(([key, value]) => [key, yamlValue(value)])),
      run_id: run.run_id,
      failure: failure === null ? undefined : mappingOf({ kind: failure.kind, reason: failure.reason_code }),
      gates: gates.length === 0 ? undefined : new Map(gates),
      submission: bucketUri(submission.snapshot.bucket, submission.snapshot.prefix),
      content_hash: submission.content_hash,
      runtime_hash: run.runtime_hash,
      harness_version: summary?.harness_version ?? undefined,
      based_on: input.basedOn.length === 0 ? undefined : [...input.basedOn],
    }),
  ]);
  requireFields(frontmatter, input.status, scoring);
  return frontmatter;
}

/** Of a dead end, nothing is required that only a finished measurement could give. */
function requireFields(frontmatter: YamlMapping, status: ResultStatus, scoring: Collab["scoring"]): void {
  const measurable = measurableFields(scoring);
  for (const field of requiredResultFields(scoring)) {
    if (status === "negative" && measurable.has(field)) continue;
    const value = frontmatter.get(field);
    if (value === undefined) {
      throw invalid(
        measurable.has(field)
          ? `the run's summary has no ${field}, which this collab requires`
          : `the field "${field}" is missing; send it in "fields"`,
      );
    }
    if (typeof value === "string" && value.trim() === "") throw invalid(`the field "${field}" is blank`);
  }
}

function measurableFields(scoring: Collab["scoring"]): Set<string> {
  if (scoring === "none") return new Set();
  const { field, guardrails, columns, tracks } = scoring;
  return new Set([
    field,
    ...[...guardrails, ...columns, ...tracks.flatMap(({ limits }) => limits)].map((known) => known.field),
  ]);
}

const yamlValue = (value: string | number | boolean): YamlValue =>
  typeof value === "number" && !Number.isSafeInteger(value) ? yamlFloat(value) : value;

function invalid(why: string): ApiError {
  return new ApiError("INVALID_FRONTMATTER", `The result cannot be taken: ${why}.`);
}

/** `based_on` as sent: one text with names, or a list of them. 400 INVALID_FRONTMATTER for what is no filename. */
export function filenamesIn(value: string | readonly string[] | null): string[] {
  const names = (typeof value === "string" ? value.split(/[\s,]+/) : (value ?? []))
    .map((name) => name.trim().replace(/^(?:results|message_board)\//, ""))
    .filter((name) => name !== "");
  const wrong = names.find((name) => !/^[^/\s]{1,200}\.md$/.test(name));
  if (wrong !== undefined)
    throw invalid(`based_on names files such as 20260601-100000-000_ada.md, not ${quoted(wrong)}`);
  return [...new Set(names)];
}
