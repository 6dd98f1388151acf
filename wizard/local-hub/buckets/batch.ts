/** The only write to a bucket: a list of operations, one JSON object a line (hub-wire.md 3.4). */
import { z } from "zod";
import type { Caller } from "../context.ts";
import { badRequest } from "../errors.ts";
import { isHashText } from "../xet/hashes.ts";
import type { XetStore } from "../xet/store.ts";
import { type Bucket, type BucketStore, xetTarget } from "./bucket-store.ts";
import type { EntryStore } from "./entry-store.ts";
import { parentPaths, pathProblem } from "./paths.ts";

const hash = z.string().refine(isHashText, "not a Xet hash of 64 lowercase hex characters");
const stamps = {
  mtime: z.int().min(-8.64e15).max(8.64e15).optional(),
  mtimeNanos: z.int().min(0).max(999_999).optional(),
  contentType: z.string().max(255).optional(),
};
const operation = z.discriminatedUnion("type", [
  z.object({ type: z.literal("addFile"), path: z.string(), xetHash: hash, ...stamps }),
  z.object({
    type: z.literal("copyFile"),
    path: z.string(),
    xetHash: hash,
    sourceRepoType: z.enum(["bucket", "model", "dataset", "space"]),
    sourceRepoId: z.string(),
    ...stamps,
  }),
  z.object({ type: z.literal("deleteFile"), path: z.string() }),
]);

export type BatchOperation = z.infer<typeof operation>;
type PutOperation = Exclude<BatchOperation, { type: "deleteFile" }>;

export interface BatchResult {
  success: boolean;
  processed: number;
  succeeded: number;
  failed: { path: string; error: string }[];
}

/** Throws 400 for the first line that is not an operation, and for a delete before an add. */
export function parseBatch(body: string): BatchOperation[] {
  const operations: BatchOperation[] = [];
  for (const [i, line] of body.split("\n").entries()) {
    if (line.trim() === "") continue;
    const parsed = operation.safeParse(parseJson(line, i + 1));
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw badRequest(
        `Line ${i + 1} of the batch is wrong at '${issue?.path.join(".") ?? ""}': ${issue?.message}`,
      );
    }
    if (parsed.data.type !== "deleteFile" && operations.at(-1)?.type === "deleteFile") {
      throw badRequest(`Line ${i + 1} of the batch adds a file after a delete: deletes must come last`);
    }
    operations.push(parsed.data);
  }
  return operations;
}

function parseJson(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw badRequest(`Line ${number} of the batch is not JSON`);
  }
}

export interface BatchContext {
  buckets: BucketStore;
  entries: EntryStore;
  xet: XetStore;
  caller: Caller;
  bucket: Bucket;
  now: number;
  /** Why `caller` may not copy this content from there, `null` if they may. */
  copyProblem(operation: Extract<BatchOperation, { type: "copyFile" }>): string | null;
  /** Why this entry is to fail because a test asked for it, `null` otherwise. */
  injectedProblem(path: string): string | null;
}

/**
 * Applies the operations one by one; one that fails is reported and stops no other. Deleting what is not there
 * succeeds, so that a client may send the same batch again. To be run in a transaction.
 */
export function applyBatch(operations: readonly BatchOperation[], context: BatchContext): BatchResult {
  const { entries, bucket } = context;
  const failed: BatchResult["failed"] = [];
  const change = { bytes: 0, files: 0, at: context.now };
  const deleted = new Set(operations.filter(({ type }) => type === "deleteFile").map(({ path }) => path));
  for (const operation of operations) {
    const problem =
      pathProblem(operation.path) ??
      context.injectedProblem(operation.path) ??
      (operation.type === "deleteFile" ? null : putProblem(operation, deleted, context));
    if (problem !== null) {
      failed.push({ path: operation.path, error: problem });
      continue;
    }
    const before = entries.get(bucket.key, operation.path);
    change.bytes -= before?.size ?? 0;
    change.files -= before === undefined ? 0 : 1;
    if (operation.type === "deleteFile") {
      entries.delete(bucket.key, operation.path);
    } else {
      const size = context.xet.files.size(operation.xetHash) ?? 0;
      change.bytes += size;
      change.files += 1;
      entries.put(bucket.key, {
        path: operation.path,
        hash: operation.xetHash,
        size,
        mtime: operation.mtime ?? context.now,
        mtimeNanos: operation.mtimeNanos ?? null,
        contentType: operation.contentType ?? null,
        uploadedAt: context.now,
      });
    }
  }
  const succeeded = operations.length - failed.length;
  if (succeeded > 0) context.buckets.addTotals(bucket, change);
  return { success: failed.length === 0, processed: operations.length, succeeded, failed };
}

function putProblem(
  operation: PutOperation,
  deleted: ReadonlySet<string>,
  context: BatchContext,
): string | null {
  const contentProblem =
    operation.type === "copyFile" ? context.copyProblem(operation) : addProblem(operation.xetHash, context);
  return contentProblem ?? shapeProblem(operation.path, deleted, context);
}

function addProblem(hash: string, { xet, caller, bucket }: BatchContext): string | null {
  return xet.mayAdd(caller, xetTarget(bucket), hash)
    ? null
    : `Content ${hash} was not uploaded to this bucket`;
}

/**
 * A path is a file or a directory, never both, so that every bucket can be synced to a disk. What the same batch
 * deletes does not count: a file may become a directory in one batch.
 */
function shapeProblem(
  path: string,
  deleted: ReadonlySet<string>,
  { entries, bucket }: BatchContext,
): string | null {
  for (const parent of parentPaths(path)) {
    if (!deleted.has(parent) && entries.get(bucket.key, parent) !== undefined) {
      return `'${parent}' is a file, so nothing can be below it`;
    }
  }
  for (const below of entries.below(bucket.key, path)) {
    if (!deleted.has(below)) return `'${path}' is a directory: '${below}' is below it`;
  }
  return null;
}
