/**
 * Reading back what a Job wrote. A mount uploads in the background, so "not there" and "not yet there" look the
 * same for a while: what is missing or differs is looked at again before it counts.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { HubError } from "../../../hub/errors.ts";
import type { BucketEntry, HubBucket } from "../../../hub/types.ts";
import type { Place } from "./submission.ts";

export const SUMMARY_FILE = "summary.json";
export const OUTPUTS_FILE = "outputs.json";

/** No summary is near this. */
const MAX_SUMMARY_BYTES = 4 * 1024 * 1024;
/** Beyond this, files are compared by their size alone. */
const MAX_HASHED_BYTES = 64 * 1024 * 1024;
const MAX_FILES = 1000;

const Manifest = z.looseObject({
  files: z
    .array(
      z.looseObject({
        path: z.string().refine(isPlainPath),
        bytes: z.number().int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(MAX_FILES),
});

/** The harness's last words in the log: `harness-result: {…}`. */
export interface HarnessResult {
  summarySha256: string | null;
}

export type Outputs =
  | {
      state: "whole";
      summary: string;
      /** outputs.json or the log vouches for it: it is what the harness wrote last. */
      isVouched: boolean;
    }
  | { state: "missing"; what: string }
  | { state: "differs"; what: string };

/** One look. Throws `HubError`. */
export async function readOutputs(
  bucket: HubBucket,
  { prefix }: Place,
  result: HarnessResult | null,
): Promise<Outputs> {
  const bytes = await readSmall(bucket, `${prefix}/${SUMMARY_FILE}`);
  if (bytes === "too large") return { state: "differs", what: `${SUMMARY_FILE} is larger than any summary` };
  if (bytes === null) return { state: "missing", what: SUMMARY_FILE };
  const sha256 = hashOf(bytes);
  if (result !== null && result.summarySha256 !== sha256) {
    return { state: "differs", what: `${SUMMARY_FILE} does not fit the last line of the log` };
  }
  const summary = new TextDecoder().decode(bytes);
  const manifest = await readSmall(bucket, `${prefix}/${OUTPUTS_FILE}`);
  if (manifest === null) {
    // A harness that vouches for its summary in the log also writes the list of its outputs.
    if (result !== null) return { state: "missing", what: OUTPUTS_FILE };
    return { state: "whole", summary, isVouched: false };
  }
  const parsed = manifest === "too large" ? null : parseManifest(new TextDecoder().decode(manifest));
  if (parsed === null) return { state: "differs", what: `${OUTPUTS_FILE} cannot be read` };
  const listed = parsed.find(({ path }) => path === SUMMARY_FILE);
  if (listed === undefined)
    return { state: "differs", what: `${OUTPUTS_FILE} does not name ${SUMMARY_FILE}` };
  if (listed.sha256 !== sha256)
    return { state: "differs", what: `${SUMMARY_FILE} does not fit ${OUTPUTS_FILE}` };
  const problem = await filesProblem(
    bucket,
    prefix,
    parsed.filter((file) => file !== listed),
  );
  return problem ?? { state: "whole", summary, isVouched: true };
}

/** summary.json alone, for the reason of a failure; `null` if it is not there or not the harness's. Throws `HubError`. */
export async function readSummaryText(
  bucket: HubBucket,
  { prefix }: Place,
  result: HarnessResult | null,
): Promise<string | null> {
  const bytes = await readSmall(bucket, `${prefix}/${SUMMARY_FILE}`);
  if (bytes === null || bytes === "too large") return null;
  if (result !== null && result.summarySha256 !== hashOf(bytes)) return null;
  return new TextDecoder().decode(bytes);
}

/** The last `harness-result` line; `null` without one. A server's output never begins a line there. */
export function harnessResult(log: readonly string[]): HarnessResult | null {
  const line = log.findLast((text) => text.startsWith("harness-result:"));
  if (line === undefined) return null;
  try {
    const { summary_sha256: hash } = JSON.parse(line.slice("harness-result:".length)) as {
      summary_sha256?: unknown;
    };
    return { summarySha256: typeof hash === "string" ? hash : null };
  } catch {
    return { summarySha256: null };
  }
}

/** Everything that lies in the state folder, for copies. Names that no copy may have are left out. */
export async function stateFiles(
  bucket: HubBucket,
  { prefix }: Place,
): Promise<(BucketEntry & { name: string })[]> {
  const files: (BucketEntry & { name: string })[] = [];
  for await (const entry of bucket.list(prefix)) {
    const name = entry.path.slice(prefix.length + 1);
    if (entry.xetHash !== null && isPlainPath(name)) files.push({ ...entry, name });
    if (files.length === MAX_FILES) break;
  }
  return files;
}

type Listed = { path: string; bytes: number; sha256: string };

async function filesProblem(
  bucket: HubBucket,
  prefix: string,
  files: readonly Listed[],
): Promise<Outputs | null> {
  const there = await bucket.stat(files.map(({ path }) => `${prefix}/${path}`));
  let hashed = 0;
  for (const { path, bytes, sha256 } of files) {
    const entry = there.get(`${prefix}/${path}`);
    if (entry === undefined) return { state: "missing", what: path };
    if (entry.size !== bytes)
      return { state: "differs", what: `${path} has another size than ${OUTPUTS_FILE} says` };
    if (hashed + bytes > MAX_HASHED_BYTES) continue;
    hashed += bytes;
    const content = await bucket.read(`${prefix}/${path}`, { maxBytes: MAX_HASHED_BYTES });
    if (content === null) return { state: "missing", what: path };
    if (hashOf(content) !== sha256) return { state: "differs", what: `${path} does not fit ${OUTPUTS_FILE}` };
  }
  return null;
}

async function readSmall(bucket: HubBucket, path: string): Promise<Uint8Array | "too large" | null> {
  try {
    return await bucket.read(path, { maxBytes: MAX_SUMMARY_BYTES });
  } catch (error) {
    if (error instanceof HubError && error.status === 413) return "too large";
    throw error;
  }
}

function parseManifest(text: string): Listed[] | null {
  try {
    return Manifest.safeParse(JSON.parse(text)).data?.files ?? null;
  } catch {
    return null;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Relative, without dot parts and control characters: it becomes a path in the agent's bucket. */
function isPlainPath(path: string): boolean {
  return (
    path.length > 0 &&
    path.length <= 500 &&
    !/[\p{Cc}\\]/u.test(path) &&
    path.split("/").every((part) => part !== "" && !part.startsWith("."))
  );
}
