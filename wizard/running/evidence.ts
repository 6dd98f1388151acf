/** What is known about a result besides its own words: its verdict with the numbers, and the runs behind it. */
import type { HubBucket } from "../../template/hub/types.ts";
import { parseRun, RUN_ID_PATTERN, type Run, runPath } from "../../template/spaces/backend/documents/run.ts";
import { parseVerdict, type Verdict, verdictPath } from "../../template/spaces/backend/documents/verdict.ts";
import { printable } from "../terminal/text.ts";
import { type Result, shortValue } from "./results.ts";

export interface Evidence {
  verdict: Verdict | null;
  /** The run it was posted from, then those of its verification. */
  runs: Run[];
}

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_RUNS = 20;

/** From the record, so that it is there also when the backend is not. */
export async function readEvidence(central: HubBucket, result: Result): Promise<Evidence> {
  const text = await central.readText(verdictPath(result.filename), { maxBytes: MAX_BYTES });
  const verdict = text === null ? null : parseVerdict(text);
  const ids = [result.frontmatter.run_id, ...(verdict?.run_ids ?? [])].filter(
    (id): id is string => typeof id === "string" && RUN_ID_PATTERN.test(id),
  );
  const read = async (id: string) =>
    parseRun((await central.readText(runPath(id), { maxBytes: MAX_BYTES })) ?? "");
  const runs = await Promise.all([...new Set(ids)].slice(0, MAX_RUNS).map(read));
  return { verdict, runs: runs.filter((run) => run !== null) };
}

export function evidenceLines({ verdict, runs }: Evidence): string[] {
  return [...(verdict ? verdictLines(verdict) : []), ...runs.flatMap(runLines)].map((line) =>
    printable(line),
  );
}

function verdictLines({ state, reason, reason_code: code, by, at, checks, history }: Verdict): string[] {
  const because = reason === "" ? "" : `: ${shortValue(reason, 500)}`;
  return [
    `Verdict: ${state} by ${by}, ${at}${code === null ? "" : ` (${code})`}${because}`,
    ...checks.map(({ field, claimed, measured, limit, comparison, ok }) =>
      [
        `  ${ok ? "ok  " : "FAIL"} ${field}`,
        ...(claimed === null ? [] : [`claimed ${claimed}`]),
        ...(measured === null ? [] : [`measured ${measured}`]),
        ...(limit === null ? [] : [`limit ${limit}`]),
        comparison,
      ].join("  "),
    ),
    ...history.map((before) => `  before: ${before.state} by ${before.by}, ${before.at}`),
  ];
}

function runLines(run: Run): string[] {
  const { run_id, kind, lane, status, hardware, cost_dollars: cost, failure, summary } = run;
  const head = [`Run ${run_id}: ${status}, ${kind}, ${lane} on ${hardware}`];
  if (cost !== null) head.push(`$${cost.toFixed(2)}`);
  return [
    head.join(", "),
    ...(failure ? [`  failed: ${failure.kind} (${failure.reason_code}): ${failure.message}`] : []),
    ...Object.entries(summary?.values ?? {}).map(([field, value]) => `  ${field}: ${value}`),
    ...(summary?.gates ?? []).map(
      ({ name, ok, value, limit, comparison }) =>
        `  gate ${name}: ${ok ? "ok" : "FAIL"}  ${value} ${comparison} ${limit}`,
    ),
    ...run.attempts.flatMap(({ job_url: url }) => (url === null ? [] : [`  Job ${url}`])),
  ];
}
