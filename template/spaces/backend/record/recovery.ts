/** Starting: the last snapshot, the journal after it, and what the last group still owes the central bucket. */
import { setImmediate as turn } from "node:timers/promises";
import type { BucketEntry, HubBucket } from "../../../hub/types.ts";
import type { BoardWriter, FoundFile } from "../board/types.ts";
import { carryThrough, corrections } from "./carry.ts";
import { decodeSegment, JOURNAL_FOLDER, parseSegmentPath, type SegmentName, segmentPath } from "./journal.ts";
import type { RecordMemory } from "./memory.ts";
import { isTransient, messageOf, type Persistence } from "./persist.ts";
import { lastChanges, stageChanges } from "./publish.ts";
import { scanBucket } from "./scan.ts";
import { parseManifestPath, readSnapshot, SNAPSHOT_FOLDER, type SnapshotManifest } from "./snapshot.ts";
import type { FileChange, JournalGroup } from "./types.ts";
import { UnpackThreadError } from "./unpacking.ts";

const SEGMENT_READERS = 8;
/** Files that the board takes in while requests wait. */
const FILES_AT_ONCE = 2000;

export interface RecoverOptions {
  central: HubBucket;
  audit: HubBucket;
  memory: RecordMemory;
  log(line: string): void;
}

interface ListedSegment extends SegmentName {
  /** Milliseconds, by the Hub's clock; `NaN` if it does not say. */
  uploadedAt: number;
}

/** What lies in the audit bucket: what may be deleted once newer snapshots exist. */
export interface AuditFiles {
  /** Ascending. */
  segments: ListedSegment[];
  manifests: string[];
  parts: string[];
}

export interface Loaded extends AuditFiles {
  snapshot: SnapshotManifest | null;
  /** The newest in the journal; more than one only if two backends wrote at once. Empty if a snapshot has it. */
  lastGroups: JournalGroup[];
  /** No snapshot was there: the files of the central bucket were read instead. */
  isFirstStart: boolean;
}

/**
 * Fills `memory` with what snapshot and journal say, and an empty `board` at the same time. Changes nothing on the
 * Hub. The states of files are owed then: `memory.complete()`.
 */
export async function load(options: RecoverOptions, board?: BoardWriter): Promise<Loaded> {
  const { audit, memory } = options;
  const empty = () => {
    memory.clear();
    board?.empty();
  };
  const fill: BoardWriter["fill"] = (changes, messages) => board?.fill(changes, messages);
  empty();
  const files = await listAuditFiles(audit);
  // One that was killed before its first snapshot leaves a journal, and files that are in none.
  const isFirstStart = files.manifests.length === 0;
  if (isFirstStart) await fillFromBucket(options, fill);
  const snapshot = isFirstStart ? null : await loadSnapshot(options, files.manifests, { empty, fill });
  const groups = await readSegments(
    audit,
    files.segments.filter(({ seq }) => seq > memory.seq),
  );
  warnOfGaps(groups, memory.seq, options.log);
  for (const group of groups) {
    memory.apply(group);
    fill(group.entries.flatMap(({ changes }) => changes));
  }
  return { ...files, snapshot, lastGroups: lastOf(groups), isFirstStart };
}

/** What was there before there was a record, or before it had a snapshot. */
async function fillFromBucket(
  { central, memory, log }: RecoverOptions,
  fill: BoardWriter["fill"],
): Promise<void> {
  const found = await scanBucket(central);
  memory.transaction(() => {
    for (const change of found) memory.found(change, 0);
  });
  for (let at = 0; at < found.length; at += FILES_AT_ONCE) {
    fill(found.slice(at, at + FILES_AT_ONCE));
    await turn();
  }
  if (found.length > 0) log(`first start: read ${found.length} files of ${central.id}`);
}

/**
 * What another backend has added to the journal since `load`, oldest first; `null` if it has also written a
 * snapshot, which may have made away with what was loaded from.
 */
export async function groupsSince(
  audit: HubBucket,
  seq: number,
  loaded: Loaded,
): Promise<{ files: AuditFiles; groups: JournalGroup[] } | null> {
  const files = await listAuditFiles(audit);
  if (files.manifests.at(-1) !== loaded.manifests.at(-1)) return null;
  const newer = files.segments.filter((segment) => segment.seq > seq);
  return { files, groups: await readSegments(audit, newer) };
}

/**
 * Completes the last group: groups are published one after the other, so only the last one can lack
 * something. A file is in if it was uploaded after its segment; a later upload (an organiser's edit) counts as
 * in and is left alone. One of the very same moment, as the Hub's clock has it, may be what an earlier group
 * wrote: there the content decides. Returns what the Hub refused for good, put right.
 */
