/** Publishing what is decided: repeated until everything is in, whatever the Hub says meanwhile. */
import { BatchFailedError, HubError } from "../../../hub/errors.ts";
import type { HubBucket, StagedFiles } from "../../../hub/types.ts";
import { type Persistence, persist } from "./persist.ts";
import { publishChanges } from "./publish.ts";
import type { FileChange } from "./types.ts";

/**
 * Rounds (of three tries each) after which an entry is taken for refused and not for unlucky. A copy can be
 * impossible for good, since its source may be gone; a file of our own has no such reason.
 */
const ROUNDS = { copy: 3, put: 20, delete: 20 } as const;

export interface CarryOptions {
  bucket: HubBucket;
  /** One a path. */
  changes: readonly FileChange[];
  staged: StagedFiles;
  what: string;
  signal: AbortSignal;
  persistence: Persistence;
  /** Asked before each try; after `false` nothing more is sent. */
  mayWrite?: () => Promise<boolean>;
}

/** Another backend has taken over: what is left is its business. */
async function requireLease({ mayWrite }: Pick<CarryOptions, "mayWrite">): Promise<void> {
  if (mayWrite && !(await mayWrite())) throw new Error("the lease is lost");
}

/** Throws only when `signal` aborts or the lease is lost. Returns the paths that the Hub refused for good, with its reason. */
export async function carryThrough(options: CarryOptions): Promise<Map<string, string>> {
  const { bucket, staged, what, signal, persistence } = options;
  const rounds = new Map<string, number>();
  const refused = new Map<string, string>();
  let left = [...options.changes];
  const publish = async () => {
    await requireLease(options);
    try {
      await publishChanges(bucket, left, staged);
    } catch (error) {
      if (!(error instanceof BatchFailedError)) throw asTransient(error);
      const reasons = new Map(error.failed.map((failure) => [failure.path, failure.error]));
      left = left.filter((change) => {
        // Deletes come last: until every other change is in, none of them was sent.
        const reason = reasons.get(change.path);
        if (reason === undefined) return change.op === "delete";
        const round = (rounds.get(change.path) ?? 0) + 1;
        rounds.set(change.path, round);
        if (round < ROUNDS[change.op]) return true;
        refused.set(change.path, reason);
        return false;
      });
      if (left.length > 0) throw asTransient(error);
    }
  };
  await persist(what, publish, signal, persistence);
  return refused;
}

/** Rounds after which a journal segment that the Hub accepts as a request and refuses as an entry is given up. */
const SEGMENT_ROUNDS = 5;

/** Publishes a journal segment: failed entries are mostly a passing condition, also when they come in a row. */
export async function publishSegment(
  bucket: HubBucket,
  staged: StagedFiles,
  { signal, persistence, mayWrite }: Pick<CarryOptions, "signal" | "persistence" | "mayWrite">,
): Promise<void> {
  let rounds = 0;
  const publish = async () => {
    await requireLease({ mayWrite });
    try {
      await bucket.publish({ staged });
    } catch (error) {
      rounds += 1;
      throw error instanceof BatchFailedError && rounds < SEGMENT_ROUNDS ? asTransient(error) : error;
    }
  };
  await persist("publishing a journal segment", publish, signal, persistence);
}

/**
 * What is true of refused paths, as changes: the file that was there before, or none. With these the journal
 * says again what the bucket holds.
 */
export async function corrections(
  bucket: HubBucket,
  paths: readonly string[],
  { signal, persistence }: Pick<CarryOptions, "signal" | "persistence">,
): Promise<FileChange[]> {
  const look = () =>
    bucket.stat(paths).catch((error) => {
      throw asTransient(error);
    });
  const present = await persist("looking at refused files", look, signal, persistence);
  return paths.map((path): FileChange => {
    const entry = present.get(path);
    if (!entry?.xetHash) return { op: "delete", path };
    const { size, xetHash } = entry;
    return { op: "copy", path, size, xetHash, source: { type: "bucket", id: bucket.id } };
  });
}

/** There is no giving up after the decision: even a refusal of the whole request is waited out. */
export function asTransient(error: unknown): unknown {
  if (!(error instanceof HubError) || error.isTransient) return error;
  return new HubError(error.message, { status: 503, call: error.call, cause: error });
}
