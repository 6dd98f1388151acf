/**
 * Files that appeared in the central bucket beside the backend (an eval Space, an organiser's upload, a
 * backend that had been replaced): noticed among the newest uploads, with one request.
 */
import type { HubBucket } from "../../../hub/types.ts";
import type { FoundFile } from "../board/types.ts";
import type { RecordMemory } from "./memory.ts";
import { foundFile, toChange } from "./scan.ts";

const NEWEST = 200;

/** Brings what is unknown into memory; returns it for the board. */
export async function findUnknown(bucket: HubBucket, memory: RecordMemory): Promise<FoundFile[]> {
  const unknown = (await bucket.newest(NEWEST)).filter(
    ({ type, path }) => type === "file" && !memory.knows(path),
  );
  const found: FoundFile[] = [];
  for (const entry of unknown) {
    const change = await toChange(bucket, entry);
    // A group may have written it meanwhile.
    if (change === null || memory.knows(change.path)) continue;
    memory.found(change);
    found.push(foundFile(change));
  }
  return found;
}
