/** The folders that a deployment uploads: there, whole, and nothing in them that must not leave this machine. */
import { sizeText } from "../../terminal/text.ts";
import type { CollabFolders } from "../folders/collab-folders.ts";
import type { ReadFolder } from "../folders/read-folder.ts";
import { type CheckContext, type CheckResult, fail, ok } from "./check.ts";

const CHECKED: readonly { part: keyof CollabFolders; name: string; what: string; missing: string }[] = [
  {
    part: "harness",
    name: "harness",
    what: "what a Job runs",
    missing: "Write the harness there, or set jobs.enabled: false in collab.yaml.",
  },
  {
    part: "evaluator",
    name: "evaluator",
    what: "what scores pending results",
    missing: "Write the evaluator there, or choose another verification.mode in collab.yaml.",
  },
  {
    part: "privateData",
    name: "private_data",
    what: "the data that only verification sees",
    missing:
      "Make the folder and put data of your own there that participants have not seen (the harness gets it as --private-dir), or choose another verification.mode in collab.yaml.",
  },
];

/** One result a folder that this collab uploads. */
export function checkFolders({
  folders,
  rehearsal,
}: Pick<CheckContext, "folders" | "rehearsal">): CheckResult[] {
  return CHECKED.flatMap(({ part, name, what, missing }) => {
    const folder = folders[part];
    if (!folder) return [];
    const result = checkFolder(name, what, missing, folder);
    // A new collab can be looked at before anybody has gathered such data.
    const bearable = rehearsal && part === "privateData" && !folder.ok && folder.missing;
    return [bearable ? { ...result, state: "warn" } : result];
  });
}

function checkFolder(name: string, what: string, missing: string, folder: ReadFolder): CheckResult {
  if (!folder.ok) {
    return folder.missing
      ? fail(name, `${folder.message}: ${what}`, missing)
      : fail(name, folder.message, folder.fix);
  }
  const { prefix, files, bytes, leftOut } = folder;
  const stays = leftOut.length === 0 ? "" : `; ${leftOut.length} left out: ${leftOut.slice(0, 5).join(", ")}`;
  return {
    ...ok(
      name,
      `${prefix}: ${files.length} ${files.length === 1 ? "file" : "files"}, ${sizeText(bytes)}${stays}`,
    ),
    ...(leftOut.length > 0 && { data: { left_out: leftOut } }),
  };
}
