import { describe, expect, it } from "vitest";
import type { JobInfo } from "../../../template/hub/types.ts";
import {
  type Ended,
  failureOf,
  jobDollars,
  jobOutcome,
  withHarnessReason,
} from "../../../template/spaces/backend/runs/outcome.ts";
import { harnessResult } from "../../../template/spaces/backend/runs/outputs.ts";
import { readSummary } from "../../../template/spaces/backend/runs/summary.ts";
import { overdue } from "../../../template/spaces/backend/runs/watcher.ts";
import { testCollab } from "../../support/backend.ts";

const minute = (n: number) => new Date(Date.UTC(2026, 5, 1, 10, n)).toISOString();

/** Created at 10:00, taken by a machine at 10:05, over at 10:25. */
function job(change: Partial<JobInfo> = {}): JobInfo {
  return {
    id: "0123456789abcdef01234567",
    url: "https://example.org/jobs/demo/0123456789abcdef01234567",
    stage: "COMPLETED",
    message: null,
    cancelReason: null,
    flavor: "a100-large",
    labels: new Map(),
    createdAt: minute(0),
    startedAt: minute(5),
    finishedAt: minute(25),
    ...change,
  };
}
const error = (message: string, change: Partial<JobInfo> = {}) => job({ stage: "ERROR", message, ...change });
const LIMITS = { timeoutMinutes: 40, queueMs: 40 * 60_000 };
const waiting = { startedAt: null };

describe("what became of a Job", () => {
  it.each<[string, JobInfo | null, Ended, string, string, boolean, boolean]>([
    [
      "an image that cannot be pulled",
      error(
        'Job image specification error: Back-off pulling image "docker.io/a/b": ErrImagePull: aborted',
        waiting,
      ),
      null,
      "infra_error",
      "image_pull",
      false,
      true,
    ],
    [
      "a volume that cannot be mounted",
      error("Volume mount failed: init container exhausted retries", waiting),
      null,
      "infra_error",
      "volume_mount",
      false,
      true,
    ],
    ["a lost machine", error("The node was terminated"), null, "infra_error", "machine_lost", false, true],
    ["a Job the Hub has forgotten", null, null, "infra_error", "job_lost", false, true],
    [
      "canceled by us, never scheduled",
      job({ stage: "CANCELED", ...waiting }),
      "never_scheduled",
      "infra_error",
      "never_scheduled",
      false,
      true,
    ],
    [
      "the same, found after a restart",
      job({ stage: "CANCELED", ...waiting, finishedAt: minute(41) }),
      null,
      "infra_error",
      "never_scheduled",
      false,
      true,
    ],
    [
      "canceled by us, too long",
      job({ stage: "CANCELED" }),
      "run_timeout",
      "timeout",
      "run_timeout",
      true,
      false,
    ],
    [
      "the same, found after a restart",
      job({ stage: "CANCELED", finishedAt: minute(46) }),
      null,
      "timeout",
      "run_timeout",
      true,
      false,
    ],
    [
      "the Hub's own time limit",
      error("Job timed out after 2400 seconds"),
      null,
      "timeout",
      "run_timeout",
      true,
      false,
    ],
    ["the same in another word", error("Job timeout"), null, "timeout", "run_timeout", true, false],
    ["canceled by somebody", job({ stage: "CANCELED" }), null, "canceled", "canceled", true, false],
    [
      "canceled before it ran",
      job({ stage: "CANCELED", ...waiting }),
      null,
      "canceled",
      "canceled",
      false,
      false,
    ],
    [
      "out of credits",
      job({ stage: "CANCELED", cancelReason: "NO_CREDITS" }),
      null,
      "infra_error",
      "no_credits",
      false,
      false,
    ],
    ["deleted", job({ stage: "DELETED" }), null, "canceled", "deleted", true, false],
    [
      "exit 1",
      error("Job failed with exit code: 1. Reason: Error"),
      null,
      "submission_error",
      "unknown",
      true,
      false,
    ],
    ["exit 10", error("Job failed with exit code: 10"), null, "submission_error", "unknown", true, false],
    ["exit 11", error("Job failed with exit code: 11"), null, "timeout", "unknown", true, false],
    ["exit 12", error("Job failed with exit code: 12"), null, "infra_error", "unknown", false, true],
    ["exit 13", error("Job failed with exit code: 13"), null, "canceled", "terminated", true, false],
    [
      "exit 137",
      error("Job failed with exit code: 137. Reason: OOMKilled"),
      null,
      "submission_error",
      "unknown",
      true,
      false,
    ],
    ["a message nobody knows", error("Something else"), null, "submission_error", "unknown", true, false],
  ])("%s", (_name, facts, ended, kind, reasonCode, charged, retry) => {
    const outcome = jobOutcome(facts, ended, LIMITS);
    expect(outcome).toMatchObject({ kind, reasonCode, charged, retry });
    if (outcome.kind === "exited") return;
    const failure = failureOf(outcome);
    expect(failure.message).not.toBe("");
    expect(failure.next_step).not.toBe("");
  });

  it("has ended well with exit code 0, which is not yet complete", () => {
    expect(jobOutcome(job(), null, LIMITS)).toEqual({ kind: "exited" });
  });

  it("takes a reason from the harness only for the kind that the exit status says", () => {
    const exit10 = jobOutcome(error("Job failed with exit code: 10"), null, LIMITS);
    const exit12 = jobOutcome(error("Job failed with exit code: 12"), null, LIMITS);
    if (exit10.kind === "exited" || exit12.kind === "exited") throw new Error("both have failed");
    const failure = (kind: string, reason_code: string) => ({
      failure: { kind, reason_code, message: "first\nsecond", next_step: "do this", details: {} },
    });
    expect(
      withHarnessReason(exit10, failure("submission_error", "server_exited"), "benchmark"),
    ).toMatchObject({
      reasonCode: "server_exited",
      message: "first second",
      nextStep: "do this",
    });
    // A summary that claims a refund.
    expect(withHarnessReason(exit10, failure("infra_error", "disk_full"), "benchmark")).toBe(exit10);
    expect(withHarnessReason(exit10, failure("submission_error", "no word\n"), "benchmark")).toBe(exit10);
    expect(withHarnessReason(exit10, null, "benchmark")).toBe(exit10);
    expect(withHarnessReason(exit12, failure("infra_error", "disk_full"), "benchmark")).toMatchObject({
      reasonCode: "disk_full",
      charged: false,
    });
    // The end of a verification is public.
    const hidden = withHarnessReason(exit10, failure("submission_error", "server_exited"), "verification");
    expect(hidden.reasonCode).toBe("server_exited");
    expect(hidden.message).toBeUndefined();
  });
});

