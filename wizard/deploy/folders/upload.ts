/** A folder of the collab directory becomes one of a bucket. */
import type { HubBucket } from "../../../template/hub/types.ts";
import type { DesiredFolder } from "../desired.ts";
import type { FolderItem } from "../plan.ts";
import type { SpaceFile } from "../space-files/files.ts";

/** A pack is built in memory. */
const PACK_BYTES = 32 * 1024 * 1024;
const PACK_FILES = 1_000;

/** New and changed files first, then what is no longer there goes: a Job that starts meanwhile misses nothing. */
export async function uploadFolder(
  bucket: HubBucket,
  { files }: DesiredFolder,
  { put, delete: gone }: Pick<FolderItem, "put" | "delete">,
  signal?: AbortSignal,
): Promise<void> {
  const wanted = new Set(put);
  for (const group of groups(files.filter(({ path }) => wanted.has(path)))) {
    signal?.throwIfAborted();
    await bucket.write(group);
  }
  if (gone.length > 0) await bucket.publish({ deletes: gone });
}

function groups(files: readonly SpaceFile[]): SpaceFile[][] {
  const found: SpaceFile[][] = [];
  let bytes = PACK_BYTES;
  for (const file of files) {
    const last = found.at(-1);
    if (last && last.length < PACK_FILES && bytes + file.content.length <= PACK_BYTES) {
      last.push(file);
      bytes += file.content.length;
    } else {
      found.push([file]);
      bytes = file.content.length;
    }
  }
  return found;
}
