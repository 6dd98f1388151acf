import { spawnSync } from "node:child_process";

/** Does process `pid` still run? One that has ended and was not yet collected by its parent does not. */
export function isAlive(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf-8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}

/** Resolves when process `pid` is gone. */
export async function ends(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}
