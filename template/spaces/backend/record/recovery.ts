/** Starting: the last snapshot, the journal after it, and what the last group still owes the central bucket. */
import type { HubBucket } from "../../../hub/types.ts";
import type { FoundFile } from "../board/types.ts";
import { decodeSegment, JOURNAL_FOLDER, parseSegmentPath, type SegmentName, segmentPath } from "./journal.ts";
import type { RecordMemory } from "./memory.ts";
import { messageOf } from "./persist.ts";
import { publishChanges, stageChanges } from "./publish.ts";
import { scanBucket } from "./scan.ts";
import { parseManifestPath, readSnapshot, SNAPSHOT_FOLDER, type SnapshotManifest } from "./snapshot.ts";
import type { FileChange, JournalGroup } from "./types.ts";

const SEGMENT_READERS = 8;

export interface RecoverOptions {
  central: HubBucket;
  audit: HubBucket;
  memory: RecordMemory;
  log(line: string): void;
}

export interface Recovered {
  snapshot: SnapshotManifest | null;
  /** What lies in the audit bucket: what may be deleted once newer snapshots exist. */
  segments: SegmentName[];
  manifests: string[];
  parts: string[];
  /** True if there was neither snapshot nor journal. */
  isFirstStart: boolean;
}

/** Fills `memory`; afterwards the central bucket holds everything the journal does. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { audit, central, memory, log } = options;
  const segments: SegmentName[] = [];
  for await (const { path } of audit.list(JOURNAL_FOLDER)) {
    const name = parseSegmentPath(path);
    if (name) segments.push(name);
  }
  segments.sort((a, b) => a.seq - b.seq || (a.writer < b.writer ? -1 : 1));
  const snapshotFiles: string[] = [];
  for await (const { path } of audit.list(SNAPSHOT_FOLDER)) snapshotFiles.push(path);
  const manifests = snapshotFiles.filter((path) => parseManifestPath(path) !== null).sort();
  const parts = snapshotFiles.filter((path) => !manifests.includes(path));

  const isFirstStart = segments.length === 0 && manifests.length === 0;
  if (isFirstStart) {
    const found = await scanBucket(central);
    memory.transaction(() => {
      for (const change of found) memory.found(change, 0);
    });
    if (found.length > 0) log(`first start: read ${found.length} files of ${central.id}`);
    return { snapshot: null, segments, manifests, parts, isFirstStart };
  }
  const snapshot = await loadSnapshot(options, manifests);
  const groups = await readSegments(
    audit,
    segments.filter(({ seq }) => seq > memory.seq),
  );
  warnOfGaps(groups, memory.seq, log);
  for (const group of groups) memory.apply(group);
  const last = groups.at(-1);
  // Groups are published one after the other: only the last one can be incomplete.
  if (last)
    await redo(
      options,
      groups.filter(({ seq }) => seq === last.seq),
      segments,
    );
  return { snapshot, segments, manifests, parts, isFirstStart };
}

/** Files in batches, for a board that is filled at the start. */
export function* foundFiles(memory: RecordMemory, batchSize = 2000): Generator<FoundFile[]> {
  let batch: FoundFile[] = [];
  for (const { path, text, size } of memory.files()) {
    batch.push({ path, text: text ?? "", size });
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function loadSnapshot(
  { audit, memory, log }: RecoverOptions,
  manifests: readonly string[],
): Promise<SnapshotManifest | null> {
  for (const path of [...manifests].reverse()) {
    try {
      const snapshot = await readSnapshot(audit, path, (lines, part) => memory.load(lines, part.to));
      memory.seq = Math.max(memory.seq, snapshot.seq);
      memory.lastStamp = Math.max(memory.lastStamp, snapshot.last_stamp);
      return snapshot;
    } catch (error) {
      log(`${audit.id}/${path} cannot be used: ${messageOf(error)}`);
      memory.clear();
    }
  }
  if (manifests.length === 0) return null;
  throw new Error(
    `No snapshot in ${audit.id}/${SNAPSHOT_FOLDER} can be read, so the record cannot be restored. ` +
      "Nothing was changed. Look at the messages above; to build the record anew from the central bucket, " +
      `move ${SNAPSHOT_FOLDER}/ and ${JOURNAL_FOLDER}/ of ${audit.id} away and start again.`,
  );
}

async function readSegments(audit: HubBucket, names: readonly SegmentName[]): Promise<JournalGroup[]> {
  const groups: JournalGroup[] = new Array(names.length);
  let next = 0;
  const reader = async () => {
    for (let at = next++; at < names.length; at = next++) {
      const name = names[at];
      if (!name) continue;
      const path = segmentPath(name);
      const text = await audit.readText(path);
      if (text === null) throw new Error(`${audit.id}/${path} vanished while it was read`);
      try {
        groups[at] = decodeSegment(text);
      } catch (cause) {
        throw new Error(`${audit.id}/${path} is damaged: ${messageOf(cause)}`, { cause });
      }
    }
  };
  await Promise.all(Array.from({ length: SEGMENT_READERS }, reader));
  return groups;
}

function warnOfGaps(groups: readonly JournalGroup[], from: number, log: (line: string) => void): void {
  let expected = from + 1;
  for (const { seq } of groups) {
    if (seq > expected) log(`the journal lacks groups ${expected} to ${seq - 1}`);
    expected = Math.max(expected, seq + 1);
  }
}

/**
 * Completes the last group. A file is in if it was uploaded no earlier than its segment; a later upload (an
 * organiser's edit) counts as in, and is left alone.
 */
async function redo(
  { audit, central, log }: RecoverOptions,
  groups: readonly JournalGroup[],
  segments: readonly SegmentName[],
): Promise<void> {
  const changes = lastChanges(groups.flatMap((group) => group.entries.flatMap((entry) => entry.changes)));
  const names = segments.filter(({ seq }) => groups.some((group) => group.seq === seq)).map(segmentPath);
  const written = [...(await audit.stat(names)).values()].map((entry) => Date.parse(entry.uploadedAt ?? ""));
  const journaledAt = Math.max(...written);
  const present = await central.stat(changes.map((change) => change.path));
  const missing = changes.filter((change) => {
    const entry = present.get(change.path);
    if (change.op === "delete")
      return entry !== undefined && !(Date.parse(entry.uploadedAt ?? "") > journaledAt);
    return entry === undefined || !(Date.parse(entry.uploadedAt ?? "") >= journaledAt);
  });
  if (missing.length === 0) return;
  log(`completing ${missing.length} files of the last group`);
  await publishChanges(central, missing, await stageChanges(central, missing));
}

/** One change a path: the last one. */
export function lastChanges(changes: readonly FileChange[]): FileChange[] {
  return [...new Map(changes.map((change) => [change.path, change])).values()];
}
