/** Which package manager the user works with, for the commands we print. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "./detect.ts";
import { findProgram } from "./find-program.ts";

export const PACKAGE_MANAGERS = ["npm", "pnpm", "yarn", "bun"] as const;
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

const LOCK_FILES: readonly [file: string, manager: PackageManager][] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

/** The one that started us (`npm_config_user_agent`), else the one whose lock file lies in one of `folders`, else npm. */
export function packageManager(env: Env, folders: readonly string[]): PackageManager {
  const agent = env.npm_config_user_agent?.split("/")[0];
  const known = PACKAGE_MANAGERS.find((manager) => manager === agent);
  const isThere = (file: string) => folders.some((folder) => existsSync(join(folder, file)));
  return known ?? LOCK_FILES.find(([file]) => isThere(file))?.[1] ?? "npm";
}

/** npm comes with Node. Whoever was started by a package manager has it, whatever the search path says. */
export function isInstalled(manager: PackageManager, env: Env): boolean {
  return (
    manager === "npm" || env.npm_config_user_agent !== undefined || findProgram(manager, env) !== undefined
  );
}

/** How it runs a script of package.json, with arguments. */
export function runScript(manager: PackageManager, script: string, args = ""): string {
  const separator = manager === "npm" && args ? " --" : "";
  return `${manager} run ${script}${separator}${args ? ` ${args}` : ""}`;
}
