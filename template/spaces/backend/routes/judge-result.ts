/** `POST /v1/results/{filename}:judge`: organisers decide, and the eval Space reports what it found. */
import { z } from "@hono/zod-openapi";
import type { Backend } from "../backend.ts";
import { findDocument } from "../board/queries/documents.ts";
import { INDEX_STATES, VERDICT_STATES } from "../documents/verdict.ts";
import { ApiError } from "../errors.ts";
import { decide } from "../verification/decide.ts";
import { defineRoute } from "./define.ts";
import { flag } from "./fields.ts";
import { ruleError } from "./validation.ts";

const MAX_REASON = 4000;
const MAX_CHECKS = 50;
/** What a program may say; the rest is for people. */
const MACHINE_STATES = ["valid", "invalid", "needs_pointer"] as const;
const NEEDS_REASON = new Set(["invalid", "disputed", "needs_pointer"]);

const Check = z.object({
  field: z.string().min(1).max(80),
  claimed: z.number().nullable().default(null),
  measured: z.number().nullable().default(null),
  limit: z.number().nullable().default(null),
  comparison: z.string().max(200).default(""),
  ok: z.boolean(),
});

export const Judged = z.object({
  filename: z.string(),
  state: z.enum(VERDICT_STATES),
  outcome: z.enum(["applied", "deferred", "later"]).openapi({
    description:
      "deferred: an organiser has decided otherwise, which stands; later: it is kept and takes effect when the index can be written.",
  }),
});

export const judgeResult = defineRoute({
  method: "POST",
  path: "/v1/results/{filename}:judge",
  params: "state, reason, reason_code, checks, announce, machine, agent (bearer: organisers)",
  purpose: "Organisers say whether a result is valid; announced to its author.",
  auth: "bearer",
  body: z
    .object({
      state: z.enum([...INDEX_STATES, "needs_pointer"]).openapi({
        description: "pending takes a verdict back, so that verification begins again.",
      }),
      reason: z.string().max(MAX_REASON).default("").openapi({ description: "A sentence for people." }),
      reason_code: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_]{0,63}$/, "lowercase letters, digits and '_', at most 64")
        .nullish()
        .openapi({ description: "Stable, for programs: score_differs, guardrail_broken, …" }),
      checks: z.array(Check).max(MAX_CHECKS).default([]),
      announce: flag(true, "Post it on the board."),
      machine: flag(false, "From a program: it does not replace what a person has decided."),
      agent: z
        .string()
        .regex(/^(?!human)[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "a name that is not a person's")
        .nullish()
        .openapi({ description: "With machine: which program; default eval-space." }),
    })
    .openapi("JudgeResult"),
  status: 200,
  response: Judged,
  async handler({ backend, body: request, params: { filename = "" }, requester }) {
    const { state, reason, machine } = request;
    if (NEEDS_REASON.has(state) && reason.trim() === "") {
      throw ruleError(`${state} needs a \`reason\` that its author can act on`, { state });
    }
    const organiser = await backend.access.whoami(requester);
    await backend.access.organisers.requireOrganiser(organiser, "judge results");
    requireResult(backend, filename);
    if (machine) requireMachine(backend, state);
    const by = machine ? (request.agent ?? "eval-space") : `human:${organiser.name}`;
    const { outcome, verdict } = await decide(
      backend,
      filename,
      { state, reason, by, reason_code: request.reason_code ?? null, checks: request.checks },
      { silent: !request.announce },
    );
    return { json: { filename, state: verdict.state, outcome } };
  },
});

/** 404 for what is no result of this collab. */
export function requireResult(backend: Backend, filename: string): void {
  if (findDocument(backend.board, "results", filename)) return;
  throw new ApiError("NOT_FOUND", `There is no results/${filename}.`, {
    hint: "List them: GET /v1/results",
  });
}

function requireMachine({ collab }: Backend, state: string): void {
  const { mode } = collab.verification;
  if (mode !== "eval-space") {
    throw new ApiError("VERDICT_CONFLICT", `verification.mode is ${mode}: no eval Space judges here now.`, {
      hint: "People judge without `machine`; a program judges once collab.yaml says mode: eval-space.",
    });
  }
  if (!(MACHINE_STATES as readonly string[]).includes(state)) {
    throw ruleError(`with \`machine\` the state is one of ${MACHINE_STATES.join(", ")}`, { state });
  }
}
