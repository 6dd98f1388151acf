/**
 * Snapshots of the record in the audit bucket: a small manifest that names *parts*, each a gzipped list of
 * everything that last changed in a range of journal groups. A snapshot writes one new part; small parts are
 * merged into it while that is cheap, so their number and the bytes written per message stay bounded
 * however long the history is. Parts are never changed once written.
 */
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { z } from "zod";
import type { BucketFile, HubBucket } from "../../../hub/types.ts";
import type { BoardWriter } from "../board/types.ts";
import { isoStamp } from "../documents/stamp.ts";
import type { RecordMemory } from "./memory.ts";
import { batchesOf, CHUNK_BYTES, linesOf } from "./part-lines.ts";
import { UnpackThread } from "./unpacking.ts";

export const SNAPSHOT_FOLDER = "snapshots";

const Part = z.object({
  path: z.string(),
  /** Groups `from < seq <= to`. */
  from: z.number().int(),
  to: z.number().int(),
  /** Characters before compression. */
  size: z.number(),
});
export type SnapshotPart = z.infer<typeof Part>;

const Manifest = z.object({
  v: z.literal(1),
  /** Everything up to this group is in the parts. */
  seq: z.number().int(),
  last_stamp: z.number(),
  /** Audit lines of groups up to this one are in audit files; later ones are in the parts. */
  audit_seq: z.number().int().default(0),
  created_at: z.string(),
  parts: z.array(Part),
});
export type SnapshotManifest = z.infer<typeof Manifest>;

/** Merge the previous part while it is at most this many times larger than what is new. */
const MERGE_FACTOR = 4;
/** A part of this size stays as it is. */
const SEALED_CHARACTERS = 32 * 1024 * 1024;
/** Merged in time there are fewer than so many parts of less than that size. */
const SMALL_CHARACTERS = SEALED_CHARACTERS / 8;
const MANY_SMALL_PARTS = 8;
/** Parts held at once while they are loaded, as they lie in the bucket; unpacked, a part is never whole. */
const PARTS_AHEAD = 3;
/** Bytes unpacked at once while requests are answered: what is read of them takes a few milliseconds. */
const SMALL_CHUNK_BYTES = 128 * 1024;
/** Parts that are read twice are kept in between if they are so small together; others are fetched again. */
const KEPT_BYTES = 8 * 1024 * 1024;
/** From here on a thread of its own unpacks faster than it takes to start one. */
const THREAD_CHARACTERS = 4 * 1024 * 1024;
/** Groups read from memory before other work gets a turn. */
const SLICE_GROUPS = 256;
/** Before the first group: files that were in the bucket already. */
export const BEFORE_FIRST_GROUP = -1;

export function manifestPath(seq: number, writer: string): string {
  return `${SNAPSHOT_FOLDER}/${String(seq).padStart(12, "0")}-${writer}.json`;
}

/** `null` for a path that is no manifest. */
export function parseManifestPath(path: string): { seq: number } | null {
  const match = /^snapshots\/([0-9]{12})-[a-z0-9]+\.json$/.exec(path);
  return match ? { seq: Number(match[1]) } : null;
}

/**
 * True where parts wait to be merged. What memory owes cannot be, and a snapshot soon after a start does without; where
 * one process after the other ends so soon, the parts would grow in number.
 */
export function mustMerge({ parts }: SnapshotManifest): boolean {
  return parts.filter(({ size }) => size < SMALL_CHARACTERS).length >= MANY_SMALL_PARTS;
}

/** Writes part and manifest for everything up to `seq`; returns what then is the newest snapshot. */
export async function writeSnapshot(
  bucket: HubBucket,
  memory: RecordMemory,
  previous: SnapshotManifest | null,
  { seq, writer, now, flushAudit }: { seq: number; writer: string; now: number; flushAudit: boolean },
): Promise<SnapshotManifest> {
  const last_stamp = memory.lastStamp;
  const { kept, from } = await chooseParts(memory, previous?.parts ?? [], seq);
  const text = await collect(memory, from, seq);
  const part: SnapshotPart = {
    path: `${SNAPSHOT_FOLDER}/parts/${String(Math.max(from, 0)).padStart(12, "0")}-${String(seq).padStart(12, "0")}-${writer}.jsonl.gz`,
    from,
    to: seq,
    size: text.length,
  };
  const manifest: SnapshotManifest = {
    v: 1,
    seq,
    last_stamp,
    audit_seq: flushAudit ? seq : (previous?.audit_seq ?? 0),
    created_at: isoStamp(now),
    parts: text === "" ? kept : [...kept, part],
  };
  const files: BucketFile[] = flushAudit ? auditFiles(memory, seq, writer) : [];
  if (text !== "")
    files.push({ path: part.path, content: await promisify(gzip)(text, { chunkSize: CHUNK_BYTES }) });
  files.push({ path: manifestPath(seq, writer), content: `${JSON.stringify(manifest, null, 2)}\n` });
  const { entries } = await bucket.stage(files);
  // The manifest goes in last: what it says is there must be, and the Hub may take a batch in part.
  await bucket.publish({ staged: { entries: entries.slice(0, -1) } });
  await bucket.publish({ staged: { entries: entries.slice(-1) } });
  if (flushAudit) memory.forgetAudit(seq);
  return manifest;
}

