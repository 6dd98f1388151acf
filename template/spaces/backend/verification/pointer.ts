/**
 * Where the submission of a result lies (api-v1.md 8.5), and its frozen copy. Only what belongs to the
 * result's owner counts: their own runs, their scratch bucket, their artifact sets. Otherwise anybody could
 * have somebody else's work verified as theirs, or have the audit bucket mounted.
 */

import { HubError } from "../../../hub/errors.ts";
import { scratchBucket } from "../../../schema/collab.ts";
import { hubUnavailable } from "../access/hub-unavailable.ts";
import type { Backend } from "../backend.ts";
import { findRun } from "../board/queries/runs.ts";
import type { Frontmatter } from "../board/types.ts";
import { authorOf } from "../documents/filenames.ts";
import { requirePath } from "../documents/paths.ts";
import type { FrozenSubmission } from "../documents/verdict.ts";
import { ApiError } from "../errors.ts";
import { listSubmission, type Place, snapshotCopies, snapshotPrefix } from "../runs/submission.ts";

export interface PointedResult {
  filename: string;
  frontmatter: Frontmatter;
  /** What the owner said after posting. */
  pointer: string | null;
}

const MAX_CANDIDATES = 20;
const MAX_POINTER_FILE = 256 * 1024;
const POINTER_FILES = ["run_request.json", "job_status.json"];

/**
 * The frozen submission: that of the run which the result names, or the files that it points at, copied by
 * content hash. `null` if it points at nothing. Throws `ApiError`: TOO_LARGE, HUB_UNAVAILABLE, OVERLOADED.
 */
export async function freezeSubmission(
  backend: Backend,
  result: PointedResult,
): Promise<FrozenSubmission | null> {
  const ofRun = submissionOfRun(backend, result);
  if (ofRun !== null) return ofRun;
  const { collab, hub, names, record } = backend;
  const { submission_files: maxFiles, submission_bytes: maxBytes } = collab.jobs;
  for (const place of await places(backend, result)) {
    try {
      const submission = await listSubmission(hub, place, { maxFiles, maxBytes });
      const copies = await snapshotCopies(hub, names.centralBucket, submission);
      if (copies.length > 0) {
        await record.submit({
          prepare: () => ({
            changes: copies,
            audit: {
              agent_id: authorOf(result.filename),
              route: "verification",
              via: "server",
              source: `hf://buckets/${place.bucket}/${place.prefix}`,
              status_code: 200,
            },
            targetPath: snapshotPrefix(submission.contentHash),
            response: null,
          }),
        });
      }
      return {
        source: place,
        snapshot: { bucket: names.centralBucket, prefix: snapshotPrefix(submission.contentHash) },
        content_hash: submission.contentHash,
        files: submission.files.length,
        bytes: submission.bytes,
      };
    } catch (error) {
      if (error instanceof ApiError && error.code === "SOURCE_NOT_FOUND") continue;
      throw error;
    }
  }
  return null;
}

/** Of a result that was posted by its run: frozen before anything ran. */
function submissionOfRun(
  { board }: Backend,
  { filename, frontmatter, pointer }: PointedResult,
): FrozenSubmission | null {
  const owner = authorOf(filename);
  for (const id of [pointer, frontmatter.run_id]) {
    const run = typeof id === "string" ? findRun(board, id) : undefined;
    if (run?.agent_id === owner && run.kind === "benchmark") return run.submission;
  }
  return null;
}

/** Folders to look at, in order; those behind a pointer file instead of the folder that holds it. */
async function places(backend: Backend, { filename, frontmatter, pointer }: PointedResult): Promise<Place[]> {
  const owner = authorOf(filename);
  const candidates = pointer === null ? pointersIn(frontmatter) : [pointer, ...pointersIn(frontmatter)];
  const found: Place[] = [];
  for (const text of candidates) {
    const place = ownPlace(text, owner, backend);
    if (place === null) continue;
    const target = await pointedAt(backend, place, owner);
    if (target !== null) found.push(target === "here" ? place : target);
  }
  return found;
}

/** What `artifacts` and then `submission` say: text, or a list of it. */
export function pointersIn(frontmatter: Frontmatter): string[] {
  const values = [frontmatter.artifacts, frontmatter.submission].flat();
  const texts = values.filter((value) => typeof value === "string");
  return [...new Set(texts)].slice(0, MAX_CANDIDATES);
}

/** The folder that a pointer names, if it is one of the owner's; else `null`. */
export function ownPlace(
  pointer: string,
  owner: string,
  { collab, names }: Pick<Backend, "collab" | "names">,
): Place | null {
  const text = pointer
    .trim()
    .replace(/^`+|`+$/g, "")
    .trim();
  const scratch = scratchBucket(collab.collab, owner);
  const uri = /^hf:\/\/buckets\/([^/]+\/[^/]+)\/([\s\S]+)$/.exec(text);
  if (text.includes("://") && uri === null) return null;
  const path = (uri?.[2] ?? text).replace(/^\/+|\/+$/g, "");
  const bucket = uri?.[1] ?? (path.startsWith("artifacts/") ? names.centralBucket : scratch);
  if (!isPath(path)) return null;
  if (bucket === scratch) return { bucket, prefix: path };
  const isOwnSet = bucket === names.centralBucket && setOwner(path) === owner;
  return isOwnSet ? { bucket, prefix: path } : null;
}

/** Of `artifacts/{slug}_{agent}/…`; slugs have no underscore. */
function setOwner(path: string): string | null {
  return /^artifacts\/[^/_]+_([^/]+)(?:\/|$)/.exec(path)?.[1] ?? null;
}

function isPath(path: string): boolean {
  try {
    requirePath(path, "submission");
    return true;
  } catch {
    return false;
  }
}

/**
 * Follows the pointer file of a run's folder. `here`: there is none, the folder itself is meant; `null`: there
 * is one, and what it names is not the owner's.
 */
async function pointedAt(backend: Backend, place: Place, owner: string): Promise<Place | "here" | null> {
  const bucket = backend.hub.bucket(place.bucket);
  for (const name of POINTER_FILES) {
    const path = `${place.prefix}/${name}`;
    const text = await bucket.readText(path, { maxBytes: MAX_POINTER_FILE }).catch(noSuchFile);
    const named = text === null ? null : parsePointer(text);
    if (named === null) continue;
    const target = named.bucket ?? place.bucket;
    return ownPlace(`hf://buckets/${target}/${named.prefix}`, owner, backend);
  }
  return "here";
}

/** No bucket, or a file that is too large to be a pointer. */
function noSuchFile(error: unknown): null {
  if (error instanceof HubError && (error.isNotFound || error.status === 413)) return null;
  throw hubUnavailable(error, "be asked where the submission lies");
}

function parsePointer(text: string): { bucket: string | null; prefix: string } | null {
  try {
    const json = JSON.parse(text) as Record<string, unknown> | null;
    const prefix = json?.submission_prefix;
    if (typeof prefix !== "string" || prefix === "") return null;
    const bucket = json?.submission_bucket;
    return { bucket: typeof bucket === "string" && bucket !== "" ? bucket : null, prefix };
  } catch {
    return null;
  }
}
