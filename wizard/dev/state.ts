/** What a running `dev` says about itself, for `dev status`, `dev stop` and `dev logs`. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DEV_LOG_FILE, DEV_STATE_FILE } from "../local-hub/data-folder.ts";
import { findRunningHub } from "../local-hub/lock.ts";

const DevState = z.looseObject({
  hub: z.object({ url: z.string() }),
  backend: z.object({ url: z.string() }),
  pid: z.number().int().positive(),
});
/** The document of `dev --json`. */
export type DevState = z.infer<typeof DevState>;

export type FoundDev =
  | { state: "stopped" }
  /** A hub runs on the folder, and no collab answers (yet). */
  | { state: "starting"; pid: number }
  | { state: "running"; pid: number; document: DevState };

export const devLogFile = (dataDir: string) => join(dataDir, DEV_LOG_FILE);

/** Call once everything answers. */
export function writeDevState(dataDir: string, document: Record<string, unknown>): void {
  writeFileSync(join(dataDir, DEV_STATE_FILE), `${JSON.stringify(document)}\n`, { mode: 0o600 });
}

export function removeDevState(dataDir: string): void {
  rmSync(join(dataDir, DEV_STATE_FILE), { force: true });
}

/** What a killed `dev` left behind is not believed: the folder's lock says who runs. */
export function findDev(dataDir: string): FoundDev {
  const hub = findRunningHub(dataDir);
  if (!hub) return { state: "stopped" };
  try {
    const document = DevState.parse(JSON.parse(readFileSync(join(dataDir, DEV_STATE_FILE), "utf8")));
    if (document.pid === hub.pid) return { state: "running", pid: hub.pid, document };
  } catch {
    // Not there yet, or half written.
  }
  return { state: "starting", pid: hub.pid };
}
