/** The files of buckets: path to content hash, with what the uploader said about them. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { behindDirectory } from "./paths.ts";

export interface Entry {
  path: string;
  hash: string;
  size: number;
  /** Milliseconds since the epoch, as the uploader says. */
  mtime: number;
  /** 0 to 999999, below the millisecond. */
  mtimeNanos: number | null;
  contentType: string | null;
  /** Milliseconds since the epoch, by the hub's clock. */
  uploadedAt: number;
}

/** Where a listing goes on: behind this entry. */
export interface UploadPosition {
  uploadedAt: number;
  path: string;
}

const COLUMNS = `path, hash, size, mtime, mtime_nanos AS mtimeNanos, content_type AS contentType,
  uploaded_at AS uploadedAt`;

export class EntryStore {
  readonly #db: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #from: StatementSync;
  readonly #below: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`
      CREATE TABLE IF NOT EXISTS bucket_entries (
        bucket TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL,
        mtime INTEGER NOT NULL, mtime_nanos INTEGER, content_type TEXT, uploaded_at INTEGER NOT NULL,
        PRIMARY KEY (bucket, path)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS bucket_entries_by_upload ON bucket_entries (bucket, uploaded_at, path);
      CREATE INDEX IF NOT EXISTS bucket_entries_by_hash ON bucket_entries (hash, bucket);`);
    this.#get = db.prepare(`SELECT ${COLUMNS} FROM bucket_entries WHERE bucket = ? AND path = ?`);
    this.#put = db.prepare(
      `INSERT OR REPLACE INTO bucket_entries
         (bucket, path, hash, size, mtime, mtime_nanos, content_type, uploaded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#delete = db.prepare("DELETE FROM bucket_entries WHERE bucket = ? AND path = ?");
    this.#below = db.prepare("SELECT path FROM bucket_entries WHERE bucket = ? AND path > ? AND path < ?");
    this.#from = db.prepare(
      `SELECT ${COLUMNS} FROM bucket_entries WHERE bucket = ? AND path >= ? ORDER BY path LIMIT ?`,
    );
  }

  get(bucket: string, path: string): Entry | undefined {
    return this.#get.get(bucket, path) as Entry | undefined;
  }

  put(bucket: string, entry: Entry): void {
    const { path, hash, size, mtime, mtimeNanos, contentType, uploadedAt } = entry;
    this.#put.run(bucket, path, hash, size, mtime, mtimeNanos, contentType, uploadedAt);
  }

  delete(bucket: string, path: string): void {
    this.#delete.run(bucket, path);
  }

  deleteAll(bucket: string): void {
    this.#db.prepare("DELETE FROM bucket_entries WHERE bucket = ?").run(bucket);
  }

  /** At most `limit` entries in order of path, from `path` on. */
  from(bucket: string, path: string, limit: number): Entry[] {
    return this.#from.all(bucket, path, limit) as unknown as Entry[];
  }

  /** The paths below the directory `path`. */
  *below(bucket: string, path: string): Iterable<string> {
    const rows = this.#below.iterate(bucket, `${path}/`, behindDirectory(path));
    for (const row of rows) yield row.path as string;
  }

  /** When something below the directory `path` was last uploaded. */
  lastUploadBelow(bucket: string, path: string): number {
    const row = this.#db
      .prepare("SELECT MAX(uploaded_at) AS at FROM bucket_entries WHERE bucket = ? AND path > ? AND path < ?")
      .get(bucket, `${path}/`, behindDirectory(path));
    return (row as { at: number }).at;
  }

  /** At most `limit` entries, by time of upload, from behind `after`. */
  byUpload(bucket: string, newestFirst: boolean, after: UploadPosition | null, limit: number): Entry[] {
    const [order, beyond] = newestFirst ? ["DESC", "<"] : ["ASC", ">"];
    const start = after ?? { uploadedAt: newestFirst ? Number.MAX_SAFE_INTEGER : -1, path: "" };
    return this.#db
      .prepare(
        `SELECT ${COLUMNS} FROM bucket_entries WHERE bucket = ? AND (uploaded_at, path) ${beyond} (?, ?)
         ORDER BY uploaded_at ${order}, path ${order} LIMIT ?`,
      )
      .all(bucket, start.uploadedAt, start.path, limit) as unknown as Entry[];
  }

  holds(bucket: string, hash: string): boolean {
    return (
      this.#db
        .prepare("SELECT 1 FROM bucket_entries WHERE hash = ? AND bucket = ? LIMIT 1")
        .get(hash, bucket) !== undefined
    );
  }

  /** The buckets that have this content. */
  *bucketsWith(hash: string): Iterable<string> {
    const rows = this.#db.prepare("SELECT DISTINCT bucket FROM bucket_entries WHERE hash = ?").iterate(hash);
    for (const row of rows) yield row.bucket as string;
  }

  *hashes(): Iterable<string> {
    for (const row of this.#db.prepare("SELECT DISTINCT hash FROM bucket_entries").iterate()) {
      yield row.hash as string;
    }
  }
}
