/** Buckets and their files in the Hub's JSON. */
import type { Bucket } from "./bucket-store.ts";
import type { Entry } from "./entry-store.ts";
import type { TreeItem } from "./tree.ts";

const date = (ms: number) => new Date(ms).toISOString();

export const bucketAnswer = (bucket: Bucket) => ({
  author: bucket.id.slice(0, bucket.id.indexOf("/")),
  id: bucket.id,
  private: bucket.private,
  createdAt: date(bucket.createdAt),
  updatedAt: date(bucket.updatedAt),
  size: bucket.size,
  totalFiles: bucket.totalFiles,
  repoType: "bucket",
  cdnRegions: [],
});

export const entryAnswer = (entry: Entry) => ({
  type: "file",
  path: entry.path,
  size: entry.size,
  xetHash: entry.hash,
  mtime: date(entry.mtime),
  ...(entry.mtimeNanos === null ? {} : { mtimeNanos: entry.mtimeNanos }),
  uploadedAt: date(entry.uploadedAt),
  ...(entry.contentType === null ? {} : { contentType: entry.contentType }),
});

export const treeAnswer = (item: TreeItem) =>
  item.type === "file"
    ? entryAnswer(item.entry)
    : { type: "directory", path: item.directory.path, uploadedAt: date(item.directory.uploadedAt) };
