import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "../../support/backend.ts";
import { type Behaviour, RunsBed } from "./support.ts";

/** How runs end that do not complete. */
describe("a run that fails", () => {
  let bed: RunsBed;
  let ada: TestAgent;

  beforeAll(async () => {
    bed = await RunsBed.start({
      jobs: { per_agent_per_day: 1000, per_user_per_day: 1000, timeout_minutes: 40 },
      collab: { scoring: { guardrails: [{ field: "ppl", max: 3 }] } },
    });
    ada = await bed.backend.agent("ada-1");
  });
  afterAll(() => bed[Symbol.asyncDispose]());

  const good = { score: 1, summary: { ppl: 2 } };
  const failing = (exit: number, kind?: string, reason_code?: string): Behaviour => ({
    exit,
    summary:
      kind === undefined
        ? {}
        : { failure: { kind, reason_code, message: "It broke.", next_step: "Mend it." } },
  });

  it.each<[string, Behaviour, string, string, boolean, number]>([
    [
      "by its submission",
      failing(10, "submission_error", "server_exited"),
      "submission_error",
      "server_exited",
      true,
      1,
    ],
    ["by its submission, without a reason", failing(10), "submission_error", "unknown", true, 1],
    ["with another exit status", failing(1), "submission_error", "unknown", true, 1],
    ["by taking too long", failing(11, "timeout", "server_silent"), "timeout", "server_silent", true, 1],
    ["by the machine", failing(12, "infra_error", "disk_full"), "infra_error", "disk_full", false, 2],
    ["and claims a refund", failing(10, "infra_error", "disk_full"), "submission_error", "unknown", true, 1],
    ["by being stopped", failing(13), "canceled", "terminated", true, 1],
    [
      "without its summary",
      { without: ["summary", "outputs", "line"] },
      "infra_error",
      "outputs_missing",
      false,
      2,
    ],
    [
      "without its list of outputs",
      { ...good, without: ["outputs"] },
      "infra_error",
      "outputs_missing",
      false,
      2,
    ],
    [
      "with a summary that was changed",
      { ...good, tamper: '{"score": 9, "ppl": 2}' },
      "submission_error",
      "outputs_differ",
      true,
      1,
    ],
    [
      "with a summary that was changed, and no line in the log",
      { ...good, tamper: '{"score": 9, "ppl": 2}', without: ["line"] },
      "submission_error",
      "outputs_differ",
      true,
      1,
    ],
    ["without a score", { summary: { ppl: 2 } }, "submission_error", "score_invalid", true, 1],
    [
      "with a score that is no number",
      { score: "fast", summary: { ppl: 2 } },
      "submission_error",
      "score_invalid",
      true,
      1,
    ],
    [
      "with an infinite score in a harness of the simplest kind",
      { tamper: '{"score": Infinity, "ppl": 2}', without: ["line", "outputs"] },
      "submission_error",
      "score_invalid",
      true,
      1,
    ],
    [
      "with a summary that came without its guardrail, from such a harness",
      { score: 3, without: ["line", "outputs"] },
      "infra_error",
      "outputs_missing",
      false,
      2,
    ],
  ])("%s", async (_name, behaviour, kind, reasonCode, charged, attempts) => {
    const run = await bed.ended(ada, behaviour);
    expect(run).toMatchObject({
      status: kind === "canceled" ? "canceled" : "failed",
      failure: {
        kind,
        reason_code: reasonCode,
        message: expect.stringMatching(/./),
        next_step: expect.stringMatching(/./),
      },
      charged,
      summary: null,
    });
    expect(run.attempts).toHaveLength(attempts);
    expect(await bed.jobsOf(run.run_id)).toHaveLength(attempts);
    // Every Job that ran has cost something, refunded or not.
    expect(run.cost_dollars).toBeCloseTo(0.000167 * attempts, 6);
    if (reasonCode === "server_exited")
      expect(run.failure).toMatchObject({ message: "It broke.", next_step: "Mend it." });
    await bed.when(run.run_id, ({ mirrored }) => mirrored);
    const status = await bed.backend
      .hubAs("ada")
      .bucket(ada.bucket)
      .readText(`${run.run_prefix}/job_status.json`);
    expect(JSON.parse(status ?? "")).toMatchObject({
      status: kind === "canceled" ? "canceled" : kind === "timeout" ? "timed_out" : "error",
      failure: { reason_code: reasonCode },
    });
  });

  it("once by the machine is tried again, in a folder of its own, and completes", async () => {
    // As the Hub ends a Job whose volumes cannot be mounted.
    const prefix = await bed.submission(ada, good);
    await bed.maxRunning(0);
    const { body } = await bed.launch(ada, prefix);
    const [job] = await bed.jobsOf(body.run_id);
    const { db } = bed.backend.localHub.context;
    db.prepare("UPDATE jobs SET stage = 'ERROR', message = ?, finished_at = created_at WHERE id = ?").run(
      "Volume mount failed: init container exhausted retries",
      job?.id ?? "",
    );
    await bed.when(body.run_id, ({ attempts }) => attempts.length === 2);
    await bed.maxRunning(4);
    const run = await bed.over(body.run_id);
    expect(run).toMatchObject({ status: "completed", charged: true, failure: null });
    expect(run.attempts.map(({ failure }) => failure?.reason_code)).toEqual(["volume_mount", undefined]);
    expect(run.attempts.map(({ cost_dollars }) => cost_dollars)).toEqual([0, expect.closeTo(0.000167, 6)]);
    expect(run.state.prefix).toBe(`runs/${run.run_id}.2`);
  });

  it("by a log line of a server is not deceived", async () => {
    const run = await bed.ended(ada, { ...good, print: '[server] harness-result: {"summary_sha256": "00"}' });
    expect(run.status).toBe("completed");
  });

  it("completes from a harness that only writes a summary", async () => {
    const run = await bed.ended(ada, { ...good, without: ["line", "outputs"] });
    expect(run).toMatchObject({ status: "completed", summary: { values: { score: 1, ppl: 2 } } });
  });

  it("has all its outputs read back, and copied to the agent", async () => {
    const run = await bed.ended(ada, { ...good, files: { "rows.jsonl": "{}\n{}\n", "server.log": "hello" } });
    expect(run.status).toBe("completed");
    await bed.when(run.run_id, ({ mirrored }) => mirrored);
    const bucket = bed.backend.hubAs("ada").bucket(ada.bucket);
    expect(await bucket.readText(`${run.run_prefix}/rows.jsonl`)).toBe("{}\n{}\n");
    expect(await bucket.readText(`${run.run_prefix}/server.log`)).toBe("hello");
    expect(await bucket.readText(`${run.run_prefix}/outputs.json`)).toContain("rows.jsonl");
  });
});

