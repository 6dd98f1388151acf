/**
 * A run: one submission, frozen, measured by a Job. `runs/{run_id}.json` in the central bucket is its whole
 * state; it is written when the run is reserved (before anything is launched), at each step, and at the end.
 * Quotas and budget are sums over these files, so nothing is counted twice and nothing is forgotten.
 */
import { z } from "@hono/zod-openapi";
import { filenameStamp, type Stamp } from "./stamp.ts";

export const RUN_KINDS = ["benchmark", "verification"] as const;
export const LANES = ["smoke", "full"] as const;
/**
 * `reserved`: counted and durable, perhaps not launched yet. `launched`: a Job is known. The rest is final:
 * `completed` only after every output was read back, `failed` with a typed failure, `canceled` by somebody.
 */
export const RUN_STATUSES = ["reserved", "launched", "completed", "failed", "canceled"] as const;
export const FAILURE_KINDS = ["submission_error", "infra_error", "timeout", "canceled"] as const;

export type Lane = (typeof LANES)[number];
export type RunStatus = (typeof RUN_STATUSES)[number];

const place = z.object({ bucket: z.string(), prefix: z.string() });

const Failure = z.object({
  kind: z.enum(FAILURE_KINDS),
  /** Stable, for programs: `server_exited`, `image_pull`, `run_timeout`, … */
  reason_code: z.string(),
  message: z.string(),
  next_step: z.string(),
});
export type RunFailure = z.infer<typeof Failure>;

/** One Job of a run. A second one follows only when the machine, not the submission, was at fault. */
const Attempt = z.object({
  n: z.number().int().positive(),
  job_id: z.string().nullable(),
  job_url: z.string().nullable(),
  /** ISO 8601, as every time here. */
  reserved_at: z.string(),
  launched_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  /** Of the Hub, as last seen. */
  stage: z.string().nullable(),
  /** US dollars; `null` until it is over. */
  cost_dollars: z.number().nullable(),
  failure: Failure.nullable(),
});
export type RunAttempt = z.infer<typeof Attempt>;

/** The `n`-th attempt, reserved at `at` (ISO 8601): nothing is launched yet. */
export function newAttempt(n: number, at: string): RunAttempt {
  return {
    n,
    job_id: null,
    job_url: null,
    reserved_at: at,
    launched_at: null,
    finished_at: null,
    stage: null,
    cost_dollars: null,
    failure: null,
  };
}

/** A yes-or-no condition of the harness on a finished run. */
const Gate = z.object({
  name: z.string(),
  ok: z.boolean(),
  reason_code: z.string().nullable(),
  value: z.union([z.number(), z.string(), z.boolean(), z.null()]),
  limit: z.union([z.number(), z.string(), z.boolean(), z.null()]),
  /** How the two are compared: `<=`, `>=`, `==`, … */
  comparison: z.string(),
});
export type RunGate = z.infer<typeof Gate>;

/** What the harness wrote, as far as the collab uses it; the whole is `summary.json` among the outputs. */
const Summary = z.object({
  sha256: z.string(),
  /** Score, guardrails and columns by field name. */
  values: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  gates: z.array(Gate),
  /** `null`: the harness has no gates. */
  gates_ok: z.boolean().nullable(),
  harness_version: z.string().nullable(),
  harness_sha256: z.string().nullable(),
  /** Parts of the isolation (`user`, `files`, `network`) and whether the harness enforced them; left out if it does not say. */
  isolation: z.record(z.string(), z.boolean()).optional(),
});
export type RunSummary = z.infer<typeof Summary>;

export const RunSchema = z
  .object({
    v: z.literal(1),
    run_id: z.string(),
    kind: z.enum(RUN_KINDS),
    lane: z.enum(LANES),
    agent_id: z.string(),
    hf_user: z.string(),
    /** Of a verification: the result that is measured again. */
    result: z.string().nullable(),
    /** Where the agent had it, and the copy that was frozen and is what runs. */
    submission: z.object({
      source: place,
      snapshot: place,
      /** SHA-256 over paths, sizes and content hashes: equal for equal files, whoever sends them. */
      content_hash: z.string(),
      files: z.number().int(),
      bytes: z.number(),
    }),
    /** The harness's word on what really ran, equal for renamed copies; until it is known the content hash. */
    runtime_hash: z.string(),
    /** Folder of the scratch bucket that gets copies of the outputs; `null` for verifications. */
    run_prefix: z.string().nullable(),
    /** What the Job writes into. */
    state: place,
    /** Organisation or user that the Job belongs to. */
    namespace: z.string(),
    hardware: z.string(),
    dollars_per_hour: z.number(),
    timeout_minutes: z.number(),
    /** The most that the attempts so far can cost; counts against the budget until they are over. */
    reserved_dollars: z.number(),
    /** What it cost; `null` until it is over. */
    cost_dollars: z.number().nullable(),
    /** Counts against the quotas. `false` when the machine was at fault. */
    charged: z.boolean(),
    status: z.enum(RUN_STATUSES),
    failure: Failure.nullable(),
    attempts: z.array(Attempt),
    summary: Summary.nullable(),
    /** Outputs, log and status are where people look for them: the agent's scratch bucket; of a verification its state. */
    mirrored: z.boolean().default(true),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .openapi("Run");
/** The state of a run as it is kept. */
export type Run = z.infer<typeof RunSchema>;

export function isRunOver({ status }: Pick<Run, "status">): boolean {
  return status !== "reserved" && status !== "launched";
}

/** `20261128-131500-123_ada`: sorts by time, names its owner. */
export function runId(stamp: Stamp, agentId: string): string {
  return `${filenameStamp(stamp)}_${agentId}`;
}

export const RUN_ID_PATTERN = /^\d{8}-\d{6}-\d{3}_[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

export function runPath(run_id: string): string {
  return `runs/${run_id}.json`;
}

/** `null` for text that is no run: a file that a person damaged must not stop the board. */
export function parseRun(text: string): Run | null {
  try {
    const parsed = RunSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export function runText(run: Run): string {
  return `${JSON.stringify(run, null, 2)}\n`;
}
