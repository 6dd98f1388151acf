/** Named copies of everything a hub keeps, taken and put back as a whole. */
import { existsSync } from "node:fs";
import { constants, cp, link, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { DATABASE_FILE, emptyDataFolder, KEPT, renewInstanceId, SNAPSHOTS_FOLDER } from "./data-folder.ts";
import { openDatabase } from "./database.ts";
import { badRequest, HubHttpError } from "./errors.ts";

/** Folders whose files are written once and never changed: a second name for each is copy enough. */
const IMMUTABLE: ReadonlySet<string> = new Set(["xorbs"]);

export interface SnapshotInfo {
  name: string;
  /** ISO 8601. */
  taken_at: string;
}

/** Throws 400 for a name that could be a path, 409 for one that exists. Nothing may write meanwhile. */
export async function takeSnapshot(dataDir: string, db: DatabaseSync, name: string): Promise<void> {
  const target = snapshotPath(dataDir, name);
  if (existsSync(target)) throw new HubHttpError(409, `There is a snapshot ${name} already`);
  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  db.prepare("VACUUM INTO ?").run(join(unfinished, DATABASE_FILE));
  for (const entry of await stateEntries(dataDir)) {
    await copyState(join(dataDir, entry), join(unfinished, entry), IMMUTABLE.has(entry));
  }
  await rename(unfinished, target);
}

/** Replaces the state of a hub whose database is closed. Throws 404 for an unknown name, before any change. */
export async function restoreSnapshot(dataDir: string, name: string): Promise<void> {
  const source = requireSnapshot(dataDir, name);
  await emptyDataFolder(dataDir);
  for (const entry of await readdir(source)) {
    await copyState(join(source, entry), join(dataDir, entry), IMMUTABLE.has(entry));
  }
  const db = openDatabase(join(dataDir, DATABASE_FILE));
  renewInstanceId(db);
  db.close();
}

export function requireSnapshot(dataDir: string, name: string): string {
  const source = snapshotPath(dataDir, name);
  if (!existsSync(source)) throw new HubHttpError(404, `There is no snapshot ${name}`);
  return source;
}

/** Oldest first. */
export async function listSnapshots(dataDir: string): Promise<SnapshotInfo[]> {
  const folder = join(dataDir, SNAPSHOTS_FOLDER);
  const names = existsSync(folder) ? await readdir(folder) : [];
  const infos = await Promise.all(
    names
      .filter((name) => !name.endsWith(".unfinished"))
      .map(async (name) => ({ name, taken_at: (await stat(join(folder, name))).mtime.toISOString() })),
  );
  return infos.sort((a, b) => (a.taken_at < b.taken_at ? -1 : 1));
}

function snapshotPath(dataDir: string, name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) {
    throw badRequest(`${name} is no name for a snapshot: letters, digits, - and _, at most 64`);
  }
  return join(dataDir, SNAPSHOTS_FOLDER, name);
}

/** What belongs to the state, but for the database, which is copied through SQLite. */
async function stateEntries(dataDir: string): Promise<string[]> {
  return (await readdir(dataDir)).filter((name) => !KEPT.has(name) && !name.startsWith(DATABASE_FILE));
}

async function copyState(from: string, to: string, isImmutable: boolean): Promise<void> {
  if (isImmutable) return linkTree(from, to);
  await cp(from, to, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    // A running Space may have sockets and pipes in its folder, which cannot be copied.
    filter: async (path) => {
      const info = await stat(path).catch(() => null);
      return info === null || info.isFile() || info.isDirectory();
    },
  });
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else await link(source, target);
  }
}
