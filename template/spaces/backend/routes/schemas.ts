/** Shapes of answers, for the OpenAPI document and for typed clients. */
import { z } from "@hono/zod-openapi";

const frontmatter = z
  .record(z.string(), z.unknown())
  .openapi({ description: "YAML frontmatter as JSON: dates as text, non-finite numbers as null." });

export const DocumentSchema = z
  .object({ filename: z.string(), frontmatter, body: z.string() })
  .openapi("Document");

export const ResultSchema = z
  .object({
    filename: z.string(),
    frontmatter,
    body: z.string(),
    verification: z.string().openapi({ example: "pending" }),
  })
  .openapi("Result");

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

export const LeaderboardRowSchema = z
  .object({
    rank: z.number().int(),
    agent: z.string(),
    hf_user: z.string().nullable(),
    score: z.number(),
    method: z.string(),
    verification: z.string(),
    filename: z.string(),
    timestamp: z.string(),
    description: z.string(),
    guardrails_ok: z
      .boolean()
      .nullable()
      .openapi({ description: "false: a guardrail is broken; null: the result does not say." }),
  })
  .openapi("LeaderboardRow");

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
