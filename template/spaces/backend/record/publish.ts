/** Changes of a group as the two halves of a bucket write. */
import type { BucketCopy, BucketFile, HubBucket, StagedFiles } from "../../../hub/types.ts";
import type { FileChange } from "./types.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  md: "text/markdown; charset=utf-8",
  json: "application/json",
};

/** One change a path: the last one. */
export function lastChanges(changes: readonly FileChange[]): FileChange[] {
  return [...new Map(changes.map((change) => [change.path, change])).values()];
}

/** Uploads the contents; nothing is visible yet. */
export async function stageChanges(bucket: HubBucket, changes: readonly FileChange[]): Promise<StagedFiles> {
  const files = changes.flatMap((change): BucketFile[] => {
    if (change.op !== "put") return [];
    const contentType = CONTENT_TYPES[change.path.slice(change.path.lastIndexOf(".") + 1)];
    return [{ path: change.path, content: change.text, ...(contentType && { contentType }) }];
  });
  return files.length === 0 ? { entries: [] } : bucket.stage(files);
}

/** Makes them visible, then removes what goes. `staged` may hold more than `changes`. */
export async function publishChanges(
  bucket: HubBucket,
  changes: readonly FileChange[],
  staged: StagedFiles,
): Promise<void> {
  const paths = new Set(changes.map((change) => change.path));
  const copies = changes.flatMap((change): BucketCopy[] =>
    change.op === "copy" ? [{ path: change.path, xetHash: change.xetHash, source: change.source }] : [],
  );
  const deletes = changes.flatMap((change) => (change.op === "delete" ? [change.path] : []));
  const entries = staged.entries.filter(({ path }) => paths.has(path));
  await bucket.publish({ staged: { entries }, copies, deletes });
}
