/** Verdicts in results/verification_status.json, which people, the eval Space and the backend all write. */
import {
  VERIFICATION_INDEX_PATH,
  VerificationIndex,
} from "../../template/spaces/backend/record/verification-index.ts";
import { UserError } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";
import type { RunningCollab } from "./find.ts";

export const VERDICTS = ["valid", "invalid", "pending"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Where the verdicts of a collab lie, and who writes them. */
type Court = Pick<RunningCollab, "hub" | "names">;

function indexOf({ hub, names }: Court): VerificationIndex {
  return new VerificationIndex({
    bucket: hub.bucket(names.centralBucket),
    onContent: () => {},
    log: () => {},
  });
}

/** What stands in the index itself, which the backend shows a moment later. */
export async function verdictOf(running: Court, filename: string): Promise<string> {
  let state = "pending";
  const outcome = await indexOf(running).update((entries) => {
    state = entries.get(filename) ?? "pending";
    return null;
  });
  if (outcome === "unreadable") throw unreadableIndex(running);
  return printable(state);
}

/** Merged into what is there, so that verdicts given meanwhile stay. */
export async function writeVerdict(running: Court, filename: string, verdict: Verdict): Promise<void> {
  const outcome = await indexOf(running).update((entries) => new Map([...entries, [filename, verdict]]));
  if (outcome === "unreadable") throw unreadableIndex(running);
}

function unreadableIndex({ names }: Court): UserError {
  return new UserError({
    code: "index_unreadable",
    message: `${names.centralBucket}/${VERIFICATION_INDEX_PATH} is not a JSON object, so it was left as it is.`,
    fix: "Mend the file by hand; it maps filenames of results to valid, invalid or pending.",
  });
}
