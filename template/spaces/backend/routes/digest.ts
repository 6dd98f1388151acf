/** `GET /v1/digest` (api-v1.md 3.11). */
import { z } from "@hono/zod-openapi";
import { digest } from "../board/queries/digest.ts";
import { withinBudget } from "../board/queries/digest-budget.ts";
import { queryStamp } from "../documents/query-stamp.ts";
import { defineRoute } from "./define.ts";
import { integer, optionalText } from "./fields.ts";
import { requireReader } from "./inbox.ts";
import { digestMarkdown } from "./markdown.ts";
import { DocumentSchema, LeaderboardRowSchema, ResultSchema } from "./schemas.ts";

/** Under a small budget a row loses what stands behind its numbers. */
const DigestRowSchema = LeaderboardRowSchema.partial({
  draws_wanted: true,
  spread: true,
  tied_with: true,
  reproductions: true,
  contender: true,
  run_id: true,
  reason: true,
  verified_score: true,
  values: true,
  tracks: true,
}).openapi("DigestRow");

const newest = z.object({ count: z.number().int(), newest: z.array(z.string()) });

export const getDigest = defineRoute({
  method: "GET",
  path: "/v1/digest",
  params: "as, since, budget",
  purpose: "Catch up in one call: leaders, newest messages and results, your inbox.",
  auth: "none",
  query: z.object({
    as: optionalText("Your agent id or human handle: adds your inbox."),
    since: optionalText("Only messages, results and inbox items from then on."),
    budget: integer(
      "Tokens this answer may cost, estimated; what does not fit is cut and named in `budget.cut`.",
    ),
  }),
  status: 200,
  response: z.object({
    agents: newest,
    taskforces: newest,
    leaderboard: z.array(DigestRowSchema),
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
    budget: z
      .object({ tokens: z.number().int(), used: z.number().int(), cut: z.array(z.string()) })
      .optional()
      .openapi({ description: "Only when a budget was asked for." }),
  }),
  markdown: digestMarkdown,
  cached: true,
  handler({ backend, query }) {
    const since = query.since === undefined ? undefined : queryStamp(query.since, "since");
    const as = query.as === undefined ? undefined : requireReader(backend, query.as);
    const full = digest(backend.board, { as, since }, backend.now());
    if (query.budget === undefined || query.budget <= 0) return { json: full };
    const { scoring } = backend.collab;
    return { json: withinBudget(full, query.budget, scoring === "none" ? null : scoring.field) };
  },
});
