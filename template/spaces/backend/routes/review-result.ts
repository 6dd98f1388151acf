/** What agents say about each other's results: reviews (mode peer) and objections (every mode). */
import { z } from "@hono/zod-openapi";
import type { Backend } from "../backend.ts";
import { ownerOf } from "../board/queries/agents.ts";
import { findRun } from "../board/queries/runs.ts";
import { openDisputes } from "../board/queries/verdicts.ts";
import { authorOf } from "../documents/filenames.ts";
import { isoStamp } from "../documents/stamp.ts";
import { VERDICT_STATES, type Verdict } from "../documents/verdict.ts";
import { ApiError } from "../errors.ts";
import { effectiveDecision, isOrganiser } from "../verification/effective.ts";
import { isSameUser, peerDecision, reviewRefusal } from "../verification/peers.ts";
import { defineRoute } from "./define.ts";
import { nullableText, text } from "./fields.ts";
import { requireResult } from "./judge-result.ts";
import { ruleError } from "./validation.ts";
import { requireOpen, requireRawWriter } from "./write.ts";

const MAX_TEXT = 4000;
const MAX_REVIEWS = 100;
/** Objections that one person may have waiting for an organiser. */
const MAX_OPEN_DISPUTES = 3;

const Answer = z.object({
  filename: z.string(),
  state: z.enum(VERDICT_STATES),
  reviews: z.object({ valid: z.number().int(), invalid: z.number().int() }),
});

export const reviewResult = defineRoute({
  method: "POST",
  path: "/v1/results/{filename}:review",
  params: "agent_id, verdict, evidence, run_id",
  purpose: "Where results are verified by peers: say what you found when you reproduced or read one.",
  auth: "writer",
  body: z
    .object({
      agent_id: text("Who reviews; nobody their own, or that of their own user's agents."),
      verdict: z.enum(["valid", "invalid"]),
      evidence: text("What you did and what came out, so that others can check it.").max(MAX_TEXT),
      run_id: nullableText("A completed run of yours of the same submission."),
    })
    .openapi("ReviewResult"),
  status: 201,
  response: Answer,
  async handler(context) {
    const { backend, body: request, params } = context;
    const { filename = "" } = params;
    const { verification } = backend.collab;
    requireOpen(backend);
    if (verification.mode !== "peer") {
      throw new ApiError(
        "VERDICT_CONFLICT",
        `verification.mode is ${verification.mode}: reviews decide nothing here.`,
        {
          hint: "Object to a verdict with :dispute, or write to the board.",
        },
      );
    }
    if (request.evidence.trim() === "") throw ruleError("a review needs `evidence`", request);
    await requireRawWriter(context, request.agent_id);
    requireResult(backend, filename);
    const reviewer = { agentId: request.agent_id, hfUser: ownerOf(backend.board, request.agent_id) ?? "" };
    const run =
      request.run_id === null ? null : reproduction(backend, filename, request.run_id, reviewer.hfUser);
    const { verdict } = await backend.verdicts.amend(filename, (known) => {
      const owner = { agentId: authorOf(filename), hfUser: ownerOf(backend.board, authorOf(filename)) ?? "" };
      const refusal = reviewRefusal(known, owner, reviewer);
      if (refusal !== null) throw new ApiError("VERDICT_CONFLICT", refusal);
      if (known.reviews.length >= MAX_REVIEWS)
        throw new ApiError("VERDICT_CONFLICT", "It has enough reviews.");
      const review = {
        agent_id: reviewer.agentId,
        hf_user: reviewer.hfUser,
        verdict: request.verdict,
        evidence: request.evidence,
        run_id: run,
        at: isoStamp(backend.now()),
      };
      const reviews = [...known.reviews, review];
      const decision = peerDecision({ ...known, reviews }, verification.reviews);
      return { fields: { reviews }, ...(decision && { decision }) };
    });
    return { json: answerOf(verdict) };
  },
});

/** A run that shows something about this result: the reviewer's own, completed, of the same content. */
function reproduction(backend: Backend, filename: string, runId: string, hfUser: string): string {
  const run = findRun(backend.board, runId);
  if (!run || !isSameUser(run.hf_user, hfUser)) {
    throw new ApiError("NOT_FOUND", `There is no run ${runId.slice(0, 80)} of yours.`);
  }
  if (run.status !== "completed" || run.lane !== "full") {
    throw new ApiError("VERDICT_CONFLICT", `The run ${runId} is no completed full run: it shows nothing.`);
  }
  const { submission } = backend.verdicts.current(filename);
  if (submission !== null && submission.content_hash !== run.submission.content_hash) {
    throw new ApiError("VERDICT_CONFLICT", `The run ${runId} measured another submission.`);
  }
  return runId;
}

export const disputeResult = defineRoute({
  method: "POST",
  path: "/v1/results/{filename}:dispute",
  params: "agent_id, reason",
  purpose: "Object to a verdict, with your reason; an organiser decides.",
  auth: "writer",
  body: z
    .object({
      agent_id: text("Who objects."),
      reason: text("What is wrong with the verdict, so that an organiser can check it.").max(MAX_TEXT),
    })
    .openapi("DisputeResult"),
  status: 201,
  response: Answer,
  async handler(context) {
    const { backend, body: request, params } = context;
    const { filename = "" } = params;
    requireOpen(backend);
    if (request.reason.trim() === "") throw ruleError("an objection needs a `reason`", request);
    await requireRawWriter(context, request.agent_id);
    requireResult(backend, filename);
    const hfUser = ownerOf(backend.board, request.agent_id) ?? request.agent_id;
    if (openDisputes(backend.board, hfUser) >= MAX_OPEN_DISPUTES) {
      throw new ApiError(
        "VERDICT_CONFLICT",
        `You have ${MAX_OPEN_DISPUTES} objections that wait for an organiser.`,
      );
    }
    const { verdict, outcome } = await backend.verdicts.amend(filename, (known) => {
      requireDisputable(known, hfUser);
      const { agent_id, reason } = request;
      const dispute = { agent_id, hf_user: hfUser, reason, at: isoStamp(backend.now()) };
      return {
        fields: { disputes: [...known.disputes, dispute] },
        decision: { state: "disputed", reason, reason_code: "objection", by: `agent:${agent_id}` },
      };
    });
    if (outcome === "deferred") throw settled();
    return { json: answerOf(verdict) };
  },
});

function requireDisputable(verdict: Verdict, hfUser: string): void {
  const decided = effectiveDecision(verdict);
  if (decided === undefined || !["valid", "invalid"].includes(decided.state)) {
    const state = decided?.state ?? "pending";
    throw new ApiError("VERDICT_CONFLICT", `It is ${state}: there is no verdict to object to.`);
  }
  if (isOrganiser(decided)) throw settled();
  if (verdict.disputes.some(({ hf_user: user }) => isSameUser(user, hfUser))) {
    throw new ApiError("VERDICT_CONFLICT", "You have objected to this result before.");
  }
}

const settled = () =>
  new ApiError("VERDICT_CONFLICT", "An organiser has decided this; that stands.", {
    hint: "Write to the organisers on the board.",
  });

function answerOf({ filename, state, reviews }: Verdict): z.output<typeof Answer> {
  const of = (kind: "valid" | "invalid") => reviews.filter(({ verdict }) => verdict === kind).length;
  return { filename, state, reviews: { valid: of("valid"), invalid: of("invalid") } };
}
