/** Judging a Job that is over, and what the run's file says then. */
import type { JobInfo } from "../../../hub/types.ts";
import type { Backend } from "../backend.ts";
import { newAttempt, type Run } from "../documents/run.ts";
import { errorFields } from "../log.ts";
import { type Doing, pause, until } from "./doing.ts";
import { mostDollars, roundDollars } from "./lanes.ts";
import type { RunsOptions } from "./options.ts";
import {
  type Failed,
  failureOf,
  jobDollars,
  jobOutcome,
  OUTPUTS_DIFFER,
  OUTPUTS_MISSING,
  SCORE_INVALID,
  withHarnessReason,
} from "./outcome.ts";
import { type HarnessResult, harnessResult, type Outputs, readOutputs, readSummaryText } from "./outputs.ts";
import { withAttempt } from "./run-file.ts";
import { parseObject, type ReadSummary, readSummary } from "./summary.ts";
import type { JobEnd } from "./watcher.ts";

export type Judged = { state: "completed"; read: ReadSummary } | { state: "failed"; failed: Failed };

export interface JudgeOptions extends Doing, Pick<RunsOptions, "readBackWaitsMs" | "queueMs"> {
  backend: Backend;
}

/** Lines of a log in which the harness's last words are looked for. */
const LOG_LINES = 200;
const LOG_TRIES = 3;
/** A failed Job's summary only adds a reason: it is waited for less long. */
const REASON_WAITS = 3;

/** What became of the Job, its outputs read back. */
export async function judgeJob(run: Run, { job, ended }: JobEnd, options: JudgeOptions): Promise<Judged> {
  const { queueMs } = options;
  const outcome = jobOutcome(job, ended, { timeoutMinutes: run.timeout_minutes, queueMs });
  const result =
    job?.startedAt == null && job?.stage !== "COMPLETED" ? null : await harnessWords(run, options);
  if (outcome.kind === "exited") return judgeOutputs(run, result, options);
  const summary = outcome.reasonCode === "unknown" ? await summaryOfFailure(run, result, options) : null;
  return { state: "failed", failed: withHarnessReason(outcome, summary, run.kind) };
}

async function judgeOutputs(run: Run, result: HarnessResult | null, options: JudgeOptions): Promise<Judged> {
  const { backend, readBackWaitsMs, log } = options;
  const bucket = backend.hub.bucket(run.state.bucket);
  for (let attempt = 0; ; attempt += 1) {
    const look = () => readOutputs(bucket, run.state, result);
    const outputs = await until("reading outputs back", look, options);
    const read = outputs.state === "whole" ? readSummary(outputs.summary, backend.collab, run.kind) : null;
    const isFinal = outputs.state === "whole" && (outputs.isVouched || read?.missing.length === 0);
    const wait = readBackWaitsMs[attempt];
    if (isFinal || wait === undefined) return judgement(outputs, read, backend);
    log("info", "outputs are not complete yet", {
      run: run.run_id,
      state: outputs.state,
      ...("what" in outputs && { what: outputs.what }),
    });
    await pause(wait, options);
  }
}

/** What outputs that were read back, or looked for in vain, make of a Job that ended well. */
export function judgement(
  outputs: Outputs,
  read: ReadSummary | null,
  { collab }: Pick<Backend, "collab">,
): Judged {
  const failed = (failure: Failed, message?: string): Judged => ({
    state: "failed",
    failed: { ...failure, ...(message && { message }) },
  });
  if (outputs.state === "missing") {
    return failed(OUTPUTS_MISSING, `The Job ended well, but ${outputs.what} did not arrive.`);
  }
  if (outputs.state === "differs") return failed(OUTPUTS_DIFFER, `${outputs.what}.`);
  const { summary, isVouched } = outputs;
  // What the harness vouches for is what it wrote; else a write of the mount may have been lost.
  const isHarnessWord = isVouched || /\b(?:NaN|Infinity)\b/.test(summary);
  const { scoring } = collab;
  if (read === null || (scoring !== "none" && read.missing.includes(scoring.field))) {
    return failed(
      isHarnessWord ? SCORE_INVALID : OUTPUTS_MISSING,
      isHarnessWord ? undefined : "summary.json arrived without its score.",
    );
  }
  if (read.missing.length > 0 && !isVouched) {
    return failed(OUTPUTS_MISSING, `summary.json arrived without ${read.missing.join(", ")}.`);
  }
  return { state: "completed", read };
}

