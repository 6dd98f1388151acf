/** A submission: the files of a folder, their common hash, and the copy of them that nobody can change. */
import { createHash } from "node:crypto";
import type { BucketEntry, Hub } from "../../../hub/types.ts";
import { hubUnavailable } from "../access/hub-unavailable.ts";
import { listSource } from "../access/source.ts";
import { bucketUri } from "../documents/paths.ts";
import { ApiError } from "../errors.ts";
import type { FileChange } from "../record/types.ts";

export interface Place {
  bucket: string;
  prefix: string;
}

export interface SubmissionFile {
  /** Relative to the folder. */
  path: string;
  size: number;
  xetHash: string;
}

export interface Submission {
  place: Place;
  /** In order of path. */
  files: readonly SubmissionFile[];
  bytes: number;
  contentHash: string;
}

/** Throws 404 SOURCE_NOT_FOUND for nothing, 413 TOO_LARGE beyond the limits, 503 HUB_UNAVAILABLE. */
export async function listSubmission(
  hub: Hub,
  place: Place,
  limits: { maxFiles: number; maxBytes: number },
): Promise<Submission> {
  const uri = bucketUri(place.bucket, place.prefix);
  const { maxFiles, maxBytes } = limits;
  const listed = await listSource(hub, { bucket: place.bucket, path: place.prefix }, { maxFiles });
  const files = relativeFiles(listed, place.prefix);
  if (files.length === 0) {
    throw new ApiError("SOURCE_NOT_FOUND", `There are no files under ${uri}.`, {
      hint: `Upload the folder of your submission first: hf buckets sync ./my-submission ${uri}`,
    });
  }
  if (files.length > maxFiles) {
    throw new ApiError(
      "TOO_LARGE",
      `The submission has more than ${maxFiles} files, the most that this collab takes.`,
    );
  }
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > maxBytes) {
    throw new ApiError("TOO_LARGE", `The submission has ${bytes} bytes; at most ${maxBytes} are taken.`, {
      hint: "Load large weights from the Hub by their id and revision.",
    });
  }
  return { place, files, bytes, contentHash: contentHash(files) };
}

function relativeFiles(entries: readonly BucketEntry[], prefix: string): SubmissionFile[] {
  return entries
    .flatMap(({ type, path, size, xetHash }) =>
      type === "file" && xetHash !== null && path.startsWith(`${prefix}/`)
        ? [{ path: path.slice(prefix.length + 1), size, xetHash }]
        : [],
    )
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** SHA-256 over paths, sizes and content hashes, hex: equal for equal files, whoever has them. */
export function contentHash(files: readonly SubmissionFile[]): string {
  const hash = createHash("sha256");
  for (const { path, size, xetHash } of files) hash.update(`${path}\0${size}\0${xetHash}\n`);
  return hash.digest("hex");
}

export function snapshotPrefix(hash: string): string {
  return `submissions/${hash}`;
}

/** Copies by content hash of what the snapshot lacks; none for content that was sent before. Throws 503. */
export async function snapshotCopies(
  hub: Hub,
  centralBucket: string,
  submission: Submission,
): Promise<FileChange[]> {
  const prefix = snapshotPrefix(submission.contentHash);
  const there = new Map((await snapshotFiles(hub, centralBucket, prefix)).map((file) => [file.path, file]));
  return submission.files.flatMap(({ path, size, xetHash }): FileChange[] =>
    there.get(path)?.xetHash === xetHash
      ? []
      : [
          {
            op: "copy",
            path: `${prefix}/${path}`,
            size,
            xetHash,
            source: { type: "bucket", id: submission.place.bucket },
          },
        ],
  );
}

/** Is the snapshot exactly what the hash says? Throws `HubError`. */
export async function isSnapshotWhole(hub: Hub, { bucket, prefix }: Place, hash: string): Promise<boolean> {
  const entries: BucketEntry[] = [];
  for await (const entry of hub.bucket(bucket).list(prefix)) entries.push(entry);
  return contentHash(relativeFiles(entries, prefix)) === hash;
}

async function snapshotFiles(hub: Hub, bucket: string, prefix: string): Promise<SubmissionFile[]> {
  const entries: BucketEntry[] = [];
  try {
    for await (const entry of hub.bucket(bucket).list(prefix)) entries.push(entry);
  } catch (error) {
    throw hubUnavailable(error, "be asked which submissions it has");
  }
  return relativeFiles(entries, prefix);
}
