/**
 * What changed in the central bucket beside the backend (an eval Space, an organiser's upload or deletion, a
 * backend that had been replaced): often among the newest uploads, with one request; rarely by listing all.
 * What the backend wrote itself is recognised by its size.
 */
import type { BucketEntry, HubBucket } from "../../../hub/types.ts";
import type { BoardWriter } from "../board/types.ts";
import type { RecordMemory } from "./memory.ts";
import { foundFile, toChange } from "./scan.ts";

const NEWEST = 200;
/** Paths asked for by name before they count as gone: a listing in pages is no snapshot. */
const CONFIRMED_AT_ONCE = 500;

export interface ReconcileOptions {
  bucket: HubBucket;
  memory: RecordMemory;
  board: BoardWriter;
}

/** Takes in what is unknown among the newest uploads. Returns how many files that were. */
export async function reconcileNewest(options: ReconcileOptions): Promise<number> {
  await options.memory.complete();
  return takeIn(options, await options.bucket.newest(NEWEST));
}

/** Takes in everything unknown and takes out what is gone. Returns how many files that were. */
export async function reconcileAll(options: ReconcileOptions): Promise<number> {
  const { bucket, memory, board } = options;
  await memory.complete();
  const before = [...memory.paths()];
  const listed = new Set<string>();
  let found = 0;
  let batch: BucketEntry[] = [];
  for await (const entry of bucket.list()) {
    listed.add(entry.path);
    if (isUnknown(memory, entry)) batch.push(entry);
    if (batch.length < 100) continue;
    found += await takeIn(options, batch);
    batch = [];
  }
  found += await takeIn(options, batch);

  const missing = before.filter((path) => !listed.has(path));
  for (let at = 0; at < missing.length; at += CONFIRMED_AT_ONCE) {
    const some = missing.slice(at, at + CONFIRMED_AT_ONCE);
    const present = await bucket.stat(some);
    const gone = some.filter((path) => !present.has(path) && memory.stateOf(path) !== undefined);
    for (const path of gone) memory.found({ op: "delete", path });
    board.applyFound([], gone);
    found += gone.length;
  }
  return found;
}

async function takeIn(
  { bucket, memory, board }: ReconcileOptions,
  entries: readonly BucketEntry[],
): Promise<number> {
  let found = 0;
  for (const entry of entries) {
    if (!isUnknown(memory, entry)) continue;
    const before = memory.stateOf(entry.path)?.seq;
    const change = await toChange(bucket, entry);
    // A group of our own may have written it meanwhile: then what was read may be older.
    if (change === null || memory.stateOf(entry.path)?.seq !== before) continue;
    memory.found(change);
    board.applyFound([foundFile(change)]);
    found += 1;
  }
  return found;
}

function isUnknown(memory: RecordMemory, { type, path, size }: BucketEntry): boolean {
  return type === "file" && memory.stateOf(path)?.size !== size;
}
