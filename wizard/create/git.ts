/** Making the new folder a git repository: never inside another one, never with a commit. */
import { spawnSync } from "node:child_process";

export type GitOutcome = "made" | "inside another repository" | "git is not installed" | "git init failed";

export function gitInit(dir: string): GitOutcome {
  const inside = spawnSync("git", ["rev-parse", "--is-inside-work-tree"], { cwd: dir, encoding: "utf8" });
  if (inside.error) return "git is not installed";
  if (inside.status === 0 && inside.stdout.trim() === "true") return "inside another repository";
  return spawnSync("git", ["init", "--quiet"], { cwd: dir, stdio: "ignore" }).status === 0
    ? "made"
    : "git init failed";
}
