/** Making the new folder a git repository: never inside another one, never with a commit. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";

export type GitOutcome = "made" | "inside another repository" | "git is not installed" | "git init failed";

/** Is there git, and no repository around `dir`, which need not exist yet? */
export function gitIsPossible(dir: string): boolean {
  let folder = dir;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return obstacle(folder) === undefined;
}

export function gitInit(dir: string): GitOutcome {
  const refused = obstacle(dir);
  if (refused !== undefined) return refused;
  return spawnSync("git", ["init", "--quiet"], { cwd: dir, stdio: "ignore" }).status === 0
    ? "made"
    : "git init failed";
}

function obstacle(dir: string): GitOutcome | undefined {
  const inside = spawnSync("git", ["rev-parse", "--is-inside-work-tree"], { cwd: dir, encoding: "utf8" });
  if (inside.error) return "git is not installed";
  return inside.status === 0 && inside.stdout.trim() === "true" ? "inside another repository" : undefined;
}
