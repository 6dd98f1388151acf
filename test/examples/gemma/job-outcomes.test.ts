import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE } from "../support/gemma.ts";
import { python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

/** Files of the shape that the original API and harness wrote; the values are made up. */
const STATUS = {
  agent_id: "agent-7",
  hf_user: "someone",
  job_id: "0123456789abcdef01234567",
  job_url: "https://example.org/jobs/0123456789abcdef01234567",
  finished_at: "2026-06-20T10:23:46.713Z",
  submission_prefix: "submissions/agent-7/v1",
  timeout_minutes: 40,
};
const completed = {
  ...STATUS,
  status: "completed",
  stage: "COMPLETED",
  message: "benchmark completed; see summary.json",
};
const failed = (message: string) => ({ ...STATUS, status: "error", stage: "ERROR", message });
const exited = (code: number) =>
  failed(`job ended in error: Job failed with exit code: ${code}. Reason: Error`);
const FLAT = {
  tps: 311.5,
  output_tps: 311.5,
  total_tps: 480.2,
  completed: 128,
  num_prompts: 128,
  duration_s: 210.4,
};
const ours = (kind: string, reason_code: string) => ({ status: "failed", failure: { kind, reason_code } });

describe("what became of a Job", () => {
  it.each([
    ["completed, with tps and ppl", completed, { ...FLAT, ppl: 2.31 }, "completed", "completed", true, false],
    ["completed, but the ppl files were lost", completed, FLAT, "incomplete", "outputs_missing", false, true],
    ["completed, but there is no summary", completed, null, "incomplete", "outputs_missing", false, true],
    [
      "the image could not be pulled",
      failed('Job image specification error: Back-off pulling image "docker.io/a/b": ErrImagePull: aborted'),
      null,
      "infra_error",
      "image_pull",
      false,
      true,
    ],
    [
      "a volume could not be mounted",
      failed("job ended in error: Volume mount failed: init container exhausted retries"),
      null,
      "infra_error",
      "volume_mount",
      false,
      true,
    ],
    [
      "it never left the queue",
      {
        ...STATUS,
        status: "timed_out",
        stage: "SCHEDULING",
        message: "job did not finish within 40 minutes",
      },
      null,
      "infra_error",
      "never_scheduled",
      false,
      true,
    ],
    [
      "it ran into its limit",
      { ...STATUS, status: "timed_out", stage: "RUNNING", message: "job did not finish within 40 minutes" },
      null,
      "timeout",
      "run_timeout",
      true,
      false,
    ],
    ["an exit code without a summary", exited(1), null, "submission_error", "unknown", true, false],
    [
      "a submission error of ours",
      exited(10),
      ours("submission_error", "server_exited"),
      "submission_error",
      "server_exited",
      true,
      false,
    ],
    [
      "a timeout of ours",
      exited(11),
      ours("timeout", "server_silent"),
      "timeout",
      "server_silent",
      true,
      false,
    ],
    [
      "an infrastructure error of ours",
      exited(12),
      ours("infra_error", "disk_full"),
      "infra_error",
      "disk_full",
      false,
      true,
    ],
    [
      "a summary that claims a refund which the exit code does not confirm",
      exited(10),
      ours("infra_error", "disk_full"),
      "submission_error",
      "unknown",
      true,
      false,
    ],
    [
      "canceled",
      { ...STATUS, status: "canceled", stage: "CANCELED", message: null },
      null,
      "canceled",
      "canceled",
      true,
      false,
    ],
    ["running", { ...STATUS, status: "running", stage: "RUNNING" }, null, "running", "running", true, false],
  ])("%s", async (_name, status, summary, kind, reason_code, charged, retry) => {
    await using bench = await Bench.create();
    await writeFile(join(bench.root, "job_status.json"), JSON.stringify(status));
    if (summary !== null) await writeFile(join(bench.root, "summary.json"), JSON.stringify(summary));
    const done = await python([join(EXAMPLE, "tools/classify_run.py"), bench.root]);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toEqual({ kind, reason_code, charged, retry });
  });
});
