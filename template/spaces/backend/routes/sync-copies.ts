/** Copying a folder of a scratch bucket into the record, by content hash: no bytes move (api-v1.md 3.12, 3.13). */
import { z } from "@hono/zod-openapi";
import type { BucketEntry } from "../../../hub/types.ts";
import { listSource } from "../access/source.ts";
import type { Backend } from "../backend.ts";
import { leafOf } from "../documents/filenames.ts";
import { requireUnreservedTarget, type SourceRef } from "../documents/paths.ts";
import { ApiError } from "../errors.ts";
import type { FileChange } from "../record/types.ts";

export const SyncAnswer = z.object({
  dest: z.string(),
  files: z.array(z.object({ src_path: z.string(), dest_path: z.string(), bytes: z.number().int() })),
  bytes_copied: z.number().int(),
});

export interface SyncPlan {
  answer: z.output<typeof SyncAnswer>;
  changes: FileChange[];
}

/**
 * What a sync copies. `dest` is the folder, with its slash; `singleFile` is where a source that is one file
 * goes. Throws 413 SYNC_TOO_LARGE, files before bytes.
 */
export async function planSync(
  { hub, collab }: Backend,
  source: SourceRef,
  target: { dest: string; singleFile(leaf: string): string },
): Promise<SyncPlan> {
  const { sync_files: maxFiles, sync_bytes: maxBytes } = collab.board.limits;
  const listed = await listSource(hub, source, { maxFiles });
  const entries = listed.filter((entry) => isCopied(entry, source));
  if (entries.length > maxFiles) {
    throw new ApiError(
      "SYNC_TOO_LARGE",
      `The source has more than ${maxFiles} files, the most a sync copies.`,
    );
  }
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (bytes > maxBytes) {
    throw new ApiError("SYNC_TOO_LARGE", `The source has ${bytes} bytes; a sync copies at most ${maxBytes}.`);
  }
  const folder = source.path.replace(/\/+$/, "");
  const copies = entries.map((entry) => {
    const path =
      entry.path === folder
        ? target.singleFile(leafOf(folder))
        : target.dest + entry.path.slice(folder === "" ? 0 : folder.length + 1);
    return { entry, path: requireUnreservedTarget(path) };
  });
  return {
    answer: {
      dest: target.dest,
      files: copies.map(({ entry, path }) => ({ src_path: entry.path, dest_path: path, bytes: entry.size })),
      bytes_copied: bytes,
    },
    changes: copies.map(({ entry, path }) => ({
      op: "copy",
      path,
      size: entry.size,
      xetHash: entry.xetHash ?? "",
      source: { type: "bucket", id: source.bucket },
    })),
  };
}

/** Of a whole bucket, not the files that are only about the bucket, such as the handshake. */
function isCopied(entry: BucketEntry, source: SourceRef): boolean {
  if (entry.xetHash === null) return false;
  return source.path !== "" || !entry.path.split("/").some((part) => part.startsWith("."));
}
