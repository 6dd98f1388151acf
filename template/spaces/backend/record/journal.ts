/**
 * The journal: one file per group commit in the audit bucket, with all that is needed to do the group
 * again. It is the audit log too. A segment is JSON lines: a header, then one line per entry, then one per refused request.
 *
 * The name carries the writer beside the number, so that a second backend that does not know it has been
 * replaced can never overwrite a segment of its successor.
 */
import { z } from "zod";
import type { AuditLine, FileChange, JournalEntry, JournalGroup } from "./types.ts";

export const JOURNAL_FOLDER = "journal";

export interface SegmentName {
  seq: number;
  writer: string;
}

/** `journal/000000000042-k3f9a2.jsonl` */
export function segmentPath({ seq, writer }: SegmentName): string {
  return `${JOURNAL_FOLDER}/${String(seq).padStart(12, "0")}-${writer}.jsonl`;
}

/** `null` for a path that is no segment. */
export function parseSegmentPath(path: string): SegmentName | null {
  const match = /^journal\/([0-9]{12})-([a-z0-9]+)\.jsonl$/.exec(path);
  return match ? { seq: Number(match[1]), writer: match[2] ?? "" } : null;
}

const Change = z.union([
  z.object({ op: z.literal("put"), path: z.string(), text: z.string() }),
  /** Same bytes as an earlier put of the entry: inbox copies cost one line, not one text each. */
  z.object({ op: z.literal("put"), path: z.string(), as: z.string() }),
  z.object({
    op: z.literal("copy"),
    path: z.string(),
    size: z.number(),
    xetHash: z.string(),
    source: z.object({ type: z.literal("bucket"), id: z.string() }),
  }),
  z.object({ op: z.literal("delete"), path: z.string() }),
]);
type StoredChange = z.infer<typeof Change>;

const Header = z.object({
  v: z.literal(1),
  seq: z.number().int().positive(),
  entries: z.number().int(),
  refusals: z.number().int().default(0),
});
const Entry = z.looseObject({
  stamp: z.number(),
  changes: z.array(Change),
  audit: z.looseObject({ route: z.string(), ts: z.string(), target_path: z.string(), bytes: z.number() }),
});

export function encodeSegment({ seq, entries, refusals = [] }: JournalGroup): string {
  const header = { v: 1, seq, entries: entries.length, refusals: refusals.length };
  const lines = entries.map((entry) => ({ ...entry, changes: storedChanges(entry.changes) }));
  return [header, ...lines, ...refusals].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Throws on a segment that is cut short or is none: the caller decides what that means. */
export function decodeSegment(text: string): JournalGroup {
  const [first = "", ...rest] = text.split("\n").filter((line) => line !== "");
  const header = Header.parse(JSON.parse(first));
  const expected = header.entries + header.refusals;
  if (rest.length !== expected) {
    throw new Error(`journal segment ${header.seq} has ${rest.length} of ${expected} lines`);
  }
  const entries = rest.slice(0, header.entries).map((line) => {
    const entry = Entry.parse(JSON.parse(line));
    // Written by `encodeSegment` from a JournalEntry; the optional parts are as they were then.
    return { ...entry, changes: plainChanges(entry.changes) } as JournalEntry;
  });
  const refusals = rest.slice(header.entries).map((line) => JSON.parse(line) as AuditLine);
  return { seq: header.seq, entries, ...(refusals.length > 0 && { refusals }) };
}

function storedChanges(changes: readonly FileChange[]): StoredChange[] {
  const firstPath = new Map<string, string>();
  return changes.map((change) => {
    if (change.op !== "put") return change;
    const as = firstPath.get(change.text);
    if (as !== undefined) return { op: "put", path: change.path, as };
    firstPath.set(change.text, change.path);
    return change;
  });
}

function plainChanges(changes: readonly StoredChange[]): FileChange[] {
  const texts = new Map<string, string>();
  return changes.map((change) => {
    if (change.op !== "put") return change;
    const text = "text" in change ? change.text : texts.get(change.as);
    if (text === undefined) throw new Error(`journal: ${change.path} refers to a text that is not there`);
    texts.set(change.path, text);
    return { op: "put", path: change.path, text };
  });
}
