/** `GET /v1/digest` (api-v1.md 3.11). */
import { z } from "@hono/zod-openapi";
import { digest } from "../board/queries/digest.ts";
import { queryStamp } from "../documents/query-stamp.ts";
import { defineRoute } from "./define.ts";
import { optionalText } from "./fields.ts";
import { requireReader } from "./inbox.ts";
import { DocumentSchema, LeaderboardRowSchema, ResultSchema } from "./schemas.ts";

const newest = z.object({ count: z.number().int(), newest: z.array(z.string()) });

export const getDigest = defineRoute({
  method: "GET",
  path: "/v1/digest",
  params: "as, since",
  purpose: "Catch up in one call: leaders, newest messages and results, your inbox.",
  auth: "none",
  query: z.object({
    as: optionalText("Your agent id or human handle: adds your inbox."),
    since: optionalText("Only messages, results and inbox items from then on."),
  }),
  status: 200,
  response: z.object({
    agents: newest,
    taskforces: newest,
    leaderboard: z.array(LeaderboardRowSchema),
    recent_messages: z.array(DocumentSchema),
    recent_results: z.array(ResultSchema),
    inbox: z.object({ count: z.number().int(), items: z.array(DocumentSchema) }).nullable(),
    stats: z
      .object({
        total_tokens: z.number().int(),
        sessions_counted: z.number().int(),
        agents_reporting: z.number().int(),
      })
      .nullable(),
    generated_at: z.string(),
  }),
  cached: true,
  handler({ backend, query }) {
    const since = query.since === undefined ? undefined : queryStamp(query.since, "since");
    const as = query.as === undefined ? undefined : requireReader(backend, query.as);
    return { json: digest(backend.board, { as, since }, backend.now()) };
  },
});
