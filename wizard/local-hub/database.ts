/** Persistence of the local hub: one SQLite file per data folder, each part with its own tables. */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HubStartError } from "./errors.ts";

/** Raise it when a data folder of before can no longer be read as it is; `openDatabase` then has to migrate it. */
export const SCHEMA_VERSION = 1;

/**
 * Opens (or makes) the database. WAL with `synchronous = NORMAL`: a killed process loses at most the
 * request in flight.
 */
export function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  // It holds the secrets of Spaces; SQLite gives its side files the same mode.
  if (file !== ":memory:") chmodSync(file, 0o600);
  const version = readVersion(db, file);
  if (version > SCHEMA_VERSION) {
    db.close();
    throw new HubStartError(
      "data_folder_newer",
      `${file} was written by a newer version (schema ${version}; this one reads up to ${SCHEMA_VERSION}).`,
      { fix: "Update agent-collab, or use another data folder." },
    );
  }
  if (version === 0 && isInUse(db)) {
    db.close();
    throw new HubStartError(
      "data_folder_foreign",
      `${file} is not a database of a local hub this version knows.`,
      {
        fix: "Move it away, or use another data folder.",
      },
    );
  }
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;");
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  return db;
}

/** The schema version of the database; throws `HubStartError` when it is none. */
function readVersion(db: DatabaseSync, file: string): number {
  try {
    return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
  } catch (error) {
    db.close();
    throw new HubStartError("data_folder_broken", `${file} is no database, or a damaged one.`, {
      fix: "Move the folder away or remove it, or use another data folder.",
      cause: error,
    });
  }
}

/** Somebody keeps something in it: a hub writes its version before its first table. */
function isInUse(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
}

/** Runs `work` in one transaction: all of it or nothing. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
