/** The folder that a new collab goes to: what may lie there already, and what is in the way. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** What to do with a folder that is not empty. Flag `--overwrite`, prompt and help share these words. */
export const OVERWRITE_CHOICES = [
  { value: "abort", label: "Stop", hint: "leave everything as it is" },
  { value: "merge", label: "Merge", hint: "write our files, keep all others" },
  { value: "replace", label: "Replace", hint: "remove everything but .git first" },
] as const;
export type Overwrite = (typeof OVERWRITE_CHOICES)[number]["value"];

/** Things that people have in a folder before they start; they are kept as they are. */
const HARMLESS =
  /^(\.git|\.github|\.gitignore|\.gitattributes|\.idea|\.vscode|\.zed|\.editorconfig|\.DS_Store|Thumbs\.db|readme(\.\w+)?|licen[cs]e(\.\w+)?|agents\.md|claude\.md)$/i;

export interface TargetState {
  exists: boolean;
  /** Names at the top that stand in the way: not harmless. */
  occupied: string[];
  /** Our files that exist there. */
  conflicts: string[];
}

/** Looks, touches nothing. `files` are the relative paths we would write. */
export async function inspectTarget(dir: string, files: readonly string[]): Promise<TargetState> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (names === null) return { exists: false, occupied: [], conflicts: [] };
  const present = await Promise.all(
    files.map(async (path) => ((await stat(join(dir, path)).catch(() => null)) ? path : null)),
  );
  return {
    exists: true,
    occupied: names.filter((name) => !HARMLESS.test(name)).sort(),
    conflicts: present.filter((path) => path !== null),
  };
}

/** What a person told their coding agents; only `replace` may take it away. */
const FOR_AGENTS = /^(agents|claude)\.md$/i;

/** Does this file, which a person may have had before, stay instead of ours? */
export function isKept(path: string, overwrite: Overwrite): boolean {
  const [top = ""] = path.split("/");
  if (overwrite === "abort") return HARMLESS.test(top);
  return overwrite === "merge" && FOR_AGENTS.test(top);
}

/** Is every one of `files` there with the same content? */
export async function holds(
  dir: string,
  files: readonly { path: string; content: Uint8Array }[],
): Promise<boolean> {
  for (const { path, content } of files) {
    const there = await readFile(join(dir, path)).catch(() => null);
    if (there === null || !there.equals(content)) return false;
  }
  return true;
}