/** The log's word on the summary. A log that is not there yet is asked for again, one that never comes has none. */
async function harnessWords(run: Run, options: JudgeOptions): Promise<HarnessResult | null> {
  const { backend, readBackWaitsMs, log } = options;
  const jobId = run.attempts.at(-1)?.job_id ?? null;
  if (jobId === null) return null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const lines = await backend.hub.jobs(run.namespace).logs(jobId, LOG_LINES);
      if (lines.length > 0 || attempt === LOG_TRIES) return harnessResult(lines);
    } catch (error) {
      log("info", "a log could not be read", { run: run.run_id, error: errorFields(error) });
      if (attempt === LOG_TRIES) return null;
    }
    await pause(readBackWaitsMs[attempt - 1] ?? 0, options);
  }
}

/** The harness's reasons, if they are its own. */
async function summaryOfFailure(
  run: Run,
  result: HarnessResult | null,
  options: JudgeOptions,
): Promise<Record<string, unknown> | null> {
  const { backend, readBackWaitsMs } = options;
  const bucket = backend.hub.bucket(run.state.bucket);
  for (const wait of [...readBackWaitsMs.slice(0, REASON_WAITS), null]) {
    const look = () => readSummaryText(bucket, run.state, result);
    const text = await until("reading a summary", look, options);
    if (text !== null) return parseObject(text);
    if (wait !== null) await pause(wait, options);
  }
  return null;
}

/** The run after an attempt's end. `retry`: another attempt is reserved in the same step. */
export function endedRun(
  run: Run,
  at: string,
  end: { judged: Judged; stage: string | null; dollars: number; retry: boolean },
): Run {
  const { judged, stage, dollars, retry } = end;
  const failure = judged.state === "failed" ? failureOf(judged.failed) : null;
  const attempts = withAttempt(run, {
    finished_at: at,
    cost_dollars: dollars,
    failure,
    ...(stage !== null && { stage }),
  });
  const spent = roundDollars(attempts.reduce((sum, attempt) => sum + (attempt.cost_dollars ?? 0), 0));
  if (retry) return nextAttempt({ ...run, attempts }, at, spent);
  return {
    ...run,
    attempts,
    status: judged.state === "completed" ? "completed" : failure?.kind === "canceled" ? "canceled" : "failed",
    failure,
    charged: judged.state === "completed" || judged.failed.charged,
    cost_dollars: spent,
    finished_at: at,
    mirrored: false,
    ...(judged.state === "completed" && {
      summary: judged.read.summary,
      runtime_hash: judged.read.runtimeHash ?? run.runtime_hash,
    }),
  };
}

/** In a folder of its own: what a Job that was given up still writes must not pass for this one's outputs. */
function nextAttempt(run: Run, at: string, spent: number): Run {
  const n = run.attempts.length + 1;
  const base = run.state.prefix.replace(/\.\d+$/, "");
  return {
    ...run,
    status: "reserved",
    state: { ...run.state, prefix: `${base}.${n}` },
    reserved_dollars: roundDollars(spent + mostDollars(run.timeout_minutes, run.dollars_per_hour)),
    attempts: [...run.attempts, newAttempt(n, at)],
  };
}

/** Of a Job that the Hub has forgotten: from its launch until now, at most what was reserved. */
export function costOf(run: Run, job: JobInfo | null, now: number): number {
  if (job !== null) return jobDollars(job, run.dollars_per_hour, now);
  const launched = run.attempts.at(-1)?.launched_at;
  if (launched == null) return 0;
  const minutes = Math.max(1, Math.ceil((now - Date.parse(launched)) / 60_000));
  return mostDollars(Math.min(minutes, run.timeout_minutes), run.dollars_per_hour);
}
