/** `POST /v1/jobs:run` (api-v1.md 9.1): a benchmark run on the organisation's credits. */
import { z } from "@hono/zod-openapi";
import { scratchBucket } from "../../../schema/collab.ts";
import type { Backend } from "../backend.ts";
import { ownerOf } from "../board/queries/agents.ts";
import { requireId } from "../documents/naming.ts";
import { bucketUri, requirePath } from "../documents/paths.ts";
import { LANES, type Lane, type Run } from "../documents/run.ts";
import { ApiError } from "../errors.ts";
import { lanePlan } from "../runs/lanes.ts";
import { benchmarkRefusal, budgetLeft, remaining } from "../runs/quotas.ts";
import { quotaError, type RunWish } from "../runs/reserve.ts";
import { listSubmission, snapshotCopies } from "../runs/submission.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { text } from "./fields.ts";
import { auditOf, commit, requireOpen } from "./write.ts";

const ROUTE = "/v1/jobs:run";
const MAX_PREFIX = 500;

const Body = z
  .object({
    agent_id: text("Whose run it is."),
    submission_prefix: text("Folder of the agent's scratch bucket that is measured.").max(MAX_PREFIX),
    run_prefix: z
      .string()
      .max(MAX_PREFIX)
      .nullish()
      .transform((prefix) => prefix ?? null)
      .openapi({
        type: ["string", "null"],
        description: "Folder there that gets the outputs; default runs/{run_id}.",
      }),
    lane: z
      .enum(LANES)
      .nullish()
      .transform((lane) => lane ?? "full")
      .openapi({ type: "string", enum: [...LANES], default: "full" }),
  })
  .openapi("RunJob");

const Answer = z.object({
  run_id: z.string(),
  lane: z.enum(LANES),
  agent_id: z.string(),
  hf_user: z.string(),
  submission_bucket: z.string(),
  submission_prefix: z.string(),
  content_hash: z.string(),
  run_bucket: z.string(),
  run_prefix: z.string(),
  job_id: z.string().nullable().openapi({ description: "null while the launch is still under way." }),
  job_url: z.string().nullable(),
  status: z.string().openapi({ example: "launched" }),
  hardware: z.string(),
  timeout_minutes: z.number(),
  reserved_dollars: z.number(),
  budget_remaining: z.number().nullable(),
  status_file: z.string(),
  logs_file: z.string(),
  run: z.string().openapi({ example: "/v1/runs/20260601-100000-000_ada" }),
  quota: z.object({ agent_remaining: z.number().int(), user_remaining: z.number().int() }),
  message: z.string(),
});

export const runJob = defineRoute({
  method: "POST",
  path: ROUTE,
  params: "agent_id, submission_prefix, run_prefix, lane (smoke|full)",
  purpose: "Measure a submission on the organisation's hardware; then post its result by run_id.",
  auth: "writer",
  body: Body,
  status: 202,
  response: Answer,
  async handler(context) {
    const { backend, body } = context;
    const { runs } = backend;
    const { agentId, hfUser, prefix, runPrefix } = await requireRunner(context, body);
    const wish = await toWish(context, { agentId, hfUser, prefix, runPrefix, lane: body.lane });
    const reserved = await runs.reserve(wish, (prepare) => commit(context, agentId, 202, prepare));
    const run = await runs.whenLaunched(reserved);
    if (run.status === "failed" && run.attempts.every(({ job_id }) => job_id === null)) {
      throw new ApiError("JOB_LAUNCH_FAILED", `No Job was started: ${run.failure?.message}`, {
        hint: `It counts nothing. ${run.failure?.next_step}`,
      });
    }
    return { json: answer(backend, run) };
  },
});

/** In the order of api-v1.md 9.1, up to who asks. */
async function requireRunner(context: RequestContext, body: z.output<typeof Body>) {
  const { backend, requester } = context;
  const { access, board, collab } = backend;
  requireJobs(backend);
  if (body.lane === "smoke" && !collab.jobs.smoke.enabled) {
    throw new ApiError("JOBS_DISABLED", "This collab has no smoke lane.", { hint: 'Use "lane": "full".' });
  }
  requireOpen(backend);
  const agentId = requireId(body.agent_id);
  const prefix = trimmed(requirePath(body.submission_prefix, "submission_prefix"));
  const runPrefix = body.run_prefix === null ? null : trimmed(requirePath(body.run_prefix, "run_prefix"));
  const hfUser = ownerOf(board, agentId);
  if (hfUser === undefined || hfUser === "") {
    throw new ApiError("NOT_REGISTERED", `There is no agent "${agentId}" with an owner in this collab.`, {
      hint: "Register first: POST /v1/agents/register",
    });
  }
  // Runs cost money: even where writes are open, somebody must answer for them.
  await access.requireProof(agentId, requester);
  access.limiters.bucketWrites.take(`${collab.collab.slug}-${agentId}`);
  return { agentId, hfUser, prefix, runPrefix };
}