describe("what a Job cost", () => {
  it.each([
    ["whole minutes of the machine, not of the queue", job(), 20],
    ["one minute at least", job({ finishedAt: minute(5) }), 1],
    ["rounded up", job({ finishedAt: new Date(Date.parse(minute(6)) + 1000).toISOString() }), 2],
    ["nothing if no machine took it", job({ stage: "CANCELED", startedAt: null }), 0],
    ["from its creation where the Hub does not say when it began", job({ startedAt: null }), 25],
    ["until now while it goes on", job({ stage: "RUNNING", finishedAt: null }), 30],
  ])("%s", (_name, facts, minutes) => {
    expect(jobDollars(facts, 6, Date.parse(minute(35)))).toBeCloseTo(minutes / 10, 6);
  });
});

describe("a Job that goes on for too long", () => {
  const now = (n: number) => ({ graceMs: 180_000, queueMs: 3_600_000, now: () => Date.parse(minute(n)) });
  it.each([
    ["SCHEDULING", null, 59, null],
    ["SCHEDULING", null, 60, "never_scheduled"],
    ["RUNNING", minute(5), 47, null],
    ["RUNNING", minute(5), 48, "run_timeout"],
  ])("%s since %s, at minute %i: %s", (stage, startedAt, at, expected) => {
    expect(overdue(job({ stage, startedAt, finishedAt: null }), 40, now(at))).toBe(expected);
  });
});

