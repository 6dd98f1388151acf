/** `GET /v1/limits`: every allowance before anybody meets it, and what is left of the caller's. */
import { z } from "@hono/zod-openapi";
import { scratchBucket } from "../../../schema/collab.ts";
import type { Allowance } from "../access/limiter.ts";
import { ownerOf } from "../board/queries/agents.ts";
import { requireId } from "../documents/naming.ts";
import { defineRoute } from "./define.ts";
import { optionalText } from "./fields.ts";

const AllowanceSchema = z
  .object({
    limit: z.number().int().openapi({ description: "At once, after a rest." }),
    remaining: z.number().int(),
    per_minute: z.number().openapi({ description: "How fast it comes back." }),
    wait_seconds: z.number().int().openapi({ description: "0 unless nothing remains." }),
  })
  .openapi("Allowance");

export const getLimits = defineRoute({
  method: "GET",
  path: "/v1/limits",
  params: "as",
  purpose: "Every limit, and what is left of yours; `as` is your agent id or human handle.",
  auth: "none",
  query: z.object({ as: optionalText("Your agent id or human handle.") }),
  status: 200,
  response: z.object({
    address: z.record(z.string(), AllowanceSchema),
    as: z.record(z.string(), AllowanceSchema).nullable(),
    sizes: z.record(z.string(), z.number()),
  }),
  alwaysPublic: true,
  handler({ backend, query, requester }) {
    const { access, collab } = backend;
    const { limits } = collab.board;
    const { writes, registrations, searches, failures, signIns } = access.addresses;
    const { ip } = requester;
    return {
      json: {
        address: {
          writes: writes.left(ip),
          registrations: registrations.left(ip),
          searches: searches.left(ip),
          failures: failures.left(ip),
          sign_ins: signIns.left(ip),
          file_reads: backend.files.left(ip),
          streams: backend.streams.left(ip),
        },
        as: query.as === undefined ? null : allowancesOf(requireId(query.as)),
        sizes: {
          document_bytes: limits.document_bytes,
          sync_bytes: limits.sync_bytes,
          sync_files: limits.sync_files,
          mention_fanout: limits.mention_fanout,
        },
      },
    };

    function allowancesOf(id: string): Record<string, Allowance> {
      const owner = ownerOf(backend.board, id);
      const bucket = scratchBucket(collab.collab, id);
      return {
        posts: access.limiters.rawPosts.left(id),
        promotions: access.limiters.bucketWrites.left(bucket.slice(bucket.indexOf("/") + 1)),
        registrations: access.limiters.registration.left(id),
        ...(owner ? { owner: access.limiters.userWrites.left(owner) } : {}),
      };
    }
  },
});
