/** Reading shared traces (api-v1.md 10.3 to 10.5). */
import { z } from "@hono/zod-openapi";
import { askList } from "../board/queries/list.ts";
import { tracesScope } from "../board/queries/scopes.ts";
import { stats } from "../board/queries/stats.ts";
import { findTrace, traceName, traceSummary } from "../board/queries/traces.ts";
import { requireId } from "../documents/naming.ts";
import { requirePath } from "../documents/paths.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";
import { optionalText } from "./fields.ts";
import { listAnswer, listOf, pageParams, pageQuery } from "./list-params.ts";

const TraceSchema = z
  .object({
    agent: z.string(),
    session_id: z.string(),
    harness: z.string(),
    model: z.string(),
    share: z.string(),
    completeness: z.string(),
    promoted_at: z.string(),
    started_at: z.string().nullable(),
    total_tokens: z.number().int().nullable(),
    tool_calls: z.number().int().nullable(),
    result_ref: z.string().nullable(),
    summary_excerpt: z.string(),
    path: z.string(),
    primary_log_file: z.string().nullable(),
  })
  .openapi("Trace");

export const listTraces = defineRoute({
  method: "GET",
  path: "/v1/traces",
  params: "agent, harness, model, share, q, after, before, order, limit, expand",
  purpose: "Shared session traces, newest first.",
  auth: "none",
  query: z.object({
    agent: optionalText("Only of this agent."),
    harness: optionalText("Only with this harness."),
    model: optionalText("Only with this model."),
    share: optionalText("stats or full."),
    ...pageParams,
  }),
  status: 200,
  response: listOf(TraceSchema),
  cached: true,
  async handler({ backend: { board }, query }) {
    const agent = query.agent === undefined ? undefined : requireId(query.agent, "agent id");
    const filters = {
      "t.agent": agent,
      "t.harness": query.harness,
      "t.model": query.model,
      "t.share": query.share,
    };
    const page = await askList(board, tracesScope(board), { ...pageQuery(query), filters });
    return { json: listAnswer(page, query, (row) => traceSummary(board, row), traceName) };
  },
});

export const getTrace = defineRoute({
  method: "GET",
  path: "/v1/traces/{agent}/{session}",
  params: "agent, session",
  purpose: "One trace: its manifest and the names of its logs.",
  auth: "none",
  status: 200,
  response: z.object({
    agent: z.string(),
    session_id: z.string(),
    frontmatter: z.record(z.string(), z.unknown()),
    body: z.string(),
    path: z.string(),
    log_files: z.array(z.string()),
  }),
  cached: true,
  handler({ backend: { board }, params: { agent = "", session = "" } }) {
    requireId(agent);
    requirePath(session, "session id");
    const trace = findTrace(board, agent, session);
    if (!trace) throw new ApiError("NOT_FOUND", `There is no traces/${agent}/${session}.`);
    return { json: trace };
  },
});

const tokens = z.record(z.string(), z.number());

export const getStats = defineRoute({
  method: "GET",
  path: "/v1/stats",
  params: "",
  purpose: "Tokens and cost over all shared traces.",
  auth: "none",
  status: 200,
  response: z.object({
    tokens,
    cost_usd: z.number().nullable(),
    sessions_counted: z.number().int(),
    sessions_missing_tokens: z.number().int(),
    agents_reporting: z.number().int(),
    by_model: z.record(z.string(), tokens),
    by_agent: z.record(z.string(), tokens),
    by_day: z.record(z.string(), tokens),
    generated_at: z.string(),
  }),
  cached: true,
  handler({ backend }) {
    return { json: { ...stats(backend.board), generated_at: new Date(backend.now()).toISOString() } };
  },
});