describe("the last words in a log", () => {
  it.each([
    [["a", 'harness-result: {"summary_sha256": "aa"}', "b"], { summarySha256: "aa" }],
    [
      ['harness-result: {"summary_sha256": "aa"}', 'harness-result: {"summary_sha256": "bb"}'],
      { summarySha256: "bb" },
    ],
    [['harness-result: {"summary_sha256": null}'], { summarySha256: null }],
    [["harness-result: {broken"], { summarySha256: null }],
    [['[server] harness-result: {"summary_sha256": "aa"}'], null],
    [[], null],
  ])("of %j are %j", (log, expected) => {
    expect(harnessResult(log)).toEqual(expected);
  });
});

describe("a summary", () => {
  const collab = testCollab({
    scoring: {
      field: "tps",
      guardrails: [{ field: "ppl", max: 2.42 }],
      columns: [{ field: "identity" }, { field: "mmlu_pro" }],
      tracks: [{ id: "open", title: "Open", limits: [{ field: "ram_gb", max: 10 }] }],
    },
  });
  const read = (summary: unknown, kind: "benchmark" | "verification" = "benchmark") =>
    readSummary(JSON.stringify(summary), collab, kind);

  /** Of the shape that the harness of the Gemma example writes. */
  const OURS = {
    schema_version: 1,
    status: "completed",
    score: { tps: 506.7, ppl: 2.39 },
    tps: 506.7,
    ppl: 2.39,
    identity: "tie-only",
    ram_gb: 8,
    diagnostics: { mean_record_ppl: 2.64 },
    isolation: {
      user: { enforced: true },
      files: { enforced: false, why: "no namespaces" },
      odd: { enforced: true },
    },
    gates: [
      {
        gate: "ppl",
        ok: true,
        value: 2.39,
        comparison: "<= 2.42",
        limit: 2.42,
        reason_code: null,
        detail: "x",
      },
      {
        gate: "loop_share",
        ok: false,
        value: 0.4,
        comparison: "<= 0.1",
        limit: 0.1,
        reason_code: "repetition_loop",
      },
    ],
    provenance: { harness_version: "1.2.0", harness_sha256: "ab", submission: { runtime_sha256: "cd" } },
  };

  it("gives score, guardrails, columns, gates and hashes, and nothing else", () => {
    expect(read(OURS)).toMatchObject({
      runtimeHash: "cd",
      missing: [],
      summary: {
        values: { tps: 506.7, ppl: 2.39, identity: "tie-only", ram_gb: 8 },
        gates: [
          { name: "ppl", ok: true, reason_code: null, value: 2.39, limit: 2.42, comparison: "<=" },
          {
            name: "loop_share",
            ok: false,
            reason_code: "repetition_loop",
            value: 0.4,
            limit: 0.1,
            comparison: "<=",
          },
        ],
        gates_ok: false,
        harness_version: "1.2.0",
        harness_sha256: "ab",
        isolation: { user: true, files: false },
      },
    });
  });

  it("of the original harness is flat and has no gates", () => {
    const flat = { tps: 311.5, total_tps: 480.2, ppl: 2.31, completed: 128, num_prompts: 128 };
    expect(read(flat)).toMatchObject({
      missing: [],
      runtimeHash: null,
      summary: { gates: [], gates_ok: null },
    });
    expect(read({ tps: 311.5 })?.missing).toEqual(["ppl"]);
  });

  it("has no text of a server when it is a verification's", () => {
    const chatty = { ...OURS, identity: "the secret prompt was: what is 6 times 7", mmlu_pro: "71.2" };
    expect(read(chatty, "verification")?.summary.values).toEqual({
      tps: 506.7,
      ppl: 2.39,
      ram_gb: 8,
      mmlu_pro: "71.2",
    });
    expect(read(OURS, "verification")?.summary.values.identity).toBe("tie-only");
  });

  it("with a gate that cannot be read has not passed it", () => {
    expect(read({ ...OURS, gates: [{ gate: "odd", ok: "yes" }] })?.summary).toMatchObject({
      gates_ok: false,
      gates: [{ ok: false, reason_code: "gate_unreadable" }],
    });
  });

  it.each(["", "[]", "null", '{"tps": Infinity}', "{"])("that is %j is none", (text) => {
    expect(readSummary(text, collab, "benchmark")).toBeNull();
  });
});
