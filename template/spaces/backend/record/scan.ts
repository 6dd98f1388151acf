/** First start on a bucket that already has a history (the forerunner's): everything is listed and read once. */
import type { BucketEntry, HubBucket } from "../../../hub/types.ts";
import type { FileChange } from "./types.ts";

const READERS = 16;
/** No document of a board is near this. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const DOCUMENT_FOLDERS = /^(?:agents|message_board|inbox|broadcasts|results|taskforces|traces)\//;

/** Every file as the change that would write it: documents with their text, others by their hash. */
export async function scanBucket(bucket: HubBucket): Promise<FileChange[]> {
  const entries: BucketEntry[] = [];
  for await (const entry of bucket.list()) entries.push(entry);
  /** Inbox copies have the bytes of the message: each content is read once. */
  const texts = new Map<string, Promise<string | null>>();
  const changes: (FileChange | null)[] = new Array(entries.length).fill(null);
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

/** `null` for a file that vanished meanwhile. */
async function toChange(
  bucket: HubBucket,
  entry: BucketEntry,
  texts: Map<string, Promise<string | null>>,
): Promise<FileChange | null> {
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

function isDocument(path: string): boolean {
  return (path.endsWith(".md") && DOCUMENT_FOLDERS.test(path)) || path === "results/verification_status.json";
}