export async function completeLastGroup(
  { central, log }: RecoverOptions,
  { lastGroups: groups, segments }: Loaded,
  how: { signal: AbortSignal; persistence: Persistence },
): Promise<FileChange[]> {
  const lastSeq = groups[0]?.seq;
  // What is in a snapshot is wholly in the bucket.
  if (lastSeq === undefined) return [];
  const last = segments.filter(({ seq }) => seq === lastSeq);
  const changes = lastChanges(groups.flatMap((group) => group.entries.flatMap((entry) => entry.changes)));
  const journaledAt = Math.max(...last.map(({ uploadedAt }) => uploadedAt));
  const present = await central.stat(changes.map((change) => change.path));
  const doubtful = changes.filter(({ op, path }) => {
    const entry = present.get(path);
    if (entry === undefined) return op !== "delete";
    return !(Date.parse(entry.uploadedAt ?? "") > journaledAt);
  });
  if (doubtful.length === 0) return [];
  const staged = await stageChanges(central, doubtful);
  const ours = new Map(staged.entries.map(({ path, xetHash }) => [path, xetHash]));
  const missing = doubtful.filter((change) => {
    const hash = change.op === "copy" ? change.xetHash : ours.get(change.path);
    return hash === undefined || present.get(change.path)?.xetHash !== hash;
  });
  if (missing.length === 0) return [];
  log(`completing ${missing.length} files of group ${lastSeq}`);
  const what = `completing group ${lastSeq}`;
  const refused = await carryThrough({ bucket: central, changes: missing, staged, what, ...how });
  for (const [path, reason] of refused) log(`the Hub refuses ${path}: ${reason}`);
  return refused.size === 0 ? [] : corrections(central, [...refused.keys()], how);
}

/** All files there are, in batches with a turn of the event loop between them. */
export async function* foundFiles(memory: RecordMemory): AsyncGenerator<FoundFile[]> {
  let batch: FoundFile[] = [];
  for (const { path, text, size } of memory.files()) {
    batch.push({ path, text: text ?? "", size });
    if (batch.length < FILES_AT_ONCE) continue;
    yield batch;
    await turn();
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function listAuditFiles(audit: HubBucket): Promise<AuditFiles> {
  const list = async (folder: string) => {
    const entries: BucketEntry[] = [];
    for await (const entry of audit.list(folder)) entries.push(entry);
    return entries;
  };
  const [journal, kept] = await Promise.all([list(JOURNAL_FOLDER), list(SNAPSHOT_FOLDER)]);
  const segments = journal.flatMap(({ path, uploadedAt }): ListedSegment[] => {
    const name = parseSegmentPath(path);
    return name ? [{ ...name, uploadedAt: Date.parse(uploadedAt ?? "") }] : [];
  });
  const snapshots = kept.map(({ path }) => path);
  segments.sort((a, b) => a.seq - b.seq || (a.writer < b.writer ? -1 : 1));
  const manifests = snapshots.filter((path) => parseManifestPath(path) !== null).sort();
  const parts = snapshots.filter((path) => path.startsWith(`${SNAPSHOT_FOLDER}/parts/`));
  return { segments, manifests, parts };
}

async function loadSnapshot(
  { audit, memory, log }: RecoverOptions,
  manifests: readonly string[],
  { empty, fill }: Pick<BoardWriter, "empty" | "fill">,
): Promise<SnapshotManifest> {
  for (const path of [...manifests].reverse()) {
    try {
      return await readSnapshot(audit, path, memory, fill);
    } catch (error) {
      if (isTransient(error) || error instanceof UnpackThreadError) throw error;
      log(`${audit.id}/${path} cannot be used: ${messageOf(error)}`);
      empty();
    }
  }
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
      if (name) groups[at] = await readSegment(audit, segmentPath(name));
    }
  };
  await Promise.all(Array.from({ length: SEGMENT_READERS }, reader));
  return groups;
}

async function readSegment(audit: HubBucket, path: string): Promise<JournalGroup> {
  const text = await audit.readText(path);
  if (text === null) throw new Error(`${audit.id}/${path} vanished while it was read`);
  try {
    return decodeSegment(text);
  } catch (cause) {
    throw new Error(`${audit.id}/${path} is damaged: ${messageOf(cause)}`, { cause });
  }
}

/** Those with the highest number. */
export function lastOf(groups: readonly JournalGroup[]): JournalGroup[] {
  return groups.filter(({ seq }) => seq === groups.at(-1)?.seq);
}

function warnOfGaps(groups: readonly JournalGroup[], from: number, log: (line: string) => void): void {
  let expected = from + 1;
  for (const { seq } of groups) {
    if (seq > expected) log(`the journal lacks groups ${expected} to ${seq - 1}`);
    expected = Math.max(expected, seq + 1);
  }
}
