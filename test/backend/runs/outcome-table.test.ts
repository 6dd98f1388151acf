/** Runs of the original event, and of the Gemma example's harness: one table for the API and for the example's tool. */
import { expect, test } from "vitest";
import { jobOutcome, withHarnessReason } from "../../../template/spaces/backend/runs/outcome.ts";
import { judgement } from "../../../template/spaces/backend/runs/settle.ts";
import { readSummary } from "../../../template/spaces/backend/runs/summary.ts";
import { testCollab } from "../../support/backend.ts";
import { type JobStatusFile, OUTCOMES, type OutcomeCase } from "../../support/run-outcomes.ts";

const collab = testCollab({ scoring: { field: "tps", guardrails: [{ field: "ppl", max: 2.42 }] } });
const LIMITS = { timeoutMinutes: 40, queueMs: 3_600_000 };

/** The Job on the Hub whose end `status` describes. A time-out is a Job that was canceled by its watcher. */
function jobOf({ status, stage, message }: JobStatusFile) {
  const times = {
    createdAt: "2026-06-20T09:50:00Z",
    startedAt: stage === "SCHEDULING" ? null : "2026-06-20T09:53:00Z",
    finishedAt: "2026-06-20T10:23:46Z",
  };
  return {
    ...times,
    message,
    cancelReason: null,
    stage: status === "timed_out" ? "CANCELED" : (stage ?? ""),
  };
}

const endedBy = ({ status, stage }: JobStatusFile) =>
  status !== "timed_out" ? null : stage === "SCHEDULING" ? "never_scheduled" : "run_timeout";

function outcomeOf({ status, summary }: OutcomeCase) {
  const outcome = jobOutcome(jobOf(status), endedBy(status), LIMITS);
  if (outcome.kind !== "exited") return withHarnessReason(outcome, summary, "benchmark");
  const text = summary === null ? null : JSON.stringify(summary);
  const judged = judgement(
    text === null
      ? { state: "missing", what: "summary.json" }
      : { state: "whole", summary: text, isVouched: false },
    text === null ? null : readSummary(text, collab, "benchmark"),
    { collab },
  );
  if (judged.state === "failed") return judged.failed;
  return { kind: "completed", reasonCode: "completed", charged: true, retry: false };
}

test.each(OUTCOMES.map((entry) => [entry.name, entry] as const))("%s", (_name, entry) => {
  const { kind, reasonCode, charged, retry } = outcomeOf(entry);
  expect({ kind, reason_code: reasonCode, charged, retry }).toEqual(entry.outcome);
});
