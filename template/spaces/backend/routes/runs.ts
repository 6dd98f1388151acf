/** `GET /v1/runs`, `GET /v1/runs/{run_id}`, `POST /v1/runs/{run_id}:cancel`. */
import { z } from "@hono/zod-openapi";
import { looksLikeAgentKey } from "../access/agent-keys.ts";
import { hubUnavailable } from "../access/hub-unavailable.ts";
import { ownerOf } from "../board/queries/agents.ts";
import { findRun, listRuns } from "../board/queries/runs.ts";
import { quoted, requireId } from "../documents/naming.ts";
import { bucketUri } from "../documents/paths.ts";
import { isRunOver, RUN_ID_PATTERN, RUN_KINDS, RUN_STATUSES, type Run, RunSchema } from "../documents/run.ts";
import { ApiError } from "../errors.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { integer, optionalText } from "./fields.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 200;

const LiveSchema = z
  .object({
    stage: z.string().nullable(),
    percent: z.number().nullable(),
    last_line: z.string().nullable(),
    at: z.string(),
  })
  .openapi("RunLive");

const RunAnswer = RunSchema.extend({
  live: LiveSchema.nullable().openapi({ description: "Only while it goes on." }),
  links: z.record(z.string(), z.string().nullable()),
}).openapi("RunNow");

export const listAllRuns = defineRoute({
  method: "GET",
  path: "/v1/runs",
  params: "agent, status, kind, before, limit",
  purpose: "Runs, newest first.",
  auth: "none",
  query: z.object({
    agent: optionalText("Only of this agent."),
    status: optionalText(`Only with this status: ${RUN_STATUSES.join(", ")}.`),
    kind: optionalText(`Only of this kind: ${RUN_KINDS.join(", ")}.`),
    before: optionalText("Only run ids before this one; `next` of the page before."),
    limit: integer(`At most so many, up to ${MAX_LIMIT}.`, { default: DEFAULT_LIMIT }),
  }),
  status: 200,
  response: z.object({ items: z.array(RunSchema), next: z.string().nullable() }),
  cached: true,
  handler({ backend, query }) {
    const { agent, status, kind, before } = query;
    if (agent !== undefined) requireId(agent);
    requireWord("status", status, RUN_STATUSES);
    requireWord("kind", kind, RUN_KINDS);
    const limit = Math.min(MAX_LIMIT, Math.max(1, query.limit ?? DEFAULT_LIMIT));
    const items = listRuns(backend.board, {
      ...(agent !== undefined && { agent }),
      ...(status !== undefined && { status }),
      ...(kind !== undefined && { kind }),
      ...(before !== undefined && { before }),
      limit: limit + 1,
    });
    const page = items.slice(0, limit);
    return { json: { items: page, next: items.length > limit ? (page.at(-1)?.run_id ?? null) : null } };
  },
});

function requireWord(name: string, value: string | undefined, words: readonly string[]): void {
  if (value === undefined || words.includes(value)) return;
  throw new ApiError("INVALID_QUERY", `${name} ${quoted(value)} is none of ${words.join(", ")}.`);
}

export const getRun = defineRoute({
  method: "GET",
  path: "/v1/runs/{run_id}",
  params: "run_id",
  purpose: "One run: its state, how far it is, what it cost, why it failed.",
  auth: "none",
  status: 200,
  response: RunAnswer,
  async handler(context) {
    const run = requireRun(context);
    const live = await context.backend.runs.live(run);
    // It may have ended while its state folder was asked.
    return { json: answer(requireRun(context), live) };
  },
});

export const cancelRun = defineRoute({
  method: "POST",
  path: "/v1/runs/{run_id}:cancel",
  params: "run_id",
  purpose: "End your run early; what it cost so far stays counted.",
  auth: "writer",
  status: 202,
  response: RunAnswer,
  async handler(context) {
    const { runs } = context.backend;
    const run = requireRun(context);
    await requireMayCancel(context, run);
    if (!isRunOver(run)) {
      try {
        await runs.cancel(run.run_id);
      } catch (error) {
        throw hubUnavailable(error, "be told to end the Job");
      }
    }
    const now = requireRun(context);
    return { json: answer(now, await runs.live(now)) };
  },
});

function requireRun({ backend, params: { run_id: id = "" } }: RequestContext): Run {
  const run = RUN_ID_PATTERN.test(id) ? findRun(backend.board, id) : undefined;
  if (run) return run;
  throw new ApiError("NOT_FOUND", `There is no run ${quoted(id)}.`, { hint: "GET /v1/runs lists them." });
}

/** The agent, its owner, or an organiser; verifications are the organisers' alone. */
async function requireMayCancel({ backend, requester }: RequestContext, run: Run): Promise<void> {
  const { access, board } = backend;
  const { token } = requester;
  const isAgents = run.kind === "benchmark";
  if (token === null || looksLikeAgentKey(token)) {
    if (isAgents) await access.requireProof(run.agent_id, requester);
    else await access.whoami(requester);
    return;
  }
  const person = await access.whoami(requester);
  if (isAgents && person.name === ownerOf(board, run.agent_id)) return;
  await access.organisers.requireOrganiser(person, "end runs of others");
}

function answer(run: Run, live: z.output<typeof LiveSchema> | null) {
  const { submission, run_prefix: prefix, attempts } = run;
  const { bucket } = submission.source;
  const inScratch = (name: string) => (prefix === null ? null : bucketUri(bucket, `${prefix}${name}`));
  return {
    ...run,
    live,
    links: {
      job: attempts.at(-1)?.job_url ?? null,
      submission: bucketUri(submission.snapshot.bucket, submission.snapshot.prefix),
      outputs: inScratch(""),
      logs: inScratch("/job_logs.txt"),
    },
  };
}
