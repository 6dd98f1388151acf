/** `hub reset`, `hub snapshot`, `hub restore`: of a hub that runs, or of the folder of one that does not. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { claimDataFolder, DATABASE_FILE, emptyDataFolder } from "../../local-hub/data-folder.ts";
import { openDatabase } from "../../local-hub/database.ts";
import { HubHttpError } from "../../local-hub/errors.ts";
import { findRunningHub, LOCK_FILE, type RunningHub } from "../../local-hub/lock.ts";
import {
  listSnapshots,
  requireSnapshot,
  restoreSnapshot,
  type SnapshotInfo,
  takeSnapshot,
} from "../../local-hub/snapshots.ts";
import { EXIT, interrupted, UserError } from "../../terminal/errors.ts";
import type { Cli } from "../index.ts";
import { dataDirOf, explainStartError, type HubFlags } from "./options.ts";
import { askHub } from "./running.ts";

type Confirmable = HubFlags & { yes?: boolean };

export async function resetHub(flags: Confirmable, cli: Cli): Promise<void> {
  const dataDir = requireState(flags, cli);
  await confirmLoss(flags, cli, `Throw away everything in ${dataDir}?`);
  await onHubOrFolder(dataDir, {
    running: (hub) => askHub(hub, "/_emulator/reset", { method: "POST" }),
    stopped: () => emptyDataFolder(dataDir),
  });
  cli.out.result({ json: { reset: true, data_dir: dataDir }, agent: `${dataDir} is as new.` });
}

export async function snapshotHub(name: string | undefined, flags: HubFlags, cli: Cli): Promise<void> {
  const dataDir = requireState(flags, cli);
  if (name === undefined) return listAll(dataDir, cli);
  await onHubOrFolder(dataDir, {
    running: (hub) => askHub(hub, "/_emulator/snapshots", { method: "POST", json: { name } }),
    stopped: async () => {
      const db = openDatabase(join(dataDir, DATABASE_FILE));
      try {
        await takeSnapshot(dataDir, db, name);
      } finally {
        db.close();
      }
    },
  });
  const text = `Snapshot ${name} taken. Back to it: ${cli.programName} hub restore ${name} --data ${flags.data}`;
  cli.out.result({ json: { snapshot: name, data_dir: dataDir }, agent: text, quiet: name });
}

export async function restoreHub(name: string, flags: Confirmable, cli: Cli): Promise<void> {
  const dataDir = requireState(flags, cli);
  await asUserErrors(async () => requireSnapshot(dataDir, name));
  await confirmLoss(flags, cli, `Replace everything in ${dataDir} by the snapshot ${name}?`);
  await onHubOrFolder(dataDir, {
    running: (hub) =>
      askHub(hub, `/_emulator/snapshots/${encodeURIComponent(name)}/restore`, { method: "POST" }),
    stopped: () => restoreSnapshot(dataDir, name),
  });
  cli.out.result({
    json: { restored: name, data_dir: dataDir },
    agent: `${dataDir} is as in the snapshot ${name}.`,
  });
}

async function listAll(dataDir: string, cli: Cli): Promise<void> {
  const snapshots: SnapshotInfo[] = await listSnapshots(dataDir);
  const lines = snapshots.map(({ name, taken_at }) => `${name}  ${taken_at}`);
  cli.out.result({
    json: { snapshots },
    agent: lines.join("\n") || "There are no snapshots yet.",
    quiet: snapshots.map(({ name }) => name).join("\n"),
  });
}

/** The folder; throws when no hub ever kept anything there. */
function requireState(flags: HubFlags, cli: Cli): string {
  const dataDir = dataDirOf(flags, cli.cwd);
  if (existsSync(join(dataDir, LOCK_FILE))) return dataDir;
  throw new UserError({
    code: "no_hub_data",
    message: `${dataDir} is not the data folder of a local hub.`,
    fix: "Name the folder with --data.",
  });
}

/** A hub that runs does it itself, between two requests; else the folder is locked and it is done here. */
async function onHubOrFolder(
  dataDir: string,
  work: { running: (hub: RunningHub) => Promise<unknown>; stopped: () => Promise<void> },
): Promise<void> {
  const hub = findRunningHub(dataDir);
  if (hub) {
    await work.running(hub);
    return;
  }
  await asUserErrors(async () => {
    const folder = claimDataFolder(dataDir);
    try {
      await work.stopped();
    } finally {
      await folder.release();
    }
  });
}

async function asUserErrors(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof HubHttpError)
      throw new UserError({ code: "hub_refused", message: `${error.message}.` });
    throw explainStartError(error);
  }
}

async function confirmLoss({ yes }: { yes?: boolean }, cli: Cli, question: string): Promise<void> {
  if (yes) return;
  if (!cli.interactive) {
    throw new UserError({
      code: "confirmation_needed",
      message: "Nothing was changed: nobody is there to confirm.",
      fix: "Run the same command with --yes.",
      exitCode: EXIT.inputNeeded,
    });
  }
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: question, initialValue: false, output: cli.stderr });
  if (answer !== true) throw interrupted("Nothing was changed.");
}
