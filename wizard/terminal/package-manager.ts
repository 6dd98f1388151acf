/** Which package manager the user works with, for the commands we print. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "./detect.ts";

export const PACKAGE_MANAGERS = ["npm", "pnpm", "yarn", "bun"] as const;
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

const LOCK_FILES: readonly [file: string, manager: PackageManager][] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

/** The one that started us (`npm_config_user_agent`), else the one whose lock file lies in `dir`, else npm. */
export function packageManager(env: Env, dir: string): PackageManager {
  const agent = env.npm_config_user_agent?.split("/")[0];
  const known = PACKAGE_MANAGERS.find((manager) => manager === agent);
  return known ?? LOCK_FILES.find(([file]) => existsSync(join(dir, file)))?.[1] ?? "npm";
}

/** How it runs a script of package.json, with arguments. */
export function runScript(manager: PackageManager, script: string, args = ""): string {
  const separator = manager === "npm" && args ? " --" : "";
  return `${manager} run ${script}${separator}${args ? ` ${args}` : ""}`;
}
