/** `POST /v1/traces` (api-v1.md 10.1). */
import { z } from "@hono/zod-openapi";
import type { Hub } from "../../../hub/types.ts";
import { readSource, sourceText, statSource } from "../access/source.ts";
import { filesUnder } from "../board/queries/taskforces.ts";
import { parseDocument } from "../documents/frontmatter.ts";
import { quoted } from "../documents/naming.ts";
import { parseSource, requirePath, type SourceRef } from "../documents/paths.ts";
import { buildTrace, checkManifest, type TraceInput } from "../documents/trace.ts";
import type { YamlMapping } from "../documents/yaml-values.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";
import { text } from "./fields.ts";
import { auditOf, commit, requireOpen, requirePromoter } from "./write.ts";

const ROUTE = "/v1/traces";
const MANIFEST = "manifest.md";

export const postTrace = defineRoute({
  method: "POST",
  path: ROUTE,
  params: "source, share (stats | full)",
  purpose: "Share a session trace from traces/{session} of your scratch bucket.",
  auth: "writer",
  body: z
    .object({
      source: text("hf://buckets/…/traces/{session}: the folder with manifest.md."),
      share: z
        .enum(["stats", "full"])
        .default("stats")
        .openapi({ description: "full copies the native log too." }),
    })
    .openapi("PostTrace"),
  status: 201,
  response: z.object({
    session_id: z.string(),
    agent: z.string(),
    share: z.enum(["stats", "full"]),
    path: z.string(),
    files_copied: z.number().int(),
    bytes_copied: z.number().int(),
    completeness: z.enum(["full", "partial"]),
  }),
  async handler(context) {
    const { backend, body: request } = context;
    const { hub, collab, board } = backend;
    requireOpen(backend);
    const session = sessionOf(parseSource(request.source, collab.collab));
    const source = await requirePromoter(context, request.source);
    const folder: SourceRef = { ...source, path: `traces/${session}` };

    const manifest = { ...folder, path: `${folder.path}/${MANIFEST}` };
    const file = await readSource(hub, manifest, { maxBytes: collab.board.limits.document_bytes }).catch(
      noManifest,
    );
    const { frontmatter, body } = parseDocument(sourceText(file, manifest), `${folder.path}/${MANIFEST}`);
    requireSession(checkManifest(frontmatter).sessionId, session);
    const log = request.share === "full" ? await nativeLog(hub, folder, frontmatter) : undefined;
    const bytes = file.bytes.byteLength + (log?.size ?? 0);
    if (bytes > collab.board.limits.sync_bytes) {
      throw new ApiError(
        "SYNC_TOO_LARGE",
        `The trace has ${bytes} bytes; at most ${collab.board.limits.sync_bytes} are taken.`,
      );
    }

    const input: TraceInput = {
      agentId: source.agentId,
      sessionId: session,
      frontmatter,
      body,
      share: request.share,
      ...(log ? { log } : {}),
    };
    const json = await commit(context, source.agentId, 201, (stamp) => {
      const target = `traces/${source.agentId}/${session}/`;
      const kept = new Set([`${target}${MANIFEST}`, ...(log ? [`${target}${log.name}`] : [])]);
      const obsolete = filesUnder(board, target).flatMap(({ path }) => (kept.has(path) ? [] : [path]));
      const trace = buildTrace({ ...input, obsolete }, stamp);
      return {
        changes: trace.changes,
        audit: auditOf(context, {
          agent_id: source.agentId,
          route: ROUTE,
          via: "bucket",
          source: request.source,
          status_code: 201,
          share: request.share,
          session_id: session,
          files_copied: log ? 1 : 0,
          completeness: trace.completeness,
        }),
        targetPath: trace.path,
        response: {
          session_id: session,
          agent: source.agentId,
          share: request.share,
          path: trace.folder,
          files_copied: log ? 1 : 0,
          bytes_copied: log?.size ?? 0,
          completeness: trace.completeness,
        },
      };
    });
    return { json };
  },
});

const BUNDLE = "A bundle is traces/{session}/manifest.md with, for share: full, the native log beside it.";

function sessionOf({ path }: SourceRef): string {
  const parts = path.replace(/\/+$/, "").split("/");
  const [folder, session = ""] = parts;
  if (parts.length !== 2 || folder !== "traces") {
    throw new ApiError("INVALID_PATH", `The source ${quoted(path)} is no traces/<session> folder.`, {
      hint: BUNDLE,
    });
  }
  return requirePath(session, "session id");
}

function noManifest(error: unknown): never {
  if (!(error instanceof ApiError) || error.code !== "SOURCE_NOT_FOUND") throw error;
  throw new ApiError("INVALID_PATH", `There is no ${MANIFEST} in the bundle.`, {
    hint: BUNDLE,
    cause: error,
  });
}

function requireSession(sessionId: string, folder: string): void {
  requirePath(sessionId, "session_id");
  if (sessionId.includes("/"))
    throw new ApiError("INVALID_PATH", `The session_id ${quoted(sessionId)} must not contain "/".`);
  if (sessionId === folder) return;
  throw new ApiError("INVALID_PATH", "The session_id of the manifest is not the name of its folder.", {
    hint: `session_id: ${quoted(sessionId)}, folder: ${quoted(folder)}`,
  });
}

async function nativeLog(
  hub: Hub,
  folder: SourceRef,
  frontmatter: YamlMapping,
): Promise<NonNullable<TraceInput["log"]>> {
  const field = frontmatter.get("native_log_file");
  if (typeof field !== "string" || field.trim() === "") {
    throw new ApiError(
      "INVALID_FRONTMATTER",
      "share: full needs native_log_file in the manifest: the name of the log beside it.",
    );
  }
  const name = requirePath(field.trim(), "native_log_file");
  if (name.includes("/") || name === MANIFEST) {
    throw new ApiError(
      "INVALID_PATH",
      `native_log_file ${quoted(name)} must name a file beside the manifest.`,
    );
  }
  const path = `${folder.path}/${name}`;
  const { size, xetHash } = await statSource(hub, { ...folder, path }).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== "SOURCE_NOT_FOUND") throw error;
    throw new ApiError("INVALID_PATH", `The native log ${quoted(name)} is not in the bundle.`, {
      hint: `Expected at hf://buckets/${folder.bucket}/${path}`,
      cause: error,
    });
  });
  return { name, size, xetHash, bucket: folder.bucket };
}
