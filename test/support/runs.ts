/** Runs and verdicts of a plausible shape, for tests that only care about a few of their fields. */

import { type Run, type RunSummary, runPath, runText } from "../../template/spaces/backend/documents/run.ts";
import type { Verdict } from "../../template/spaces/backend/documents/verdict.ts";
import type { BackendUnderTest } from "./backend.ts";

export function sampleRun(change: Partial<Run> = {}): Run {
  const created = "2026-06-01T10:00:00.000Z";
  const bucket = "demo/gemma-ada";
  return {
    v: 1,
    run_id: "20260601-100000-000_ada",
    kind: "benchmark",
    lane: "full",
    agent_id: "ada",
    hf_user: "ada",
    result: null,
    submission: {
      source: { bucket, prefix: "submissions/v1" },
      snapshot: { bucket: "demo/gemma-main-bucket", prefix: "submissions/c0ffee" },
      content_hash: "c0ffee",
      files: 2,
      bytes: 1234,
    },
    runtime_hash: "c0ffee",
    run_prefix: "runs/v1",
    state: { bucket: "demo-admin/gemma-audit", prefix: "runs/20260601-100000-000_ada" },
    namespace: "demo",
    hardware: "a100-large",
    dollars_per_hour: 2.5,
    timeout_minutes: 40,
    reserved_dollars: 1.67,
    cost_dollars: null,
    charged: true,
    status: "completed",
    failure: null,
    attempts: [],
    summary: null,
    mirrored: true,
    created_at: created,
    finished_at: null,
    ...change,
  };
}

/** What a harness measured. */
export function sampleSummary(values: RunSummary["values"], change: Partial<RunSummary> = {}): RunSummary {
  return {
    sha256: "5ca1ab1e",
    values,
    gates: [],
    gates_ok: true,
    harness_version: "1.0.0",
    harness_sha256: "ha54",
    ...change,
  };
}

/** Makes a run known as the backend's own runs are: durable, and on the board. */
export async function keepRun({ backend }: BackendUnderTest, run: Run): Promise<Run> {
  await backend.record.submit({
    prepare: () => ({
      changes: [{ op: "put", path: runPath(run.run_id), text: runText(run) }],
      audit: { agent_id: run.agent_id, route: "run", via: "server", source: null, status_code: 202 },
      response: null,
    }),
  });
  return run;
}

export function sampleVerdict(change: Partial<Verdict> = {}): Verdict {
  return {
    v: 1,
    filename: "20260601-100000-000_ada.md",
    state: "queued",
    reason_code: null,
    reason: "",
    by: "backend",
    at: "2026-06-01T10:00:00.000Z",
    checks: [],
    run_ids: [],
    applied: true,
    deferred: false,
    silent: false,
    pointer: null,
    submission: null,
    reviews: [],
    disputes: [],
    history: [],
    ...change,
  };
}
