/** A result by `run_id`: its numbers come from the run, its words from the agent. */
import { findDocument } from "../board/queries/documents.ts";
import { findRun } from "../board/queries/runs.ts";
import { quoted } from "../documents/naming.ts";
import { buildResult } from "../documents/result.ts";
import { RUN_ID_PATTERN, type Run } from "../documents/run.ts";
import { filenamesIn, requirePostable, runResultFields } from "../documents/run-result.ts";
import { ApiError } from "../errors.ts";
import { breachOf, numberIn } from "../ranking/guardrails.ts";
import type { PendingView } from "../record/types.ts";
import { RESULTS_ROUTE, type ResultRequest } from "./post-result.ts";
import { type Posted, requireAnnouncement, settled, withVerdictAndAnnouncement } from "./result-posting.ts";
import { ruleError } from "./validation.ts";
import { auditOf, commit, requireDocumentSize, spendPromotion } from "./write.ts";

/** Order: 422 · run 404 · registered 404 · whose 401/403 · limiter 429 · over 409 · contents 400 · once 409 · write. */
export async function postRunResult(context: ResultRequest, runId: string): Promise<Posted> {
  const { backend, body: request } = context;
  const { method, description } = request;
  if (method === null || description === null) {
    throw ruleError("a result of a run needs `method` and `description`", { run_id: runId });
  }
  const run = await requireOwnRun(context, runId);
  const { scoring } = backend.collab;
  const status = request.status ?? "agent-run";
  requirePostable(run, status, scoring);
  const basedOn = requireKnown(context, filenamesIn(request.based_on));
  const frontmatter = runResultFields(
    run,
    { method, description, status, basedOn, fields: request.fields },
    scoring,
  );
  requireDocumentSize(backend, `${method}${description}${request.body ?? ""}`);
  requireAnnouncement(context);

  const values = run.summary?.values ?? {};
  const gates = run.summary?.gates ?? [];
  const guardrails = scoring === "none" ? [] : scoring.guardrails;
  const breach = status === "negative" ? null : breachOf(guardrails, values, gates);
  const posted = await commit(context, run.agent_id, 201, (stamp, pending) => {
    requireNotPosted(context, run, pending);
    const result = buildResult(
      { agentId: run.agent_id, frontmatter, body: request.body ?? "", via: "run" },
      stamp,
    );
    const { changes, announcement } = withVerdictAndAnnouncement(
      context,
      { result, frontmatter, breach, runId, basedOn },
      stamp,
      pending,
    );
    return {
      changes,
      audit: auditOf(context, {
        agent_id: run.agent_id,
        route: RESULTS_ROUTE,
        via: "run",
        source: null,
        status_code: 201,
        run_id: runId,
      }),
      promoted: { id: postedId(runId), filename: result.filename },
      response: {
        filename: result.filename,
        via: "run" as const,
        path: result.path,
        run_id: runId,
        status,
        score: scoring === "none" ? null : (numberIn(values, scoring.field) ?? null),
        verification: breach === null ? "pending" : "invalid",
        ...(breach === null ? {} : { reason_code: breach.reason_code, reason: breach.reason }),
        ...(announcement === null ? {} : { announcement }),
      },
    };
  });
  return settled(context, posted, breach);
}

/** The run, if the requester proves to be its owner, however writes are signed: a result is a claim to its numbers. */
async function requireOwnRun(context: ResultRequest, runId: string): Promise<Run> {
  const { access, board } = context.backend;
  const { agent_id: agentId } = context.body;
  const run = RUN_ID_PATTERN.test(runId) ? findRun(board, runId) : undefined;
  if (run === undefined) {
    throw new ApiError("NOT_FOUND", `There is no run ${quoted(runId)}.`, {
      hint: "GET /v1/runs lists yours.",
    });
  }
  access.requireRegistered(run.agent_id);
  if (agentId !== null && agentId !== run.agent_id) {
    throw new ApiError(
      "IDENTITY_MISMATCH",
      `The run ${runId} belongs to ${run.agent_id}, not to ${quoted(agentId)}.`,
      {
        hint: "What somebody else has run is theirs to post. To build on it, run it yourself and name it in based_on.",
      },
    );
  }
  const proof = await access.requireProof(run.agent_id, context.requester);
  // As a result from a bucket (api-v1.md 1.9): there is one for each run, and runs have their quotas.
  spendPromotion(context.backend, run.agent_id, proof);
  return run;
}

/** 400 for a result or message that is not there: a typing mistake would lose the credit. */
function requireKnown({ backend: { board } }: ResultRequest, names: string[]): string[] {
  const missing = names.find(
    (name) => !findDocument(board, "results", name) && !findDocument(board, "messages", name),
  );
  if (missing === undefined) return names;
  throw new ApiError(
    "INVALID_FRONTMATTER",
    `based_on names ${quoted(missing)}, which is neither a result nor a message.`,
    {
      hint: "Filenames are listed by GET /v1/results and GET /v1/messages.",
    },
  );
}

const postedId = (runId: string) => `results\0run\0${runId}`;

function requireNotPosted(
  { backend: { board } }: ResultRequest,
  { run_id }: Run,
  pending: PendingView,
): void {
  const filename =
    pending.promoted(postedId(run_id)) ??
    board.sql.get<{ filename: string }>("SELECT filename FROM results WHERE run = ?", run_id)?.filename;
  if (filename === undefined) return;
  throw new ApiError("ALREADY_PROMOTED", `The run ${run_id} was posted before.`, {
    hint: `existing filename: ${filename}`,
  });
}
