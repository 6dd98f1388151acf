/** `POST /v1/artifacts:sync` and `POST /v1/shared-resources:sync` (api-v1.md 3.12, 3.13). */
import { z } from "@hono/zod-openapi";
import { isRegistered } from "../board/queries/agents.ts";
import { requireSlug } from "../documents/naming.ts";
import { parseSource, requireMarker, requirePath } from "../documents/paths.ts";
import { ApiError } from "../errors.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { text } from "./fields.ts";
import { planSync, SyncAnswer, type SyncPlan } from "./sync-copies.ts";
import { auditOf, commit, requireOpen, requirePromoter } from "./write.ts";

const ARTIFACTS = "/v1/artifacts:sync";
const SHARED = "/v1/shared-resources:sync";
/** Where the organisers' benchmark harness lies: what runs on paid hardware is no participant's to place. */
const HARNESS_FOLDER = "harness";

export const syncArtifacts = defineRoute({
  method: "POST",
  path: ARTIFACTS,
  params: "source, dest_slug",
  purpose: "Copy a folder of your scratch bucket to artifacts/{dest_slug}_{agent_id}/.",
  auth: "writer",
  body: z
    .object({ source: text("hf://buckets/… of a folder or a file."), dest_slug: text("Name of the set.") })
    .openapi("SyncArtifacts"),
  status: 200,
  response: SyncAnswer,
  async handler(context) {
    const { backend, body } = context;
    requireOpen(backend);
    const slug = requireSlug(body.dest_slug, "dest_slug");
    const source = await requirePromoter(context, body.source);
    const dest = `artifacts/${slug}_${source.agentId}/`;
    const plan = await planSync(backend, source, { dest, singleFile: (leaf) => dest + leaf });
    return {
      json: await copy(context, plan, { agentId: source.agentId, route: ARTIFACTS, source: body.source }),
    };
  },
});

export const syncSharedResources = defineRoute({
  method: "POST",
  path: SHARED,
  params: "source, dest_path (with _{agent_id} in it)",
  purpose: "Copy a folder or file of your scratch bucket to shared_resources/{dest_path}.",
  auth: "writer",
  body: z
    .object({
      source: text("hf://buckets/… of a folder or a file."),
      dest_path: text("With your marker, such as plots/curve_{agent_id}.png."),
    })
    .openapi("SyncSharedResources"),
  status: 200,
  response: SyncAnswer,
  async handler(context) {
    const { backend, body } = context;
    requireOpen(backend);
    // The URI, the path and its marker are checked before anybody is asked for (api-v1.md 3.13).
    const { agentId } = parseSource(body.source, backend.collab.collab);
    requirePath(body.dest_path, "dest_path");
    requireMarker(body.dest_path, agentId, (id) => isRegistered(backend.board, id));
    requireNotHarness(body.dest_path, agentId);
    const source = await requirePromoter(context, body.source);
    const target = `shared_resources/${body.dest_path.replace(/\/+$/, "")}`;
    const plan = await planSync(backend, source, { dest: `${target}/`, singleFile: () => target });
    plan.answer.dest = `shared_resources/${body.dest_path}`;
    return { json: await copy(context, plan, { agentId, route: SHARED, source: body.source }) };
  },
});

function requireNotHarness(destPath: string, agentId: string): void {
  if (destPath.split("/")[0]?.toLowerCase() !== HARNESS_FOLDER) return;
  throw new ApiError("INVALID_PATH", `shared_resources/${HARNESS_FOLDER}/ is the organisers'.`, {
    hint: `For example: tools/harness_${agentId}/`,
  });
}

async function copy(
  context: RequestContext,
  { answer, changes }: SyncPlan,
  { agentId, route, source }: { agentId: string; route: string; source: string },
): Promise<SyncPlan["answer"]> {
  if (changes.length === 0) return answer;
  return commit(context, agentId, 200, () => ({
    changes,
    audit: auditOf(context, {
      agent_id: agentId,
      route,
      via: "bucket",
      source,
      status_code: 200,
      file_count: changes.length,
    }),
    targetPath: answer.dest,
    response: answer,
  }));
}