/**
 * The audit log for people, by month: `audit/202611/000000000042-k3f9a2.jsonl`. What is in none of these files
 * yet is in the snapshot, so that no line goes with the journal's segments.
 */
function auditFiles(memory: RecordMemory, seq: number, writer: string): BucketFile[] {
  const months = new Map<string, string[]>();
  for (const { ts, line } of memory.auditLines(seq)) {
    const month = ts.slice(0, 7).replace("-", "");
    const lines = months.get(month);
    if (lines) lines.push(line);
    else months.set(month, [line]);
  }
  return [...months].map(([month, lines]) => ({
    path: `audit/${month}/${String(seq).padStart(12, "0")}-${writer}.jsonl`,
    content: lines.map((line) => `${line}\n`).join(""),
    contentType: "application/x-ndjson",
  }));
}

/**
 * Loads it into `memory` and hands its files to `fill`, in the order of their groups: a path may come again, and
 * the later one counts. `memory` only owes the files' states then. Throws if the manifest or one of its parts is
 * missing or damaged; then `fill` may have got some of it.
 */
export async function readSnapshot(
  bucket: HubBucket,
  path: string,
  memory: RecordMemory,
  fill: BoardWriter["fill"],
): Promise<SnapshotManifest> {
  const text = await bucket.readText(path);
  if (text === null) throw new Error(`${path} is missing`);
  const manifest = Manifest.parse(JSON.parse(text));
  // Fetched ahead, few at a time since they are large; loaded in order: a later part overrides an earlier one.
  const fetched: Promise<Uint8Array>[] = [];
  let next = 0;
  const fetchNext = () => {
    const part = manifest.parts[next];
    next += 1;
    if (!part) return;
    const bytes = readPart(bucket, part);
    bytes.catch(() => {});
    fetched.push(bytes);
  };
  while (next < PARTS_AHEAD) fetchNext();
  const characters = manifest.parts.reduce((sum, { size }) => sum + size, 0);
  await using thread = characters >= THREAD_CHARACTERS ? new UnpackThread() : null;
  let keeps = KEPT_BYTES;
  for (const part of manifest.parts) {
    const compressed = await (fetched.shift() as Promise<Uint8Array>);
    fetchNext();
    const packed = { ...part, compressed };
    for await (const { others, changes, messages } of thread?.batchesOf(packed) ?? batchesOf(packed)) {
      memory.load(others, part.to);
      fill(changes, messages);
    }
    keeps -= compressed.length;
    const kept = keeps >= 0 ? compressed : null;
    memory.owe(part.to, async function* () {
      yield* linesOf({ ...part, compressed: kept ?? (await readPart(bucket, part)) }, SMALL_CHUNK_BYTES);
    });
  }
  memory.forgetAudit(manifest.audit_seq);
  memory.seq = Math.max(memory.seq, manifest.seq);
  memory.lastStamp = Math.max(memory.lastStamp, manifest.last_stamp);
  return manifest;
}

async function readPart(bucket: HubBucket, { path }: SnapshotPart): Promise<Uint8Array> {
  const compressed = await bucket.read(path);
  if (!compressed) throw new Error(`${path} is missing`);
  return compressed;
}

async function chooseParts(memory: RecordMemory, parts: readonly SnapshotPart[], seq: number) {
  const kept = [...parts];
  let from = kept.at(-1)?.to ?? BEFORE_FIRST_GROUP;
  let size = (await collect(memory, from, seq)).length;
  for (let last = kept.at(-1); last; last = kept.at(-1)) {
    if (last.size > MERGE_FACTOR * size || last.size + size > SEALED_CHARACTERS) break;
    if (memory.owes(last.from)) break;
    kept.pop();
    size += last.size;
    from = last.from;
  }
  return { kept, from };
}

/** What changes while this runs gets a later number and belongs to the next part. */
async function collect(memory: RecordMemory, after: number, upTo: number): Promise<string> {
  const slices: string[] = [];
  for (let start = after; start < upTo; start += SLICE_GROUPS) {
    const lines = memory.lines(start, Math.min(start + SLICE_GROUPS, upTo));
    slices.push([...lines].map((line) => `${JSON.stringify(line)}\n`).join(""));
    await turn();
  }
  return slices.join("");
}