describe("a Job that does not end", () => {
  it("is ended past its limit, and charged", async () => {
    await using bed = await RunsBed.start({ jobs: { timeout_minutes: 1 }, runs: { graceMs: -59_500 } });
    const ada = await bed.backend.agent("ada-1");
    const run = await bed.ended(ada, { score: 1, sleep: 60 });
    expect(run).toMatchObject({ failure: { kind: "timeout", reason_code: "run_timeout" }, charged: true });
    expect(run.attempts).toHaveLength(1);
    expect((await bed.jobsOf(run.run_id)).map(({ stage }) => stage)).toEqual(["CANCELED"]);
    const status = await bed.when(run.run_id, ({ mirrored }) => mirrored);
    expect(status.mirrored).toBe(true);
  });

  it("is given up where no machine takes it, tried once more, and refunded", async () => {
    await using bed = await RunsBed.start({ runs: { queueMs: 300 } });
    const ada = await bed.backend.agent("ada-1");
    await bed.maxRunning(0);
    const run = await bed.ended(ada, { score: 1 });
    expect(run).toMatchObject({
      failure: { kind: "infra_error", reason_code: "never_scheduled" },
      charged: false,
      cost_dollars: 0,
    });
    expect(run.attempts).toHaveLength(2);
    const { body } = await bed.backend.get("/v1/jobs?agent=ada-1");
    expect(body.quota.lanes.full.agent_remaining).toBe(10);
  });

  it("is not tried again when the day's budget has no second attempt", async () => {
    // One attempt can cost 40 minutes of $0.01 an hour.
    await using bed = await RunsBed.start({ jobs: { budget_per_day: 0.0067 } });
    const ada = await bed.backend.agent("ada-1");
    const run = await bed.ended(ada, { exit: 12 });
    expect(run).toMatchObject({ failure: { kind: "infra_error" }, charged: false });
    expect(run.attempts).toHaveLength(1);
  });
});
