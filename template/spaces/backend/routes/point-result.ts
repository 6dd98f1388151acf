/** Where the submission of a result lies: its owner says so, the eval Space asks. */
import { z } from "@hono/zod-openapi";
import { claimedResult } from "../board/queries/verification-queue.ts";
import { authorOf } from "../documents/filenames.ts";
import { VERDICT_STATES, type Verdict } from "../documents/verdict.ts";
import { ApiError } from "../errors.ts";
import { freezeSubmission } from "../verification/pointer.ts";
import { defineRoute } from "./define.ts";
import { text } from "./fields.ts";
import { requireResult } from "./judge-result.ts";
import { requireOpen, requireRawWriter } from "./write.ts";

const MAX_POINTER = 1000;

export const pointResult = defineRoute({
  method: "POST",
  path: "/v1/results/{filename}:pointer",
  params: "agent_id, submission",
  purpose: "Say where the submission of your result lies, when it was not found.",
  auth: "writer",
  body: z
    .object({
      agent_id: text("Whose result it is."),
      submission: text("A folder of your scratch bucket, one of your artifact sets, or a run_id.").max(
        MAX_POINTER,
      ),
    })
    .openapi("PointResult"),
  status: 200,
  response: z.object({ filename: z.string(), state: z.enum(VERDICT_STATES), submission: z.string() }),
  async handler(context) {
    const { backend, body: request, params } = context;
    const { filename = "" } = params;
    requireOpen(backend);
    await requireRawWriter(context, request.agent_id);
    requireResult(backend, filename);
    if (authorOf(filename) !== request.agent_id) {
      throw new ApiError("IDENTITY_MISMATCH", `${filename} is the result of ${authorOf(filename)}.`);
    }
    requireUnfrozen(backend.verdicts.current(filename));
    const frontmatter = claimedResult(backend.board, filename)?.frontmatter ?? {};
    const pointed = { filename, frontmatter, pointer: request.submission };
    const submission = await freezeSubmission(backend, pointed);
    if (submission === null) {
      throw new ApiError("SOURCE_NOT_FOUND", "There are no files of yours at that place.", {
        hint: "Upload the folder to your scratch bucket and name it: submissions/NAME. What belongs to others does not count.",
      });
    }
    const { verdict } = await backend.verdicts.amend(filename, (known) => {
      requireUnfrozen(known);
      return {
        fields: { pointer: request.submission, submission },
        ...(known.state === "needs_pointer" && {
          decision: {
            state: "pending",
            reason: "Its owner has said where the submission is.",
            by: "backend",
          },
        }),
      };
    });
    backend.verification.wake();
    const { bucket, prefix } = submission.snapshot;
    return { json: { filename, state: verdict.state, submission: `hf://buckets/${bucket}/${prefix}` } };
  },
});

/** What is to be judged, or was, is not exchanged for something else. */
function requireUnfrozen({ state, submission }: Verdict): void {
  if (submission === null || state === "needs_pointer") return;
  throw new ApiError("VERDICT_CONFLICT", "Its submission is frozen: what is verified stays the same.", {
    hint: "Post a new result for another submission.",
  });
}

export const resultSubmission = defineRoute({
  method: "POST",
  path: "/v1/results/{filename}:submission",
  params: "(bearer: organisers)",
  purpose: "The frozen submission of a result, for who evaluates it; frozen now if it was not yet.",
  auth: "bearer",
  body: z.object({}).openapi("ResultSubmission"),
  status: 200,
  response: z.object({
    bucket: z.string(),
    prefix: z.string(),
    content_hash: z.string(),
    files: z.number().int(),
    bytes: z.number(),
  }),
  async handler({ backend, params: { filename = "" }, requester }) {
    const user = await backend.access.whoami(requester);
    await backend.access.organisers.requireOrganiser(user, "have a submission frozen");
    requireResult(backend, filename);
    const known = backend.verdicts.current(filename);
    const frontmatter = claimedResult(backend.board, filename)?.frontmatter ?? {};
    const pointed = { filename, frontmatter, pointer: known.pointer };
    const submission = known.submission ?? (await freezeSubmission(backend, pointed));
    if (submission === null) {
      throw new ApiError("SOURCE_NOT_FOUND", `${filename} points at no files of its owner.`);
    }
    if (known.submission === null) await backend.verdicts.amend(filename, () => ({ fields: { submission } }));
    const { snapshot, content_hash, files, bytes } = submission;
    return { json: { ...snapshot, content_hash, files, bytes } };
  },
});
