/** `POST /v1/taskforces/{name}/files`: a note, or a named file (api-v1.md 3.14). */
import { z } from "@hono/zod-openapi";
import { statSource } from "../access/source.ts";
import { isRegistered } from "../board/queries/agents.ts";
import { parseDocument } from "../documents/frontmatter.ts";
import { requireId } from "../documents/naming.ts";
import type { BuiltDocument } from "../documents/result.ts";
import { buildTaskforceFile, buildTaskforceNote, requireTaskforceFilePath } from "../documents/taskforce.ts";
import { ApiError } from "../errors.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { nullableText } from "./fields.ts";
import { requireVariant } from "./post-taskforce.ts";
import { requireTaskforce } from "./taskforces.ts";
import { ruleError } from "./validation.ts";
import {
  auditOf,
  commit,
  promotion,
  readDocumentSource,
  requireDocumentSize,
  requireOpen,
  requirePromoter,
  requireRawWriter,
} from "./write.ts";

const ROUTE = "/v1/taskforces/{name}/files";

const FileAnswer = z.object({
  kind: z.enum(["note", "file"]),
  filename: z.string(),
  via: z.enum(["bucket", "raw"]),
  path: z.string(),
});
type FileAnswer = z.output<typeof FileAnswer>;

const FileBody = z
  .object({
    source: nullableText("hf://buckets/… of a file in your scratch bucket."),
    dest_path: nullableText(
      "With `source`: a named file, with _{agent_id} in its path. Without it the file becomes a note.",
    ),
    agent_id: nullableText("With `body`: who writes."),
    body: nullableText("With `agent_id`: the note."),
    type: nullableText("Of a note with `body`; default note."),
  })
  .openapi("PostTaskforceFile");

type FileRequest = RequestContext<unknown, z.output<typeof FileBody>>;

export const postTaskforceFile = defineRoute({
  method: "POST",
  path: ROUTE,
  params: "name; source [+ dest_path] | agent_id + body; type",
  purpose: "Add a note to a taskforce, or a named file.",
  auth: "writer",
  body: FileBody,
  status: 201,
  response: FileAnswer,
  async handler(context) {
    const { backend, body: request, params } = context;
    requireVariant(request);
    if (request.dest_path !== null && request.source === null)
      throw ruleError("`dest_path` needs `source`", {});
    if (request.dest_path !== null && request.type !== null)
      throw ruleError("`type` is for notes; a named file has none", {});
    requireOpen(backend);
    const { name } = requireTaskforce(backend, params.name ?? "");
    if (request.source === null) return { json: await rawNote(context, name) };
    if (request.dest_path === null) return { json: await promotedNote(context, name, request.source) };
    return { json: await namedFile(context, name, request.source, request.dest_path) };
  },
});

async function namedFile(
  context: FileRequest,
  name: string,
  uri: string,
  destPath: string,
): Promise<FileAnswer> {
  const { backend } = context;
  const { board, collab, hub } = backend;
  const source = await requirePromoter(context, uri);
  const { size, xetHash } = await statSource(hub, source);
  if (size > collab.board.limits.sync_bytes) {
    throw new ApiError(
      "SYNC_TOO_LARGE",
      `The file has ${size} bytes; at most ${collab.board.limits.sync_bytes} are copied.`,
    );
  }
  requireTaskforceFilePath(destPath, source.agentId, (id) => isRegistered(board, id));
  const file = buildTaskforceFile({ name, destPath, size, xetHash, bucket: source.bucket });
  return commit(context, source.agentId, 201, () =>
    prepared(context, file, { name, agentId: source.agentId, kind: "file", via: "bucket", source: uri }),
  );
}

async function promotedNote(context: FileRequest, name: string, uri: string): Promise<FileAnswer> {
  const { backend } = context;
  const source = await requirePromoter(context, uri);
  const file = await readDocumentSource(backend, source);
  const { frontmatter, body } = parseDocument(file.text, uri);
  const once = promotion(`taskforces/${name}`, source, file.sha256);
  return commit(context, source.agentId, 201, (stamp, pending) => {
    once.requireNew(pending);
    const note = buildTaskforceNote(
      { name, agentId: source.agentId, via: "bucket", frontmatter, body },
      stamp,
    );
    const facts = { name, agentId: source.agentId, kind: "note", via: "bucket", source: uri } as const;
    return { ...prepared(context, note, facts), promoted: once.as(note.filename) };
  });
}

async function rawNote(context: FileRequest, name: string): Promise<FileAnswer> {
  const { backend, body: request } = context;
  const agentId = requireId(request.agent_id ?? "");
  await requireRawWriter(context, agentId);
  const body = request.body ?? "";
  requireDocumentSize(backend, body);
  return commit(context, agentId, 201, (stamp) => {
    const input = { name, agentId, via: "raw", frontmatter: new Map(), type: request.type, body } as const;
    return prepared(context, buildTaskforceNote(input, stamp), {
      name,
      agentId,
      kind: "note",
      via: "raw",
      source: null,
    });
  });
}

function prepared(
  context: FileRequest,
  { filename, path, changes }: BuiltDocument,
  {
    name,
    agentId,
    kind,
    via,
    source,
  }: { name: string; agentId: string; source: string | null } & Pick<FileAnswer, "kind" | "via">,
) {
  return {
    changes,
    audit: auditOf(context, {
      agent_id: agentId,
      route: ROUTE,
      via,
      source,
      status_code: 201,
      taskforce: name,
      kind,
    }),
    response: { kind, filename, via, path } satisfies FileAnswer,
  };
}
