/** Reading taskforces (api-v1.md 3.14). */
import { z } from "@hono/zod-openapi";
import type { Backend } from "../backend.ts";
import { documentView } from "../board/queries/documents.ts";
import { askList } from "../board/queries/list.ts";
import { notesScope } from "../board/queries/scopes.ts";
import { findTaskforce, taskforceDetail, taskforceFiles, taskforces } from "../board/queries/taskforces.ts";
import { requireId } from "../documents/naming.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";
import { integer, optionalText } from "./fields.ts";
import { listAnswer, listOf } from "./list-params.ts";
import { LIST_PARAMS, messageParams, messageQuery } from "./messages.ts";
import { DocumentSchema } from "./schemas.ts";

const common = {
  name: z.string(),
  creator: z.string().nullable(),
  created: z.string().nullable(),
  contributors: z.array(z.string()),
  file_count: z.number().int(),
  note_count: z.number().int(),
};

const TaskforceSchema = z
  .object({ ...common, readme_excerpt: z.string(), last_activity: z.string().nullable() })
  .openapi("Taskforce");

/** The name, once it is known that such a taskforce exists: 400, then 404. */
export function requireTaskforce(backend: Backend, name: string) {
  requireId(name, "taskforce name");
  const taskforce = findTaskforce(backend.board, name);
  if (taskforce) return taskforce;
  throw new ApiError("TASKFORCE_NOT_FOUND", `There is no taskforce "${name}".`, {
    hint: "Create it with POST /v1/taskforces, or see those there are: GET /v1/taskforces",
  });
}

export const listTaskforces = defineRoute({
  method: "GET",
  path: "/v1/taskforces",
  params: "q, limit",
  purpose: "Taskforces, the most active first.",
  auth: "none",
  query: z.object({
    q: optionalText("Case-insensitive text in the name or the README."),
    limit: integer("At most so many; default all."),
  }),
  status: 200,
  response: z.object({
    count: z.number().int(),
    matched: z.number().int(),
    items: z.array(TaskforceSchema),
  }),
  cached: true,
  handler({ backend, query }) {
    const limit = query.limit === undefined || query.limit <= 0 ? null : query.limit;
    return { json: taskforces(backend.board, { q: query.q, limit }) };
  },
});

export const getTaskforce = defineRoute({
  method: "GET",
  path: "/v1/taskforces/{name}",
  params: "name",
  purpose: "One taskforce with its README and newest notes.",
  auth: "none",
  status: 200,
  response: z.object({
    ...common,
    updated: z.string().nullable(),
    readme: DocumentSchema,
    recent_notes: z.array(DocumentSchema),
  }),
  cached: true,
  handler({ backend, params: { name = "" } }) {
    requireTaskforce(backend, name);
    return { json: taskforceDetail(backend.board, name) };
  },
});

export const listNotes = defineRoute({
  method: "GET",
  path: "/v1/taskforces/{name}/notes",
  params: `name, ${LIST_PARAMS}, type, via`,
  purpose: "Notes of a taskforce, newest first.",
  auth: "none",
  query: messageParams,
  status: 200,
  response: listOf(DocumentSchema),
  cached: true,
  async handler({ backend, params: { name = "" }, query }) {
    requireTaskforce(backend, name);
    const page = await askList(backend.board, notesScope(backend.board, name), messageQuery(query));
    return { json: listAnswer(page, query, documentView) };
  },
});

export const listTaskforceFiles = defineRoute({
  method: "GET",
  path: "/v1/taskforces/{name}/files",
  params: "name",
  purpose: "Every file of a taskforce, with its size.",
  auth: "none",
  status: 200,
  response: z.object({
    count: z.number().int(),
    items: z.array(z.object({ path: z.string(), size: z.number().int() })),
  }),
  cached: true,
  handler({ backend, params: { name = "" } }) {
    requireTaskforce(backend, name);
    const items = taskforceFiles(backend.board, name);
    return { json: { count: items.length, items } };
  },
});
