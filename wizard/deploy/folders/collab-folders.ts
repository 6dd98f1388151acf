/** Which folders of a collab go to the Hub, and where: the harness, the evaluator, the private data. */
import type { LoadedCollab } from "../../collab-dir.ts";
import { type FolderLimits, folderPrefix, type ReadFolder, readFolder } from "./read-folder.ts";

/** `undefined`: this collab has none. */
export interface CollabFolders {
  /** What a Job runs; in the central bucket, where anybody can read how results are measured. */
  harness?: ReadFolder;
  /** What the eval Space calls; in that Space. */
  evaluator?: ReadFolder;
  /** What only verification sees; in the audit bucket and nowhere else. */
  privateData?: ReadFolder;
}

const MB = 1024 * 1024;
const CODE_LIMITS: FolderLimits = { files: 1_000, bytes: 64 * MB };
const DATA_LIMITS: FolderLimits = { files: 10_000, bytes: 256 * MB };

/** First parts of paths that the backend or the wizard writes: a folder of that name would be lost in them. */
const RECORD_NAMES = [
  ...["agents", "artifacts", "broadcasts", "clients", "inbox", "leaderboard", "message_board", "moderation"],
  ...["results", "runs", "shared_resources", "submissions", "taskforces", "traces", "verdicts"],
  ...["README.md", "SKILL.md", "collab.yaml"],
];
const AUDIT_NAMES = [
  ...["audit", "journal", "keys", "ledger", "lease.json", "runs", "snapshots", "verification_runs"],
];

/** Reads them all, before anything is decided, so that a file edited meanwhile changes nothing. */
export async function readCollabFolders({ dir, collab }: LoadedCollab): Promise<CollabFolders> {
  const { jobs, verification } = collab;
  const read = (folder: string, reserved: readonly string[], isPublic: boolean, limits: FolderLimits) => {
    const [first = ""] = folderPrefix(folder).split("/");
    if (!reserved.includes(first)) return readFolder({ dir, folder, limits, isPublic });
    const message = `The bucket keeps other things under ${first}/, so ${folder} cannot be uploaded there`;
    const fix = "Rename the folder, and name it in collab.yaml.";
    return Promise.resolve<ReadFolder>({ ok: false, missing: false, message, fix });
  };
  const harness = jobs.enabled ? await read(jobs.harness, RECORD_NAMES, true, CODE_LIMITS) : undefined;
  const evaluator =
    verification.mode === "eval-space"
      ? await read(verification.evaluator, ["collab.yaml", "deployment.json"], false, CODE_LIMITS)
      : undefined;
  // An evaluator has its private data in its own folder: its Space is as private as the bucket.
  const privateData =
    verification.mode === "jobs"
      ? await read(verification.private_data, AUDIT_NAMES, false, DATA_LIMITS)
      : undefined;
  return {
    ...(harness && { harness }),
    ...(evaluator && { evaluator }),
    ...(privateData && { privateData }),
  };
}
