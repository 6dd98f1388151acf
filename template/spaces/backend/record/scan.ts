/** Files that did not come through the journal, as the changes that would have written them. */
import type { BucketEntry, HubBucket } from "../../../hub/types.ts";
import type { FoundFile } from "../board/types.ts";
import type { FileChange } from "./types.ts";
import { VERIFICATION_INDEX_PATH } from "./verification-index.ts";

const READERS = 16;
/** No document of a board is near this. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const DOCUMENT_FOLDERS = /^(?:agents|message_board|inbox|broadcasts|results|taskforces|traces)\//;
/** The state of runs and verdicts. */
const STATE_FILE = /^(?:runs|verdicts)\/[^/]+\.json$/;

type Change = Exclude<FileChange, { op: "delete" }>;

/** First start on a bucket that already has a history (the forerunner's): everything is listed and read once. */
export async function scanBucket(bucket: HubBucket): Promise<Change[]> {
  const entries: BucketEntry[] = [];
  for await (const entry of bucket.list()) entries.push(entry);
  /** Inbox copies have the bytes of the message: each content is read once. */
  const texts = new Map<string, Promise<string | null>>();
  const changes: (Change | null)[] = new Array(entries.length).fill(null);
  let next = 0;
  const reader = async () => {
    for (let at = next++; at < entries.length; at = next++) {
      const entry = entries[at];
      if (entry) changes[at] = await toChange(bucket, entry, texts);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return changes.filter((change) => change !== null);
}

/** Documents with their text, other files by their hash; `null` for one that vanished meanwhile. */
export async function toChange(
  bucket: HubBucket,
  entry: BucketEntry,
  texts = new Map<string, Promise<string | null>>(),
): Promise<Change | null> {
  const { path, size, xetHash } = entry;
  if (!isDocument(path) || size > MAX_DOCUMENT_BYTES) {
    return { op: "copy", path, size, xetHash: xetHash ?? "", source: { type: "bucket", id: bucket.id } };
  }
  const key = xetHash ?? path;
  let reading = texts.get(key);
  if (!reading) {
    reading = bucket.readText(path);
    texts.set(key, reading);
  }
  const text = await reading;
  return text === null ? null : { op: "put", path, text };
}

/** For the board; the text of what is known by hash only is left empty. */
export function foundFile(change: Change): FoundFile {
  const { path } = change;
  if (change.op === "copy") return { path, text: "", size: change.size };
  return { path, text: change.text, size: Buffer.byteLength(change.text) };
}

function isDocument(path: string): boolean {
  if (path.endsWith(".md") && DOCUMENT_FOLDERS.test(path)) return true;
  return path === VERIFICATION_INDEX_PATH || STATE_FILE.test(path);
}
