/** The buckets themselves: names, owners, visibility, totals. Their files are in `entry-store.ts`. */
import type { DatabaseSync } from "node:sqlite";
import type { Owned } from "../context.ts";

export interface Bucket extends Owned {
  kind: "bucket";
  /** 24 hex characters; a bucket made anew under an old name has another one. */
  key: string;
  createdAt: number;
  updatedAt: number;
  size: number;
  totalFiles: number;
}

interface Row {
  key: string;
  id: string;
  private: number;
  created_by: string;
  created_at: number;
  updated_at: number;
  size: number;
  total_files: number;
}

/** How the Xet side names a bucket. */
export const xetTarget = (bucket: Pick<Bucket, "key">): string => `bucket:${bucket.key}`;

export class BucketStore {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`CREATE TABLE IF NOT EXISTS buckets (
      key TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, private INTEGER NOT NULL, created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
      size INTEGER NOT NULL DEFAULT 0, total_files INTEGER NOT NULL DEFAULT 0
    ) STRICT`);
  }

  /** By `namespace/name`. */
  find(id: string): Bucket | undefined {
    const row = this.#db.prepare("SELECT * FROM buckets WHERE id = ?").get(id);
    return row && toBucket(row as unknown as Row);
  }

  findByKey(key: string): Bucket | undefined {
    const row = this.#db.prepare("SELECT * FROM buckets WHERE key = ?").get(key);
    return row && toBucket(row as unknown as Row);
  }

  create(bucket: { key: string; id: string; private: boolean; createdBy: string; at: number }): void {
    this.#db
      .prepare(
        "INSERT INTO buckets (key, id, private, created_by, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(bucket.key, bucket.id, bucket.private ? 1 : 0, bucket.createdBy, bucket.at, bucket.at);
  }

  /** Those of `namespace` in order of name, from behind `after`. */
  *list(namespace: string, after: string): Iterable<Bucket> {
    const rows = this.#db
      .prepare("SELECT * FROM buckets WHERE id > ? AND id < ? ORDER BY id")
      .iterate(after || `${namespace}/`, `${namespace}0`);
    for (const row of rows) yield toBucket(row as unknown as Row);
  }

  setPrivate(bucket: Bucket, isPrivate: boolean, at: number): void {
    this.#db
      .prepare("UPDATE buckets SET private = ?, updated_at = ? WHERE key = ?")
      .run(isPrivate ? 1 : 0, at, bucket.key);
  }

  rename(bucket: Bucket, id: string, at: number): void {
    this.#db.prepare("UPDATE buckets SET id = ?, updated_at = ? WHERE key = ?").run(id, at, bucket.key);
  }

  addTotals(bucket: Bucket, change: { bytes: number; files: number; at: number }): void {
    this.#db
      .prepare(
        "UPDATE buckets SET size = size + ?, total_files = total_files + ?, updated_at = ? WHERE key = ?",
      )
      .run(change.bytes, change.files, change.at, bucket.key);
  }

  delete(bucket: Bucket): void {
    this.#db.prepare("DELETE FROM buckets WHERE key = ?").run(bucket.key);
  }
}

function toBucket(row: Row): Bucket {
  return {
    kind: "bucket",
    key: row.key,
    id: row.id,
    private: row.private === 1,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    size: row.size,
    totalFiles: row.total_files,
  };
}
