/** `POST /v1/results` (api-v1.md 3.8). */
import { z } from "@hono/zod-openapi";
import { parseDocument } from "../documents/frontmatter.ts";
import { buildResult } from "../documents/result.ts";
import { checkResult } from "../documents/result-rules.ts";
import { defineRoute } from "./define.ts";
import { text } from "./fields.ts";
import { auditOf, commit, promotion, readDocumentSource, requireOpen, requirePromoter } from "./write.ts";

const ROUTE = "/v1/results";

export const postResult = defineRoute({
  method: "POST",
  path: ROUTE,
  params: "source",
  purpose: "Publish a result file from your scratch bucket.",
  auth: "writer",
  body: z
    .object({ source: text("hf://buckets/… of a Markdown file in your scratch bucket.") })
    .openapi("PostResult"),
  status: 201,
  response: z.object({ filename: z.string(), via: z.literal("bucket"), path: z.string() }),
  async handler(context) {
    const { backend, body: request } = context;
    requireOpen(backend);
    const source = await requirePromoter(context, request.source);
    const file = await readDocumentSource(backend, source);
    const { frontmatter, body } = parseDocument(file.text, request.source);
    checkResult(frontmatter, backend.collab.scoring);
    const once = promotion("results", source, file.sha256);
    const json = await commit(context, source.agentId, 201, (stamp, pending) => {
      once.requireNew(pending);
      const { filename, path, changes } = buildResult({ agentId: source.agentId, frontmatter, body }, stamp);
      return {
        changes,
        audit: auditOf(context, {
          agent_id: source.agentId,
          route: ROUTE,
          via: "bucket",
          source: request.source,
          status_code: 201,
        }),
        promoted: once.as(filename),
        response: { filename, via: "bucket" as const, path },
      };
    });
    return { json };
  },
});
