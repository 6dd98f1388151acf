/** The one folder that holds everything a local hub knows. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./database.ts";
import { HubStartError } from "./errors.ts";
import { type FolderLock, lockFolder } from "./lock.ts";

export interface DataFolder {
  dataDir: string;
  db: DatabaseSync;
  instanceId: string;
  lock: FolderLock;
  /** Closes the database, gives up the lock, and removes an ephemeral folder. */
  close(): Promise<void>;
}

/**
 * Opens `dataDir`, making it when missing, and locks it. Without `dataDir` the folder is a temporary one,
 * removed on close. Throws `HubStartError` when it cannot be written, is in use, or is from a newer version.
 */
export function openDataFolder(dataDir: string | undefined): DataFolder {
  const ephemeral = dataDir === undefined;
  const folder = ephemeral ? mkdtempSync(join(tmpdir(), "agent-collab-hub-")) : resolve(dataDir);
  if (!ephemeral) makeWritable(folder);
  const lock = lockFolder(folder);
  try {
    const db = openDatabase(join(folder, "hub.sqlite"));
    return {
      dataDir: folder,
      db,
      instanceId: instanceIdOf(db),
      lock,
      async close() {
        db.close();
        lock.release();
        if (ephemeral) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Keeps what is in the folder out of version control, whatever repository it lies in. */
function makeWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
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

function instanceIdOf(db: DatabaseSync): string {
  db.exec("CREATE TABLE IF NOT EXISTS hub (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  db.prepare("INSERT OR IGNORE INTO hub (key, value) VALUES ('instance', ?)").run(
    randomBytes(6).toString("hex"),
  );
  return (db.prepare("SELECT value FROM hub WHERE key = 'instance'").get() as { value: string }).value;
}
