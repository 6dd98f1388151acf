/** `GET /v1/messages`, `GET /v1/messages/{filename}` (api-v1.md 3.7). */
import { z } from "@hono/zod-openapi";
import { documentView, findDocument } from "../board/queries/documents.ts";
import { askList } from "../board/queries/list.ts";
import { messagesScope } from "../board/queries/scopes.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";
import { optionalText } from "./fields.ts";
import { listAnswer, listOf, pageParams, stampedParams, stampedQuery } from "./list-params.ts";
import { documentMarkdown, listMarkdown } from "./markdown.ts";
import { DocumentSchema } from "./schemas.ts";

export const messageParams = z.object({
  ...stampedParams,
  type: optionalText("Only with this `type`."),
  via: optionalText("Only with this `via`: bucket, raw, dashboard or server."),
  channel: optionalText("Only in this channel."),
  ...pageParams,
});

type MessageParams = z.output<typeof messageParams>;

export function messageQuery(params: MessageParams) {
  const query = stampedQuery(params);
  return {
    ...query,
    filters: { ...query.filters, "d.type": params.type, "d.via": params.via, "d.channel": params.channel },
  };
}

export const LIST_PARAMS = "agent, since, until, q, after, before, order, limit, expand, excerpt";

export const listMessages = defineRoute({
  method: "GET",
  path: "/v1/messages",
  params: `${LIST_PARAMS}, type, via, channel`,
  purpose: "The message board, newest first.",
  auth: "none",
  query: messageParams,
  status: 200,
  response: listOf(DocumentSchema),
  markdown: listMarkdown,
  cached: true,
  async handler({ backend: { board }, query }) {
    const page = await askList(board, messagesScope(board), messageQuery(query));
    return { json: listAnswer(page, query, documentView) };
  },
});

export const getMessage = defineRoute({
  method: "GET",
  path: "/v1/messages/{filename}",
  params: "filename",
  purpose: "One message.",
  auth: "none",
  status: 200,
  response: DocumentSchema,
  markdown: documentMarkdown,
  cached: true,
  handler({ backend: { board }, params: { filename = "" } }) {
    const row = findDocument(board, "messages", filename);
    if (!row) throw new ApiError("NOT_FOUND", `There is no message_board/${filename}.`);
    return { json: documentView(row) };
  },
});
