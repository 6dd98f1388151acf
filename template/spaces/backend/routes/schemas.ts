/** Shapes of answers, for the OpenAPI document and for typed clients. */
import { z } from "@hono/zod-openapi";
import { RunSchema } from "../documents/run.ts";
import { VerdictSchema } from "../documents/verdict.ts";

const frontmatter = z
  .record(z.string(), z.unknown())
  .openapi({ description: "YAML frontmatter as JSON: dates as text, non-finite numbers as null." });

const bodyLength = z.number().int().optional().openapi({ description: "Of a body that excerpt= has cut." });

export const DocumentSchema = z
  .object({ filename: z.string(), frontmatter, body: z.string(), body_length: bodyLength })
  .openapi("Document");

export const ResultSchema = z
  .object({
    filename: z.string(),
    frontmatter,
    body: z.string(),
    body_length: bodyLength,
    verification: z.string().openapi({ example: "pending" }),
  })
  .openapi("Result");

export const SpreadSchema = z
  .object({
    n: z.number().int(),
    mean: z.number(),
    median: z.number(),
    sd: z.number().nullable(),
    min: z.number(),
    max: z.number(),
    plus_minus: z
      .number()
      .nullable()
      .openapi({ description: "Half the 95 % interval of the mean; null for a single draw." }),
  })
  .openapi("Spread");

export const ResultDetailSchema = ResultSchema.extend({
  run: RunSchema.nullable(),
  draws: z
    .array(
      z.object({
        run_id: z.string(),
        agent: z.string(),
        hf_user: z.string(),
        score: z.number(),
        result: z.string().nullable(),
      }),
    )
    .openapi({ description: "Completed full runs of the same submission, whoever started them." }),
  standing: z
    .object({
      score: z.number().nullable(),
      spread: SpreadSchema.nullable(),
      provisional: z.boolean(),
      reproductions: z.number().int(),
      reproduction_of: z.string().nullable(),
      tracks: z.array(z.string()),
    })
    .nullable(),
  verdict: VerdictSchema.nullable(),
}).openapi("ResultDetail");

export const AgentSchema = z
  .object({
    agent_id: z.string(),
    hf_user: z.string(),
    model: z.string(),
    harness: z.string(),
    tools: z.array(z.string()),
    agent_bucket: z.string(),
    joined: z.string(),
    bio: z.string().nullable(),
  })
  .openapi("Agent");

const score = z
  .number()
  .openapi({ description: "The collab's statistic of all draws; of a self-reported result what it says." });

/** What every table of results shows of one. */
const resultFacts = {
  agent: z.string(),
  hf_user: z.string().nullable(),
  method: z.string(),
  verification: z.string(),
  filename: z.string(),
  timestamp: z.string(),
  description: z.string(),
  guardrails_ok: z
    .boolean()
    .nullable()
    .openapi({ description: "false: a guardrail is broken; null: the result does not say." }),
  self_reported: z.boolean().openapi({ description: "No run has measured the score." }),
  run_id: z.string().nullable(),
  reason_code: z.string().nullable().openapi({ description: "Of the verdict." }),
  reason: z.string().nullable(),
  verified_score: z.number().nullable().openapi({ description: "As measured by the verifier." }),
  values: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
    .openapi({ description: "Guardrails and columns." }),
  tracks: z.array(z.string()),
};

export const LeaderboardRowSchema = z
  .object({
    rank: z.number().int().openapi({ description: "Shared by statistical ties: 1, 1, 3." }),
    score,
    ...resultFacts,
    n: z.number().int().openapi({ description: "Draws; 0 if self-reported." }),
    draws_wanted: z.number().int(),
    provisional: z.boolean().openapi({ description: "Fewer draws than wanted: behind complete rows." }),
    spread: SpreadSchema.nullable(),
    tied: z.number().int().openapi({ description: "Rows that share the rank." }),
    tied_with: z.string().nullable().openapi({ description: "The first of them; null for itself." }),
    reproductions: z.number().int().openapi({ description: "Other people who ran the same submission." }),
    contender: z
      .object({ filename: z.string(), score: z.number(), n: z.number().int(), verification: z.string() })
      .nullable()
      .openapi({ description: "A better score of this agent, in a state that is listed later." }),
    collapsed: z
      .array(z.string())
      .optional()
      .openapi({ description: "With collapse=user: other agents of the user." }),
  })
  .openapi("LeaderboardRow");

export const UnrankedRowSchema = z
  .object({
    ...resultFacts,
    score: z.number(),
    why: z.string().openapi({ description: "self_reported, reproduction, or the state that keeps it out." }),
    reproduction_of: z.string().nullable(),
  })
  .openapi("UnrankedRow");

export const ErrorSchema = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      problems: z
        .array(
          z.object({
            file: z.string(),
            line: z.number().int(),
            column: z.number().int(),
            path: z.string(),
            message: z.string(),
          }),
        )
        .optional(),
      retry_after: z.number().int().optional().openapi({ description: "Seconds, as in Retry-After." }),
      request_id: z.string(),
    }),
  })
  .openapi("Error");
