/**
 * One hub per data folder. The lock itself is an exclusive SQLite lock on `hub.lock`: the operating system
 * gives it up with the process that held it, so there is no stale lock to clear by hand. `hub.json` beside
 * it says who runs, for messages, `hub status` and `hub stop`.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { HubStartError } from "./errors.ts";

export const LOCK_FILE = "hub.lock";
const NOTE_FILE = "hub.json";
export const LOCK_FILES = [LOCK_FILE, `${LOCK_FILE}-journal`, NOTE_FILE] as const;

const runningHub = z.object({
  pid: z.number().int().positive(),
  url: z.string(),
  startedAt: z.string(),
  version: z.string(),
});
export type RunningHub = z.infer<typeof runningHub>;

export interface FolderLock {
  /** Tells others, once the hub answers, where it does. */
  announce(hub: RunningHub): void;
  release(): void;
}

/** Takes the lock of `folder`; throws `HubStartError` naming the hub that holds it. */
export function lockFolder(folder: string): FolderLock {
  const held = tryLock(folder);
  if (!held) throw inUse(folder);
  const note = join(folder, NOTE_FILE);
  rmSync(note, { force: true });
  let released = false;
  return {
    announce(hub) {
      writeFileSync(note, `${JSON.stringify(hub)}\n`);
    },
    release() {
      if (released) return;
      released = true;
      rmSync(note, { force: true });
      held.close();
    },
  };
}

/** The hub that has `folder` open at the moment; `null` when none does, whatever a killed one left behind. */
export function findRunningHub(folder: string): RunningHub | null {
  let held: DatabaseSync | null;
  try {
    held = tryLock(folder, { readOnly: true });
  } catch {
    return null;
  }
  if (held) {
    held.close();
    return null;
  }
  return readNote(folder);
}

function tryLock(folder: string, options: { readOnly?: boolean } = {}): DatabaseSync | null {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(join(folder, LOCK_FILE), {
      timeout: options.readOnly ? 0 : 250,
      readOnly: options.readOnly ?? false,
    });
    db.exec(
      options.readOnly ? "SELECT * FROM sqlite_schema" : "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE",
    );
    return db;
  } catch (error) {
    db?.close();
    if (isBusy(error)) return null;
    throw new HubStartError("data_folder_unwritable", `Cannot write the data folder ${folder}.`, {
      fix: "Choose another folder, or change its permissions.",
      cause: error,
    });
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/i.test(error.message);
}

function readNote(folder: string): RunningHub | null {
  try {
    return runningHub.parse(JSON.parse(readFileSync(join(folder, NOTE_FILE), "utf8")));
  } catch {
    return null;
  }
}

function inUse(folder: string): HubStartError {
  const hub = readNote(folder);
  const who = hub ? `at ${hub.url} (pid ${hub.pid})` : "that is just starting or stopping";
  return new HubStartError("data_folder_in_use", `${folder} is in use by the local hub ${who}.`, {
    fix: "Use that one, stop it, or give this one another data folder.",
  });
}