/** Throws 404 JOBS_DISABLED. */
export function requireJobs({ collab }: Pick<Backend, "collab">): void {
  if (collab.jobs.enabled) return;
  throw new ApiError("JOBS_DISABLED", "This collab runs no Jobs.", {
    hint: "Organisers switch them on with jobs.enabled in collab.yaml.",
  });
}

async function toWish(
  context: RequestContext,
  who: { agentId: string; hfUser: string; prefix: string; runPrefix: string | null; lane: Lane },
): Promise<RunWish> {
  const { backend } = context;
  const { collab, hub, names, runs } = backend;
  const { agentId, hfUser, prefix, runPrefix, lane } = who;
  const { jobs } = collab;
  const plan = lanePlan(collab, lane);
  const dollarsPerHour = await runs.prices.perHour(plan.hardware);
  const limits = { plan, budget: jobs.budget_per_day };
  // A repeat of a request that was answered gets that answer, however little is left.
  if (context.header("idempotency-key") === undefined) requireQuota(backend, { agentId, hfUser, lane });
  const place = { bucket: scratchBucket(collab.collab, agentId), prefix };
  const submission = await listSubmission(hub, place, {
    maxFiles: jobs.submission_files,
    maxBytes: jobs.submission_bytes,
  });
  await runs.manifests.check(submission);
  return {
    kind: "benchmark",
    lane,
    agentId,
    hfUser,
    result: null,
    submission,
    copies: await snapshotCopies(hub, names.centralBucket, submission),
    runPrefix: (runId) => runPrefix ?? `runs/${runId}`,
    state: (runId) => ({ bucket: names.auditBucket, prefix: `runs/${runId}` }),
    namespace: names.org,
    hardware: plan.hardware,
    dollarsPerHour,
    timeoutMinutes: plan.timeoutMinutes,
    refusal: (charges, wish) => benchmarkRefusal(charges, wish, limits),
    audit: (run) =>
      auditOf(context, {
        agent_id: agentId,
        route: ROUTE,
        via: "job",
        source: bucketUri(place.bucket, place.prefix),
        status_code: 202,
        bytes: 0,
        run_id: run.run_id,
        hf_user: hfUser,
      }),
  };
}

/** Who has nothing left is told before the Hub is asked for anything. The check that counts comes with the write. */
function requireQuota(
  { collab, runs, now }: Backend,
  who: { agentId: string; hfUser: string; lane: Lane },
): void {
  const wish = { ...who, at: now(), kind: "benchmark" as const, contentHash: "", charged: true, dollars: 0 };
  const limits = { plan: lanePlan(collab, who.lane), budget: collab.jobs.budget_per_day };
  const refusal = benchmarkRefusal(runs.charges(), wish, limits);
  if (refusal !== null) throw quotaError(refusal, who);
}

function answer({ collab, runs, now }: Backend, run: Run): z.output<typeof Answer> {
  const { bucket } = run.submission.source;
  const runPrefix = run.run_prefix ?? "";
  const attempt = run.attempts.at(-1);
  const who = { lane: run.lane, agentId: run.agent_id, hfUser: run.hf_user };
  const charges = runs.charges();
  return {
    run_id: run.run_id,
    lane: run.lane,
    agent_id: run.agent_id,
    hf_user: run.hf_user,
    submission_bucket: bucket,
    submission_prefix: run.submission.source.prefix,
    content_hash: run.submission.content_hash,
    run_bucket: bucket,
    run_prefix: runPrefix,
    job_id: attempt?.job_id ?? null,
    job_url: attempt?.job_url ?? null,
    status: run.status,
    hardware: run.hardware,
    timeout_minutes: run.timeout_minutes,
    reserved_dollars: run.reserved_dollars,
    budget_remaining: budgetLeft(charges, collab.jobs.budget_per_day, now()),
    status_file: bucketUri(bucket, `${runPrefix}/job_status.json`),
    logs_file: bucketUri(bucket, `${runPrefix}/job_logs.txt`),
    run: `/v1/runs/${run.run_id}`,
    quota: remaining(charges, who, lanePlan(collab, run.lane), now()),
    message: `Ask GET /v1/runs/${run.run_id} for its state; outputs and log are copied to ${bucketUri(bucket, runPrefix)} when it is over. The files that run are frozen: what you change from here on counts for the next run.`,
  };
}

const trimmed = (path: string) => path.replace(/\/+$/, "");
