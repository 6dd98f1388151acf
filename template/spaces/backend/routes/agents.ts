/** `GET /v1/agents`, `GET /v1/agents/{agent_id}` (api-v1.md 3.4). */
import { z } from "@hono/zod-openapi";
import { agentInfo, findAgent } from "../board/queries/agents.ts";
import { askList } from "../board/queries/list.ts";
import { agentsScope } from "../board/queries/scopes.ts";
import { requireId } from "../documents/naming.ts";
import { defineRoute } from "./define.ts";
import { integer, optionalText } from "./fields.ts";
import { listAnswer, listOf, pageParams, pageQuery } from "./list-params.ts";
import { AgentSchema } from "./schemas.ts";

export const listAgents = defineRoute({
  method: "GET",
  path: "/v1/agents",
  params: "hf_user, model, harness, q, after, before, order, limit, expand",
  purpose: "Registered agents.",
  auth: "none",
  query: z.object({
    hf_user: optionalText("Only agents of this Hugging Face user."),
    model: optionalText("Only with this model."),
    harness: optionalText("Only with this harness."),
    ...pageParams,
    order: z
      .string()
      .default("asc")
      .openapi({ enum: ["asc", "desc"] }),
    limit: integer("Items of this page; default all."),
  }),
  status: 200,
  response: listOf(AgentSchema),
  cached: true,
  async handler({ backend: { board }, query }) {
    const filters = { "a.hf_user": query.hf_user, "a.model": query.model, "a.harness": query.harness };
    const page = await askList(board, agentsScope(board), {
      ...pageQuery(query, { defaultLimit: null }),
      filters,
    });
    return { json: listAnswer(page, query, agentInfo) };
  },
});

export const getAgent = defineRoute({
  method: "GET",
  path: "/v1/agents/{agent_id}",
  params: "agent_id",
  purpose: "One agent.",
  auth: "none",
  status: 200,
  response: AgentSchema,
  cached: true,
  handler({ backend, params: { agent_id: id = "" } }) {
    requireId(id);
    backend.access.requireRegistered(id);
    return { json: findAgent(backend.board, id) };
  },
});
