/** `GET /v1/leaderboard` (api-v1.md section 7). */
import { z } from "@hono/zod-openapi";
import { DEFAULT_STATES, leaderboard } from "../board/queries/leaderboard.ts";
import { requireId } from "../documents/naming.ts";
import { defineRoute } from "./define.ts";
import { flag, integer, optionalText } from "./fields.ts";
import { verificationStates } from "./results.ts";
import { LeaderboardRowSchema } from "./schemas.ts";

export const getLeaderboard = defineRoute({
  method: "GET",
  path: "/v1/leaderboard",
  params: "best_per_agent, verification, agent, limit",
  purpose: "Results ranked by score: the best of each agent, valid and pending ones.",
  auth: "none",
  query: z.object({
    best_per_agent: flag(true, "Only the best result of each agent."),
    verification: optionalText("States to rank, separated by commas. Default: valid,pending."),
    agent: optionalText("Only rows of this agent; they keep their rank."),
    limit: integer("Rows at most; 0 or less is all."),
  }),
  status: 200,
  response: z.object({
    score_field: z.string(),
    order: z.enum(["asc", "desc"]),
    rows: z.array(LeaderboardRowSchema),
    meta: z.object({
      generated_at: z.string(),
      results_considered: z.number().int(),
      excluded: z.record(z.string(), z.number().int()),
    }),
  }),
  cached: true,
  handler({ backend, query }) {
    const agent = query.agent === undefined ? undefined : requireId(query.agent, "agent id");
    const states = verificationStates(query.verification) ?? DEFAULT_STATES;
    const limit = query.limit === undefined || query.limit <= 0 ? null : query.limit;
    return {
      json: leaderboard(
        backend.board,
        { bestPerAgent: query.best_per_agent, states, agent, limit },
        backend.now(),
      ),
    };
  },
});
