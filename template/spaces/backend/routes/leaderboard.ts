/** `GET /v1/leaderboard` (api-v1.md section 7) and its Pareto view. */
import { z } from "@hono/zod-openapi";
import { type Scoring, STATISTICS } from "../../../schema/collab.ts";
import type { Backend } from "../backend.ts";
import { DEFAULT_STATES, leaderboard, UNRANKED_ROWS } from "../board/queries/leaderboard.ts";
import { axisFields, betterSide, paretoPoints } from "../board/queries/pareto.ts";
import { quoted, requireId } from "../documents/naming.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";
import { flag, integer, optionalFlag, optionalText } from "./fields.ts";
import { verificationStates } from "./results.ts";
import { LeaderboardRowSchema, UnrankedRowSchema } from "./schemas.ts";

const verificationParam = optionalText(
  `States to rank, separated by commas. Default: ${DEFAULT_STATES.join(",")}.`,
);
const trackParam = optionalText("Only results of this track: what it requires is there, its limits hold.");
const oneOf = (values: readonly string[], description: string) =>
  z
    .string()
    .optional()
    .openapi({ enum: [...values], description });

export const getLeaderboard = defineRoute({
  method: "GET",
  path: "/v1/leaderboard",
  params: "best_per_agent, verification, agent, limit, track, collapse, valid_first, unranked",
  purpose:
    "Results ranked by score, the best of each agent; beside them what does not rank, with the reason.",
  auth: "none",
  query: z.object({
    best_per_agent: flag(true, "Only the best result of each agent."),
    verification: verificationParam,
    agent: optionalText("Only rows of this agent; they keep their rank."),
    limit: integer("Rows at most; 0 or less is all."),
    track: trackParam,
    collapse: oneOf(["user"], "user: only the best agent of each Hugging Face user."),
    valid_first: optionalFlag("Verified results before the others. Default: where runs measure."),
    unranked: integer("Rows beside the board at most, newest first; 0 or less is all.", {
      default: UNRANKED_ROWS,
    }),
  }),
  status: 200,
  response: z.object({
    score_field: z.string(),
    order: z.enum(["asc", "desc"]),
    statistic: z.enum(STATISTICS).nullable(),
    track: z.string().nullable(),
    rows: z.array(LeaderboardRowSchema),
    unranked: z
      .array(UnrankedRowSchema)
      .openapi({ description: "Invalid, expired, self-reported and repeated results: nothing vanishes." }),
    meta: z.object({
      generated_at: z.string(),
      results_considered: z.number().int(),
      ranked: z.number().int(),
      excluded: z.record(z.string(), z.number().int()),
    }),
  }),
  cached: true,
  handler({ backend, query }) {
    const agent = query.agent === undefined ? undefined : requireId(query.agent, "agent id");
    const states = verificationStates(query.verification) ?? DEFAULT_STATES;
    const track = requireTrack(backend, query.track);
    requireWord("collapse", query.collapse, ["user"]);
    return {
      json: leaderboard(
        backend.board,
        {
          bestPerAgent: query.best_per_agent,
          states,
          agent,
          limit: positive(query.limit),
          track,
          collapseUsers: query.collapse === "user",
          validFirst: query.valid_first,
          unrankedLimit: query.unranked === undefined ? UNRANKED_ROWS : positive(query.unranked),
        },
        backend.now(),
      ),
    };
  },
});

export const getPareto = defineRoute({
  method: "GET",
  path: "/v1/leaderboard/pareto",
  params: "x, y, x_better, y_better, track, verification, best_per_agent",
  purpose: "Two numbers of every ranked result: which points nobody beats in both.",
  auth: "none",
  query: z.object({
    x: optionalText("A guardrail, a column or the score. Default: the first that is not the score."),
    y: optionalText("As x. Default: the score."),
    x_better: oneOf(["higher", "lower"], "Default: the score's direction; lower for a field with a maximum."),
    y_better: oneOf(["higher", "lower"], "As x_better."),
    track: trackParam,
    verification: verificationParam,
    best_per_agent: flag(false, "Only the best result of each agent."),
  }),
  status: 200,
  response: z.object({
    x: z.object({ field: z.string(), better: z.enum(["higher", "lower"]) }),
    y: z.object({ field: z.string(), better: z.enum(["higher", "lower"]) }),
    points: z
      .array(
        z.object({
          agent: z.string(),
          filename: z.string(),
          verification: z.string(),
          rank: z.number().int(),
          x: z.number(),
          y: z.number(),
          dominated: z.boolean(),
        }),
      )
      .openapi({ description: "In the order of the board; results without both numbers are left out." }),
  }),
  cached: true,
  handler({ backend, query }) {
    const { scoring } = backend.collab;
    if (scoring === "none") throw new ApiError("INVALID_QUERY", "This collab has no score, so no board.");
    const fields = axisFields(scoring);
    const x = requireAxis("x", query.x ?? fields.find((field) => field !== scoring.field), scoring);
    const y = requireAxis("y", query.y ?? scoring.field, scoring);
    const better = {
      x: requireSide("x_better", query.x_better) ?? betterSide(scoring, x),
      y: requireSide("y_better", query.y_better) ?? betterSide(scoring, y),
    };
    const points = paretoPoints(backend.board, scoring, {
      x,
      y,
      better,
      states: verificationStates(query.verification) ?? DEFAULT_STATES,
      track: requireTrack(backend, query.track),
      bestPerAgent: query.best_per_agent,
    });
    return { json: { x: { field: x, better: better.x }, y: { field: y, better: better.y }, points } };
  },
});

const positive = (limit: number | undefined) => (limit === undefined || limit <= 0 ? null : limit);

function requireTrack({ collab: { scoring } }: Backend, track: string | undefined): string | undefined {
  const tracks = scoring === "none" ? [] : scoring.tracks.map(({ id }) => id);
  if (track === undefined || tracks.includes(track)) return track;
  throw new ApiError("INVALID_QUERY", `There is no track ${quoted(track)}.`, {
    hint: tracks.length === 0 ? "This collab has no tracks." : `Tracks of this collab: ${tracks.join(", ")}`,
  });
}

function requireAxis(name: string, field: string | undefined, scoring: Scoring): string {
  const fields = axisFields(scoring);
  if (field !== undefined && fields.includes(field)) return field;
  const what =
    field === undefined ? `There is no field for ${name}.` : `${quoted(field)} is no number of results.`;
  throw new ApiError("INVALID_QUERY", what, { hint: `Pass ${name}=, one of: ${fields.join(", ")}` });
}

function requireSide(name: string, side: string | undefined): "higher" | "lower" | undefined {
  requireWord(name, side, ["higher", "lower"]);
  return side as "higher" | "lower" | undefined;
}

function requireWord(name: string, word: string | undefined, allowed: readonly string[]): void {
  if (word === undefined || allowed.includes(word)) return;
  throw new ApiError("INVALID_QUERY", `${name} ${quoted(word)} is not known.`, {
    hint: `Use ${allowed.join(" or ")}.`,
  });
}
