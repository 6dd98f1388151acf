/** `job_status.json` and `job_logs.txt` as v1 clients read them in their own bucket (api-v1.md 9.4), and more. */
import type { Run } from "../documents/run.ts";
import { serialiseJson } from "../upkeep/json-file.ts";

const NO_LOGS = "(no logs returned)";

/** While the Job runs. */
export function runningStatus(run: Run): string {
  return statusText(run, {
    status: "running",
    stage: run.attempts.at(-1)?.stage ?? null,
    launched_at: run.attempts.at(-1)?.launched_at ?? null,
  });
}

/** Of a run that is over. */
export function finalStatus(run: Run): string {
  return statusText(run, {
    status: statusWord(run),
    stage: run.attempts.at(-1)?.stage ?? null,
    finished_at: run.finished_at,
    message:
      run.failure === null
        ? "The run is complete; see summary.json."
        : `${run.failure.message} ${run.failure.next_step}`,
    failure: run.failure,
    cost_dollars: run.cost_dollars,
    charged: run.charged,
  });
}

export function logText(lines: readonly string[]): string {
  return lines.length === 0 ? NO_LOGS : lines.join("\n");
}

/** What could not be read is said, not left out. */
export function noLogText(error: unknown): string {
  return `(failed to fetch logs: ${error instanceof Error ? error.message : String(error)})`;
}

/** The words that v1 has for it. */
function statusWord({ status, failure }: Run): string {
  if (status === "completed") return "completed";
  if (failure?.reason_code === "deleted") return "deleted";
  if (failure?.kind === "canceled") return "canceled";
  return failure?.kind === "timeout" ? "timed_out" : "error";
}

function statusText(run: Run, more: Record<string, unknown>): string {
  const attempt = run.attempts.at(-1);
  const status = {
    run_id: run.run_id,
    ...(run.result !== null && { filename: run.result }),
    lane: run.lane,
    attempt: attempt?.n ?? null,
    agent_id: run.agent_id,
    hf_user: run.hf_user,
    job_id: attempt?.job_id ?? null,
    job_url: attempt?.job_url ?? null,
    submission_prefix: run.submission.source.prefix,
    content_hash: run.submission.content_hash,
    timeout_minutes: run.timeout_minutes,
    ...more,
  };
  return serialiseJson(status).trimEnd();
}
