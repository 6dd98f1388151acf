/** A frozen submission as files of this machine, for as long as its evaluation lasts. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Hub } from "../../hub/types.ts";
import type { FrozenSubmission } from "./api.ts";

/** An evaluator that needs more than this reads it some other way; a Space has little disk and memory. */
export const SUBMISSION_LIMITS = { bytes: 1024 ** 3, files: 10_000, fileBytes: 256 * 1024 ** 2 } as const;

export class SubmissionTooLarge extends Error {}

export interface LocalSubmission {
  folder: string;
  remove(): Promise<void>;
}

/**
 * Fetches it. Only what the backend has frozen is read: `central` is the one bucket that counts, whatever a
 * result says. Throws `HubError` and `SubmissionTooLarge`.
 */
export async function fetchSubmission(
  hub: Hub,
  { bucket, prefix, files, bytes }: FrozenSubmission,
  central: string,
): Promise<LocalSubmission> {
  if (bucket !== central || !/^submissions\/[0-9a-f]{16,128}$/.test(prefix)) {
    throw new Error(`${bucket}/${prefix} is no frozen submission`);
  }
  if (bytes > SUBMISSION_LIMITS.bytes || files > SUBMISSION_LIMITS.files) {
    throw new SubmissionTooLarge(`${files} files of ${bytes} bytes are more than the eval Space takes`);
  }
  const folder = await mkdtemp(join(tmpdir(), "submission-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for await (const { path, type } of hub.bucket(bucket).list(prefix)) {
      if (type !== "file") continue;
      const relative = path.slice(prefix.length + 1);
      const target = join(folder, relative);
      if (relative === "" || !target.startsWith(`${folder}/`)) continue;
      const content = await hub.bucket(bucket).read(path, { maxBytes: SUBMISSION_LIMITS.fileBytes });
      if (content === null) throw new Error(`${path} has vanished`);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, remove };
}
