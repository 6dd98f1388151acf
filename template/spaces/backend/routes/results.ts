/** `GET /v1/results`, `GET /v1/results/{filename}` (api-v1.md 3.8). */
import { z } from "@hono/zod-openapi";
import { findDocument, resultView } from "../board/queries/documents.ts";
import { askList } from "../board/queries/list.ts";
import { resultDetail } from "../board/queries/result-detail.ts";
import { resultsScope } from "../board/queries/scopes.ts";
import { INDEX_STATES } from "../documents/verdict.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";
import { optionalText } from "./fields.ts";
import { listAnswer, listOf, pageParams, stampedParams, stampedQuery } from "./list-params.ts";
import { documentMarkdown, listMarkdown } from "./markdown.ts";
import { LIST_PARAMS } from "./messages.ts";
import { ResultDetailSchema, ResultSchema } from "./schemas.ts";

/** States of the index. What a verifier is about to do with a result is `pending` there. */
export const VERIFICATION_STATES = INDEX_STATES;

/** `pending,valid` to states; anything else is 400 INVALID_QUERY. */
export function verificationStates(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const states = text.split(",").map((state) => state.trim());
  const unknown = states.find((state) => !(VERIFICATION_STATES as readonly string[]).includes(state));
  if (unknown === undefined) return states;
  throw new ApiError(
    "INVALID_QUERY",
    `verification "${unknown.slice(0, 80)}" is no state: use ${VERIFICATION_STATES.join(", ")}, or several separated by commas.`,
  );
}

export const listResults = defineRoute({
  method: "GET",
  path: "/v1/results",
  params: `${LIST_PARAMS}, status, verification`,
  purpose: "Results, newest first, each with its verification state.",
  auth: "none",
  query: z.object({
    ...stampedParams,
    status: optionalText("Only with this status: agent-run or negative."),
    verification: optionalText(`Only in these states, separated by commas: ${INDEX_STATES.join(", ")}.`),
    ...pageParams,
  }),
  status: 200,
  response: listOf(ResultSchema),
  markdown: listMarkdown,
  cached: true,
  async handler({ backend: { board }, query }) {
    let verification: string[] | undefined;
    const list = stampedQuery(query, () => {
      verification = verificationStates(query.verification);
    });
    const filters = { ...list.filters, "r.status": query.status };
    const page = await askList(board, resultsScope(board), { ...list, filters, verification });
    return { json: listAnswer(page, query, (row) => resultView(board, row)) };
  },
});

export const getResult = defineRoute({
  method: "GET",
  path: "/v1/results/{filename}",
  params: "filename",
  purpose: "One result with its verification state, its run, the draws of its submission and its verdict.",
  auth: "none",
  status: 200,
  response: ResultDetailSchema,
  markdown: documentMarkdown,
  cached: true,
  handler({ backend: { board }, params: { filename = "" } }) {
    const row = findDocument(board, "results", filename);
    if (!row) throw new ApiError("NOT_FOUND", `There is no results/${filename}.`);
    return { json: { ...resultView(board, row), ...resultDetail(board, filename) } };
  },
});
