/** Paths that callers give: source URIs, destinations, session ids (api-v1.md 1.7, 1.8). */
import type { Collab } from "../../../schema/collab.ts";
import { scratchBucket } from "../../../schema/collab.ts";
import { ApiError } from "../errors.ts";
import { isId, quoted } from "./naming.ts";

/** A place in an agent's scratch bucket. */
export interface SourceRef {
  agentId: string;
  /** `org/slug-agent`. */
  bucket: string;
  /** Without leading slash; `""` is the whole bucket. A trailing slash is kept as sent. */
  path: string;
  uri: string;
}

/** Checks a `source` URI in the order of api-v1.md 1.7; each failure is 400 INVALID_PATH. */
export function parseSource(uri: string, { org, slug }: Pick<Collab["collab"], "org" | "slug">): SourceRef {
  const form = `hf://buckets/${org}/${slug}-<agent_id>/<path>`;
  const match = /^hf:\/\/buckets\/([^/]+)\/([^/]+)(?:\/([\s\S]*))?$/.exec(uri);
  const [, uriOrg = "", bucketName = "", path = ""] = match ?? [];
  if (!match)
    throw invalid(`The source ${quoted(uri)} is not a bucket URI.`, `It must have the form ${form}`);
  if (uriOrg !== org) {
    throw invalid(
      `The source ${quoted(uri)} is not in the organisation ${org}.`,
      `Sources must lie in a scratch bucket of ${org}: ${form}`,
    );
  }
  const agentId = bucketName.startsWith(`${slug}-`) ? bucketName.slice(slug.length + 1) : "";
  if (!isId(agentId)) {
    throw invalid(
      `The bucket ${quoted(bucketName)} is no scratch bucket of this collab.`,
      `Promote from your own bucket: ${form}`,
    );
  }
  if (path !== "") requirePath(path, "source path");
  return { agentId, bucket: `${org}/${bucketName}`, path, uri };
}

/** The path itself, or 400 INVALID_PATH by the component rules of api-v1.md 1.8. */
export function requirePath(path: string, what: string): string {
  const fail = (why: string) => invalid(`The ${what} ${quoted(path)} is not valid: ${why}.`);
  if (path === "") throw invalid(`The ${what} is empty.`);
  if (path.startsWith("/")) throw fail("it must be relative, without a leading slash");
  for (const part of path.replace(/\/+$/, "").split("/")) {
    if (part === "") throw fail("it has an empty part");
    if (part === "." || part === "..") throw fail(`it must not contain "${part}"`);
    if (part.startsWith(".")) throw fail("no part may start with a dot");
    for (const character of part) {
      if (character < " ") throw fail("it has a control character");
    }
  }
  return path;
}

/**
 * The marker rule: `_{agent_id}` must stand in the path, followed by a character that cannot go on an id, or
 * by the end; and no other registered agent may be named that way.
 */
export function requireMarker(
  path: string,
  agentId: string,
  isRegistered: (agentId: string) => boolean,
  what = "dest_path",
): void {
  const hint = `For example: plots/curve_${agentId}.png`;
  const named = markedIds(path);
  if (!named.includes(agentId)) {
    throw invalid(`The ${what} ${quoted(path)} must carry your marker "_${agentId}".`, hint);
  }
  const other = named.find((id) => id !== agentId && isRegistered(id));
  if (other !== undefined) {
    throw invalid(`The ${what} ${quoted(path)} carries the marker of another agent, "_${other}".`, hint);
  }
}

/** Every id that a path names as `_{id}` with a boundary after it: `plots/curve_a-1.png` names `a-1`. */
export function markedIds(path: string): string[] {
  return [...path.matchAll(/_([a-z0-9-]+)/g)].flatMap(([, id = ""]) => (isId(id) ? [id] : []));
}

/** Targets that no request can name, checked once more where files are composed. */
export function requireUnreservedTarget(path: string): string {
  const reservedFile = ["README.md", "LEADERBOARD.md", "shared_resources/README.md"].includes(path);
  if (reservedFile || ["audit/", "inbox/"].some((prefix) => path.startsWith(prefix))) {
    throw invalid(`The path ${quoted(path)} is reserved.`);
  }
  return path;
}

/** A bucket URI for messages and audit lines. */
export function bucketUri(bucket: string, path: string): string {
  return path === "" ? `hf://buckets/${bucket}` : `hf://buckets/${bucket}/${path}`;
}

/** The command that makes a missing scratch bucket: clients parse this hint. */
export function createBucketHint(collab: Collab["collab"], agentId: string): string {
  return `run: hf buckets create ${scratchBucket(collab, agentId)}`;
}

function invalid(message: string, hint?: string): ApiError {
  return new ApiError("INVALID_PATH", message, hint === undefined ? {} : { hint });
}
