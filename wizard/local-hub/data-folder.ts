/** The one folder that holds everything a local hub knows. */
import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { HubStartError } from "./errors.ts";
import { type FolderLock, LOCK_FILES, lockFolder } from "./lock.ts";

export const DATABASE_FILE = "hub.sqlite";
export const SNAPSHOTS_FOLDER = "snapshots";
/** What a background hub prints. */
export const LOG_FILE = "hub.log";
/** Of `agent-collab dev`, which runs a hub with a collab on it. */
export const DEV_LOG_FILE = "dev.log";
export const DEV_STATE_FILE = "dev.json";

/** What stays when the hub is emptied: not its state, but that of the folder. */
export const KEPT: ReadonlySet<string> = new Set([
  ...LOCK_FILES,
  ".gitignore",
  SNAPSHOTS_FOLDER,
  LOG_FILE,
  DEV_LOG_FILE,
  DEV_STATE_FILE,
]);

export interface DataFolder {
  path: string;
  lock: FolderLock;
  /** Gives up the lock, and removes the folder if it was a temporary one. */
  release(): Promise<void>;
}

/**
 * Makes `dataDir` if it is missing, and locks it. Without `dataDir` the folder is a temporary one. Throws
 * `HubStartError` when it cannot be written or another hub has it.
 */
export function claimDataFolder(dataDir: string | undefined): DataFolder {
  const ephemeral = dataDir === undefined;
  const path = ephemeral ? mkdtempSync(join(tmpdir(), "agent-collab-hub-")) : resolve(dataDir);
  if (!ephemeral) makeWritable(path);
  const lock = lockFolder(path);
  return {
    path,
    lock,
    async release() {
      lock.release();
      if (ephemeral) await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Removes all state of a hub whose database is closed. Snapshots stay. */
export async function emptyDataFolder(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (!KEPT.has(name)) await rm(join(path, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Names this set of data. Part of the CAS URL: clients remember by it what they have uploaded (hub-wire.md 4.7). */
export function instanceIdOf(db: DatabaseSync): string {
  db.exec("CREATE TABLE IF NOT EXISTS hub (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  db.prepare("INSERT OR IGNORE INTO hub VALUES ('instance', ?)").run(randomBytes(6).toString("hex"));
  return (db.prepare("SELECT value FROM hub WHERE key = 'instance'").get() as { value: string }).value;
}

/** Gives a restored set of data a name of its own: clients remember uploads that it may not hold. */
export function renewInstanceId(db: DatabaseSync): void {
  db.exec("DELETE FROM hub WHERE key = 'instance'");
  instanceIdOf(db);
}

/** `mkdir -p`. Node's own recursive mode never returns where the kernel answers ENOENT to everybody (`/proc`). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** Keeps what is in the folder out of version control, whatever repository it lies in. */
function makeWritable(folder: string): void {
  try {
    makeFolder(folder);
    // SQLite opens what it may not write for reading, and complains much later.
    accessSync(folder, constants.W_OK);
    const database = join(folder, DATABASE_FILE);
    if (existsSync(database)) accessSync(database, constants.W_OK);
    const ignore = join(folder, ".gitignore");
    if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new HubStartError("data_folder_unwritable", `Cannot write the data folder ${folder} (${code}).`, {
      fix: "Choose another folder, or change its permissions.",
      cause: error,
    });
  }
}
