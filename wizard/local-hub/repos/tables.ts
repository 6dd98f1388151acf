/** Tables of repositories. Blobs are content-addressed; every commit keeps its whole list of files. */
import type { DatabaseSync } from "node:sqlite";

export function createRepoTables(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS repos (
      oid TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      private INTEGER NOT NULL,
      sdk TEXT,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      head TEXT NOT NULL,
      UNIQUE (kind, id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS repo_commits (
      repo TEXT NOT NULL REFERENCES repos (oid) ON DELETE CASCADE,
      oid TEXT NOT NULL,
      parent TEXT,
      author TEXT NOT NULL,
      date INTEGER NOT NULL,
      title TEXT NOT NULL,
      description TEXT NOT NULL,
      files TEXT NOT NULL,
      PRIMARY KEY (repo, oid)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS repo_blobs (
      oid TEXT PRIMARY KEY,
      sha256 TEXT NOT NULL,
      content BLOB NOT NULL
    ) STRICT;
  `);
}
