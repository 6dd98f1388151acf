/** `GET /v1/jobs`: what may be run, for how much, and how much of it is left. */
import { z } from "@hono/zod-openapi";
import type { Backend } from "../backend.ts";
import { ownerOf } from "../board/queries/agents.ts";
import { recentlyCompleted } from "../board/queries/runs.ts";
import { requireId } from "../documents/naming.ts";
import { LANES, type Lane } from "../documents/run.ts";
import { lanePlan, mostDollars } from "../runs/lanes.ts";
import { benchmarkRefusal, budgetLeft, remaining } from "../runs/quotas.ts";
import { defineRoute } from "./define.ts";
import { optionalText } from "./fields.ts";
import { requireJobs } from "./jobs-run.ts";

const LaneSchema = z.object({
  hardware: z.string(),
  dollars_per_hour: z.number(),
  timeout_minutes: z.number(),
  most_dollars: z.number().openapi({ description: "What one run can cost at most." }),
  median_minutes: z.number().nullable().openapi({
    description: "Half of the completed runs took no longer, queueing included; null before there are any.",
  }),
  per_agent_per_day: z.number().int(),
  per_user_per_day: z.number().int(),
  per_submission_per_day: z.number().int().nullable(),
});

const QuotaSchema = z.object({
  agent_remaining: z.number().int(),
  user_remaining: z.number().int(),
  retry_after: z.number().int().nullable().openapi({ description: "Seconds; null: a run may begin now." }),
});

export const getJobs = defineRoute({
  method: "GET",
  path: "/v1/jobs",
  params: "agent",
  purpose: "Benchmark runs: lanes, limits, what is left for you and of the day's budget.",
  auth: "none",
  query: z.object({ agent: optionalText("Adds what this agent has left.") }),
  status: 200,
  response: z.object({
    image: z.string(),
    lanes: z.record(z.string(), LaneSchema),
    baseline_minutes: z.number().nullable(),
    budget: z.object({ per_day: z.number().nullable(), left: z.number().nullable() }),
    submission: z.object({
      max_files: z.number().int(),
      max_bytes: z.number(),
      manifest: z.string().nullable(),
      manifest_schema: z.string().nullable(),
    }),
    harness: z.object({ source: z.string(), version: z.string().nullable(), sha256: z.string().nullable() }),
    quota: z
      .object({ agent: z.string(), hf_user: z.string(), lanes: z.record(z.string(), QuotaSchema) })
      .nullable(),
  }),
  async handler({ backend, query }) {
    requireJobs(backend);
    const { collab, names, runs, now, access } = backend;
    const { jobs } = collab;
    const agent = query.agent === undefined ? null : requireId(query.agent);
    if (agent !== null) access.requireRegistered(agent);
    const harness = `hf://buckets/${names.centralBucket}/${jobs.harness}`;
    return {
      json: {
        image: jobs.image,
        lanes: Object.fromEntries(
          await Promise.all(
            lanesOf(backend).map(async (lane) => [lane, await describeLane(backend, lane)] as const),
          ),
        ),
        baseline_minutes: jobs.baseline_minutes,
        budget: {
          per_day: jobs.budget_per_day,
          left: budgetLeft(runs.charges(), jobs.budget_per_day, now()),
        },
        submission: {
          max_files: jobs.submission_files,
          max_bytes: jobs.submission_bytes,
          manifest: jobs.manifest?.file ?? null,
          manifest_schema: jobs.manifest === undefined ? null : `${harness}/${jobs.manifest.schema}`,
        },
        harness: { source: harness, ...harnessOf(backend) },
        quota: agent === null ? null : quotaOf(backend, agent),
      },
    };
  },
});

function lanesOf({ collab }: Backend): Lane[] {
  return LANES.filter((lane) => lane === "full" || collab.jobs.smoke.enabled);
}

async function describeLane({ collab, runs }: Backend, lane: Lane): Promise<z.output<typeof LaneSchema>> {
  const plan = lanePlan(collab, lane);
  const dollarsPerHour = await runs.prices.perHour(plan.hardware);
  return {
    hardware: plan.hardware,
    dollars_per_hour: dollarsPerHour,
    timeout_minutes: plan.timeoutMinutes,
    most_dollars: mostDollars(plan.timeoutMinutes, dollarsPerHour),
    median_minutes: runs.medianMinutes({ kind: "benchmark", lane }),
    per_agent_per_day: plan.perAgent,
    per_user_per_day: plan.perUser,
    per_submission_per_day: plan.perSubmission,
  };
}

/** As the newest completed run names it. */
function harnessOf({ board }: Backend): { version: string | null; sha256: string | null } {
  const [summary] = LANES.flatMap((lane) => recentlyCompleted(board, { kind: "benchmark", lane }, 1))
    .toSorted((a, b) => (a.run_id < b.run_id ? 1 : -1))
    .map((run) => run.summary);
  return { version: summary?.harness_version ?? null, sha256: summary?.harness_sha256 ?? null };
}

function quotaOf(backend: Backend, agent: string) {
  const { board, collab, runs, now } = backend;
  const hfUser = ownerOf(board, agent) ?? "";
  const at = now();
  const charges = runs.charges();
  const of = (lane: Lane): z.output<typeof QuotaSchema> => {
    const who = { lane, agentId: agent, hfUser };
    const wish = { ...who, at, kind: "benchmark" as const, contentHash: "", charged: true, dollars: 0 };
    const plan = lanePlan(collab, lane);
    const refusal = benchmarkRefusal(charges, wish, { plan, budget: collab.jobs.budget_per_day });
    return { ...remaining(charges, who, plan, at), retry_after: refusal?.retryAfterSeconds ?? null };
  };
  return {
    agent,
    hf_user: hfUser,
    lanes: Object.fromEntries(lanesOf(backend).map((lane) => [lane, of(lane)])),
  };
}
