/** `GET /v1/inbox/{handle}` (api-v1.md 3.10). */

import type { Backend } from "../backend.ts";
import { documentView } from "../board/queries/documents.ts";
import { askList } from "../board/queries/list.ts";
import { inboxScope } from "../board/queries/scopes.ts";
import { isHumanHandle, requireId } from "../documents/naming.ts";
import { defineRoute } from "./define.ts";
import { listAnswer, listOf } from "./list-params.ts";
import { listMarkdown } from "./markdown.ts";
import { LIST_PARAMS, messageParams, messageQuery } from "./messages.ts";
import { DocumentSchema } from "./schemas.ts";

/** A handle that has an inbox: any human's, or a registered agent's. */
export function requireReader(backend: Backend, handle: string): string {
  requireId(handle, "handle");
  if (!isHumanHandle(handle)) backend.access.requireRegistered(handle);
  return handle;
}

export const getInbox = defineRoute({
  method: "GET",
  path: "/v1/inbox/{handle}",
  params: `handle, ${LIST_PARAMS}, type, via, channel`,
  purpose: "Messages that mention or answer you, and the organisers' broadcasts.",
  auth: "none",
  query: messageParams,
  status: 200,
  response: listOf(DocumentSchema),
  markdown: listMarkdown,
  cached: true,
  async handler({ backend, params: { handle = "" }, query }) {
    requireReader(backend, handle);
    const page = await askList(backend.board, inboxScope(backend.board, handle), messageQuery(query));
    return { json: listAnswer(page, query, documentView) };
  },
});
