/**
 * What becomes of a run, case by case. The files have the shape of those that the original event's API and
 * harness wrote; the values are made up. The harness's own tool and the API's classifier must agree on every one.
 */

/** `job_status.json` of a finished run. */
export interface JobStatusFile {
  agent_id: string;
  hf_user: string;
  job_id: string;
  job_url: string;
  status: "running" | "completed" | "error" | "timed_out" | "canceled" | "deleted";
  stage: string | null;
  message: string | null;
  finished_at: string;
  submission_prefix: string;
  timeout_minutes: number;
}

export interface OutcomeCase {
  name: string;
  status: JobStatusFile;
  /** summary.json; `null` where there is none. */
  summary: Record<string, unknown> | null;
  outcome: { kind: string; reason_code: string; charged: boolean; retry: boolean };
}

const STATUS: JobStatusFile = {
  agent_id: "agent-7",
  hf_user: "someone",
  job_id: "0123456789abcdef01234567",
  job_url: "https://example.org/jobs/example-org/0123456789abcdef01234567",
  status: "completed",
  stage: "COMPLETED",
  message: "benchmark completed; see summary.json",
  finished_at: "2026-06-20T10:23:46.713Z",
  submission_prefix: "submissions/agent-7/v1",
  timeout_minutes: 40,
};

/** `summary.json` of the original harness: flat, without a status, with paths inside its container. */
const FLAT = {
  tps: 311.51234567890123,
  output_tps: 311.51234567890123,
  total_tps: 480.2412345,
  ppl: 2.3101234567,
  ppl_num_tokens: 61797,
  completed: 128,
  num_prompts: 128,
  output_len: 512,
  max_concurrency: 1,
  duration_s: 210.381234,
  request_throughput_req_s: 0.60841,
  mean_e2e_latency_ms: 1643.2,
  p99_e2e_latency_ms: 2104.9,
  decode_num_records: 128,
  decode_num_completion_tokens: 65536,
  decode_token_ids_required: true,
  model: "gemma-4-e4b-it",
  base_url: "http://127.0.0.1:8000",
  job_id: STATUS.job_id,
  benchmark_jsonl: "/state/benchmark.jsonl",
  decode_outputs_file: "/state/decode_outputs.jsonl",
  decode_summary_file: "/state/decode_summary.json",
  ppl_summary_file: "/state/ppl_summary.json",
  ppl_results_file: "/state/ppl_results.jsonl",
  benchmark_dependencies: ["sglang==0.5.2"],
  server_dependencies: ["vllm==0.20.0"],
};
const { ppl: _, ...WITHOUT_PPL } = FLAT;

const error = (message: string): JobStatusFile => ({ ...STATUS, status: "error", stage: "ERROR", message });
const exited = (code: number) =>
  error(`job ended in error: Job failed with exit code: ${code}. Reason: Error`);
const timedOut = (stage: string): JobStatusFile => ({
  ...STATUS,
  status: "timed_out",
  stage,
  message: "job did not finish within 40 minutes; see job_logs.txt",
});
const failure = (kind: string, reason_code: string) => ({
  schema_version: 1,
  status: "failed",
  failure: { kind, reason_code, message: "A sentence.", next_step: "Another." },
});

const COMPLETED = { kind: "completed", reason_code: "completed", charged: true, retry: false };
const charged = (kind: string, reason_code: string) => ({ kind, reason_code, charged: true, retry: false });
const refunded = (reason_code: string) => ({
  kind: "infra_error",
  reason_code,
  charged: false,
  retry: true,
});

export const OUTCOMES: readonly OutcomeCase[] = [
  { name: "completed, with tps and ppl", status: STATUS, summary: FLAT, outcome: COMPLETED },
  {
    name: "completed, but the ppl files were lost",
    status: STATUS,
    summary: WITHOUT_PPL,
    outcome: refunded("outputs_missing"),
  },
  {
    name: "completed, but there is no summary",
    status: STATUS,
    summary: null,
    outcome: refunded("outputs_missing"),
  },
  {
    name: "the image could not be pulled",
    status: error(
      'job ended in error: Job image specification error: Back-off pulling image "docker.io/a/b": ErrImagePull: aborted',
    ),
    summary: null,
    outcome: refunded("image_pull"),
  },
  {
    name: "a volume could not be mounted",
    status: error("job ended in error: Volume mount failed: init container exhausted retries"),
    summary: null,
    outcome: refunded("volume_mount"),
  },
  {
    name: "its machine was lost",
    status: error("job ended in error: node was lost"),
    summary: null,
    outcome: refunded("machine_lost"),
  },
  {
    name: "it never left the queue",
    status: timedOut("SCHEDULING"),
    summary: null,
    outcome: refunded("never_scheduled"),
  },
  {
    name: "it ran into its limit",
    status: timedOut("RUNNING"),
    summary: null,
    outcome: charged("timeout", "run_timeout"),
  },
  {
    name: "it ran into its limit after the timed pass",
    status: timedOut("RUNNING"),
    summary: WITHOUT_PPL,
    outcome: charged("timeout", "run_timeout"),
  },
  {
    name: "the original harness gave up",
    status: exited(1),
    summary: null,
    outcome: charged("submission_error", "unknown"),
  },
  {
    name: "killed, as by a machine that ran out of memory",
    status: exited(137),
    summary: null,
    outcome: charged("submission_error", "unknown"),
  },
  {
    name: "a submission error of this harness",
    status: exited(10),
    summary: failure("submission_error", "server_exited"),
    outcome: charged("submission_error", "server_exited"),
  },
  {
    name: "a timeout of this harness",
    status: exited(11),
    summary: failure("timeout", "server_silent"),
    outcome: charged("timeout", "server_silent"),
  },
  {
    name: "an infrastructure error of this harness",
    status: exited(12),
    summary: failure("infra_error", "disk_full"),
    outcome: refunded("disk_full"),
  },
  {
    name: "a summary that claims a refund which the exit code does not confirm",
    status: exited(10),
    summary: failure("infra_error", "disk_full"),
    outcome: charged("submission_error", "unknown"),
  },
  {
    name: "canceled",
    status: { ...STATUS, status: "canceled", stage: "CANCELED", message: null },
    summary: null,
    outcome: charged("canceled", "canceled"),
  },
  {
    name: "deleted",
    status: { ...STATUS, status: "deleted", stage: "DELETED", message: null },
    summary: null,
    outcome: charged("canceled", "deleted"),
  },
];
