/**
 * Xorbs on disk, one file each, and the index of their chunks in the database. Xorbs belong to the whole hub,
 * not to a bucket: clients refer to chunks they sent earlier, wherever that was (hub-wire.md 4.7).
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { badRequest } from "../errors.ts";
import { XorbIndex } from "./xorb-index.ts";
import { XorbParser } from "./xorb-parser.ts";

const WRITE_BYTES = 512 * 1024;
/** Indexes kept in memory; each has at most 320 KB. */
const CACHED_INDEXES = 64;

export class XorbStore {
  readonly #folder: string;
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  /** Known to be there. */
  readonly #folders = new Set<string>();
  readonly #cache = new Map<string, XorbIndex>();

  constructor(dataDir: string, db: DatabaseSync, now: () => number) {
    this.#folder = join(dataDir, "xorbs");
    this.#db = db;
    this.#now = now;
    mkdirSync(this.#folder, { recursive: true });
    db.exec(`CREATE TABLE IF NOT EXISTS xet_xorbs (
      hash TEXT PRIMARY KEY, stored_bytes INTEGER NOT NULL, chunks BLOB NOT NULL, used_at INTEGER NOT NULL
    ) STRICT`);
  }

  path(hash: string): string {
    return join(this.#folder, hash.slice(0, 2), hash);
  }

  /** `undefined` if there is no such xorb. */
  index(hash: string): XorbIndex | undefined {
    const cached = this.#cache.get(hash);
    if (cached !== undefined) {
      this.#cache.delete(hash);
      this.#cache.set(hash, cached);
      return cached;
    }
    const row = this.#db.prepare("SELECT stored_bytes, chunks FROM xet_xorbs WHERE hash = ?").get(hash) as
      | { stored_bytes: number; chunks: Uint8Array }
      | undefined;
    if (row === undefined) return undefined;
    const index = new XorbIndex(row.chunks, row.stored_bytes);
    this.#cache.set(hash, index);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > CACHED_INDEXES && oldest !== undefined) this.#cache.delete(oldest);
    return index;
  }

  /** Puts off the removal of a xorb that is referred to again. */
  touch(hash: string): void {
    this.#db.prepare("UPDATE xet_xorbs SET used_at = ? WHERE hash = ?").run(this.#now(), hash);
  }

  /**
   * Stores the xorb `hash` from `body`, verifying all of it. It is durable when this returns. Throws 400,
   * and leaves nothing behind, if the bytes are not a xorb or not this one.
   *
   * @returns whether it was new
   */
  async add(hash: string, body: AsyncIterable<Uint8Array>): Promise<boolean> {
    const target = this.path(hash);
    const folder = dirname(target);
    if (!this.#folders.has(folder)) await mkdir(folder, { recursive: true });
    this.#folders.add(folder);
    const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      const index = await writeVerified(temporary, hash, body);
      const isNew = this.index(hash) === undefined;
      // No `await` between the two, so that a collection of garbage sees either both or none.
      renameSync(temporary, target);
      this.#db
        .prepare(
          `INSERT INTO xet_xorbs (hash, stored_bytes, chunks, used_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at,
             stored_bytes = excluded.stored_bytes, chunks = excluded.chunks`,
        )
        .run(hash, index.storedBytes, index.packed, this.#now());
      this.#cache.delete(hash);
      await syncFolder(folder);
      return isNew;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Hashes of the xorbs last uploaded or referred to before `time`. */
  usedBefore(time: number): string[] {
    const rows = this.#db.prepare("SELECT hash FROM xet_xorbs WHERE used_at < ?").all(time);
    return rows.map((row) => row.hash as string);
  }

  /**
   * Removes files that a killed process left: unfinished uploads, and xorbs the database does not know. To be
   * called before the first upload.
   */
  removeLeftovers(): void {
    const known = new Set(this.usedBefore(Number.MAX_SAFE_INTEGER));
    const folders = readdirSync(this.#folder, { withFileTypes: true }).filter((item) => item.isDirectory());
    for (const { name } of folders) {
      for (const file of readdirSync(join(this.#folder, name))) {
        if (!known.has(file)) rmSync(join(this.#folder, name, file), { force: true });
      }
    }
  }

  /** Forgets a xorb in the cache and the database; its file is removed by the caller. */
  forget(hash: string): void {
    this.#cache.delete(hash);
    this.#db.prepare("DELETE FROM xet_xorbs WHERE hash = ?").run(hash);
  }
}

async function writeVerified(
  path: string,
  hash: string,
  body: AsyncIterable<Uint8Array>,
): Promise<XorbIndex> {
  const parser = new XorbParser();
  const file = await open(path, "wx");
  try {
    const waiting = Buffer.allocUnsafe(WRITE_BYTES);
    let filled = 0;
    for await (const bytes of body) {
      const keep = parser.push(bytes);
      for (let taken = 0; taken < keep.length; ) {
        const part = keep.copy(waiting, filled, taken);
        taken += part;
        filled += part;
        if (filled === WRITE_BYTES) {
          await writeAll(file, waiting);
          filled = 0;
        }
      }
    }
    await writeAll(file, waiting.subarray(0, filled));
    const { hash: actual, index } = parser.finish();
    if (actual !== hash) throw badRequest(`Xorb has the hash ${actual}, not ${hash}`);
    await file.sync();
    return index;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}

/** A new name is durable only when its folder is. Windows cannot do this and needs it less. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
