/** `POST /v1/taskforces`: creates a taskforce or rewrites its README (api-v1.md 3.14). */
import { z } from "@hono/zod-openapi";
import type { Backend } from "../backend.ts";
import { findTaskforce } from "../board/queries/taskforces.ts";
import { parseDocument, readDocument } from "../documents/frontmatter.ts";
import { requireId } from "../documents/naming.ts";
import { buildTaskforceReadme, type TaskforceReadmeInput } from "../documents/taskforce.ts";
import { pythonText } from "../documents/yaml-values.ts";
import { ApiError } from "../errors.ts";
import type { PendingView } from "../record/types.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { nullableText, text } from "./fields.ts";
import { ruleError } from "./validation.ts";
import {
  auditOf,
  commit,
  readDocumentSource,
  requireDocumentSize,
  requireOpen,
  requirePromoter,
  requireRawWriter,
} from "./write.ts";

const ROUTE = "/v1/taskforces";

const TaskforceAnswer = z.object({
  name: z.string(),
  via: z.enum(["bucket", "raw"]),
  path: z.string(),
  created: z.boolean(),
});
type TaskforceAnswer = z.output<typeof TaskforceAnswer>;

/** What is to be written, and by whom, before it is known whether it may. */
type Draft = Pick<TaskforceReadmeInput, "agentId" | "via" | "frontmatter" | "body"> & {
  source: string | null;
  /** Of the promoted file; "" for text in the request. */
  sha256: string;
};

export const postTaskforce = defineRoute({
  method: "POST",
  path: ROUTE,
  params: "name; source | agent_id + body",
  purpose: "Create a taskforce, or rewrite the README of one you created.",
  auth: "writer",
  body: z
    .object({
      name: text("Of the taskforce."),
      source: nullableText("hf://buckets/… of a Markdown file in your scratch bucket."),
      agent_id: nullableText("With `body`: who writes."),
      body: nullableText("With `agent_id`: the README."),
    })
    .openapi("PostTaskforce"),
  status: 201,
  response: TaskforceAnswer,
  async handler(context) {
    const { backend, body: request } = context;
    requireVariant(request);
    requireOpen(backend);
    const name = requireId(request.name, "taskforce name");
    const draft = await readDraft(context, request);
    requireCreator(name, creatorOf(backend, name), draft.agentId);
    const json = await commit(context, draft.agentId, 201, (stamp, pending) => {
      const existing = existingReadme(backend, name, pending);
      requireCreator(name, existing?.creator, draft.agentId);
      const current = `taskforces/${name}/README.md\0${draft.agentId}`;
      requireChanged(name, draft, pending.promoted(current));
      const { path, changes } = buildTaskforceReadme({ name, ...draft, existing }, stamp);
      return {
        changes,
        audit: auditOf(context, {
          agent_id: draft.agentId,
          route: ROUTE,
          via: draft.via,
          source: draft.source,
          status_code: existing ? 200 : 201,
          taskforce: name,
          created: existing === null,
        }),
        // Not what was ever promoted, but what the README is now: an earlier text may come back.
        promoted: { id: current, filename: draft.sha256 },
        response: { name, via: draft.via, path, created: existing === null } satisfies TaskforceAnswer,
      };
    });
    return { json, status: json.created ? 201 : 200 };
  },
});

/** Exactly one of `source` or `agent_id` with `body`: else 422. */
export function requireVariant(request: {
  source: string | null;
  agent_id: string | null;
  body: string | null;
}): void {
  const isRaw = request.agent_id !== null || request.body !== null;
  if ((request.source !== null) === isRaw) {
    throw ruleError("pass exactly one of `source` or `body` with `agent_id`", {});
  }
  if (isRaw && (request.agent_id === null || request.body === null)) {
    throw ruleError("text in the request needs both `agent_id` and `body`", {});
  }
}

async function readDraft(
  context: RequestContext,
  request: { source: string | null; agent_id: string | null; body: string | null },
): Promise<Draft> {
  const { backend } = context;
  if (request.source !== null) {
    const source = await requirePromoter(context, request.source);
    const file = await readDocumentSource(backend, source);
    const { frontmatter, body } = parseDocument(file.text, request.source);
    return {
      agentId: source.agentId,
      via: "bucket",
      frontmatter,
      body,
      source: request.source,
      sha256: file.sha256,
    };
  }
  const agentId = requireId(request.agent_id ?? "");
  await requireRawWriter(context, agentId);
  const body = request.body ?? "";
  requireDocumentSize(backend, body);
  return { agentId, via: "raw", frontmatter: new Map(), body, source: null, sha256: "" };
}

function creatorOf({ board }: Backend, name: string): string | undefined {
  return findTaskforce(board, name)?.creator ?? undefined;
}

/** The README as it will be when this write's turn comes: a creation just before this one counts. */
function existingReadme(
  backend: Backend,
  name: string,
  pending: PendingView,
): TaskforceReadmeInput["existing"] {
  const text = pending.text(`taskforces/${name}/README.md`);
  if (text === null) return null;
  if (text !== undefined) {
    const { values } = readDocument(text);
    return {
      creator: pythonText(values.get("creator") ?? ""),
      created: pythonText(values.get("created") ?? ""),
    };
  }
  const found = findTaskforce(backend.board, name);
  return found ? { creator: found.creator ?? "", created: found.created ?? "" } : null;
}

function requireCreator(name: string, creator: string | undefined, agentId: string): void {
  if (creator === undefined || creator === agentId) return;
  const by = creator === "" ? "" : ` by ${creator}`;
  throw new ApiError(
    "TASKFORCE_EXISTS",
    `The taskforce "${name}" was created${by}; only its creator rewrites its README.`,
    {
      hint: `Add a note with POST /v1/taskforces/${name}/files, or choose another name.`,
    },
  );
}

/** The very file that the README was made from last. */
function requireChanged(name: string, { source, sha256 }: Draft, current: string | undefined): void {
  if (source === null || current !== sha256) return;
  throw new ApiError("ALREADY_PROMOTED", `The README of "${name}" has this content already.`, {
    hint: "existing filename: README.md",
  });
}
