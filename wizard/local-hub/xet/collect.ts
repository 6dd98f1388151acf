/**
 * Removes what nothing refers to any more. Marking starts from the entries of buckets; files and xorbs that were
 * used a short while ago stay in any case, since clients remember what they sent and refer to it without asking.
 */
import { rmSync, statSync } from "node:fs";
import type { HubContext } from "../context.ts";
import { transaction } from "../database.ts";
import type { XetStore } from "./store.ts";

/** hf_xet keeps its list of sent chunks for three weeks (hub-wire.md 4.6). */
export const GRACE_MS = 28 * 24 * 3600 * 1000;

export interface Collected {
  files: number;
  xorbs: number;
  /** On disk. */
  bytes: number;
}

/** Runs in one go, so that no upload can refer to a xorb between the look and its removal. */
export function collectGarbage(hub: HubContext, store: XetStore, graceMs = GRACE_MS): Collected {
  const before = hub.now() - graceMs;
  const { files, xorbs } = transaction(hub.db, () => {
    const entries = new Set(store.holders.flatMap((holder) => [...holder.hashes()]));
    const unused = store.files.usedBefore(before).filter((hash) => !entries.has(hash));
    store.files.remove(unused);
    store.files.removeUploads(before);
    const referred = store.files.referredXorbs();
    const orphans = store.xorbs.usedBefore(before).filter((hash) => !referred.has(hash));
    for (const hash of orphans) store.xorbs.forget(hash);
    return { files: unused.length, xorbs: orphans };
  });
  // The database forgets first: a crash in between leaves a file too many, never one too few.
  let bytes = 0;
  for (const hash of xorbs) {
    const path = store.xorbs.path(hash);
    bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    rmSync(path, { force: true });
  }
  return { files, xorbs: xorbs.length, bytes };
}
