/** Files in agents' scratch buckets: what is there, what is not, and what could not be asked. */
import { createHash } from "node:crypto";
import { HubError } from "../../../hub/errors.ts";
import type { BucketEntry, Hub } from "../../../hub/types.ts";
import { bucketUri, type SourceRef } from "../documents/paths.ts";
import { ApiError } from "../errors.ts";
import { hubUnavailable } from "./hub-unavailable.ts";

export const HANDSHAKE_FILE = ".bucket-sync-handshake";
const MAX_HANDSHAKE_BYTES = 1024;

export interface SourceFile {
  bytes: Uint8Array;
  /** SHA-256 of the bytes, hex: the identity of promoted content. */
  sha256: string;
}

type Place = Pick<SourceRef, "bucket" | "path">;

/** Throws 404 SOURCE_NOT_FOUND, 413 TOO_LARGE or 503 HUB_UNAVAILABLE. */
export async function readSource(
  hub: Hub,
  place: Place,
  { maxBytes }: { maxBytes: number },
): Promise<SourceFile> {
  const bytes = await ask(place, () =>
    place.path === "" ? Promise.resolve(null) : hub.bucket(place.bucket).read(place.path, { maxBytes }),
  );
  if (bytes === null) throw sourceNotFound(place);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** As UTF-8, a byte order mark included. Throws 400 INVALID_FRONTMATTER for other bytes. */
export function sourceText({ bytes }: SourceFile, place: Place): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ApiError("INVALID_FRONTMATTER", `${bucketUri(place.bucket, place.path)} is not UTF-8 text.`);
  }
}

/** Size and hash of one file, for copies. Throws 404 SOURCE_NOT_FOUND or 503. */
export async function statSource(hub: Hub, place: Place): Promise<{ size: number; xetHash: string }> {
  const entry = await ask(place, async () => {
    if (place.path === "") return null;
    return (await hub.bucket(place.bucket).stat([place.path])).get(place.path) ?? null;
  });
  if (entry?.type !== "file" || entry.xetHash === null) throw sourceNotFound(place);
  return { size: entry.size, xetHash: entry.xetHash };
}

/** Every file under a folder, or the one file that the path names. A missing bucket is an empty one. */
export async function listSource(
  hub: Hub,
  place: Place,
  options: { maxFiles: number },
): Promise<BucketEntry[]> {
  const path = place.path.replace(/\/+$/, "");
  const found = await ask(place, async () => {
    const entries: BucketEntry[] = [];
    for await (const entry of hub.bucket(place.bucket).list(path)) {
      entries.push(entry);
      if (entries.length > options.maxFiles) return entries;
    }
    if (entries.length > 0 || path === "") return entries;
    return [...(await hub.bucket(place.bucket).stat([path])).values()].filter(({ type }) => type === "file");
  });
  return found ?? [];
}

/** `false` only if the Hub says so. Throws 503. */
export async function bucketExists(hub: Hub, bucket: string): Promise<boolean> {
  try {
    return (await hub.bucket(bucket).info()) !== null;
  } catch (error) {
    throw hubUnavailable(error, `be asked about the bucket ${bucket}`);
  }
}

/** The trimmed content of the handshake file, `null` if there is none. Throws 503. */
export async function readHandshake(hub: Hub, bucket: string): Promise<string | null> {
  const place = { bucket, path: HANDSHAKE_FILE };
  try {
    const bytes = await ask(place, () =>
      hub.bucket(bucket).read(HANDSHAKE_FILE, { maxBytes: MAX_HANDSHAKE_BYTES }),
    );
    return bytes === null ? null : new TextDecoder().decode(bytes).trim();
  } catch (error) {
    // Too large to be a name: it is not the caller's name, which is what the answer will be.
    if (error instanceof ApiError && error.code === "TOO_LARGE") return "";
    throw error;
  }
}

/** Runs a question about `place`; `null` where the Hub says that bucket or file is not there. */
async function ask<T>(place: Place, question: () => Promise<T | null>): Promise<T | null> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    if (error.isNotFound) return null;
    const uri = bucketUri(place.bucket, place.path);
    if (error.status === 413) {
      throw new ApiError(
        "TOO_LARGE",
        `${uri} is larger than this collab allows: ${error.message.split(": ").at(-1)}.`,
        {
          cause: error,
        },
      );
    }
    throw hubUnavailable(error, `give ${uri}`);
  }
}

function sourceNotFound({ bucket, path }: Place): ApiError {
  return new ApiError("SOURCE_NOT_FOUND", `There is no file ${bucketUri(bucket, path)}.`, {
    hint:
      path === ""
        ? `Name a file: hf://buckets/${bucket}/<path>`
        : `Upload it first: hf buckets cp <file> ${bucketUri(bucket, path)}`,
  });
}
