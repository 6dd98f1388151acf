/**
 * Files as lists of terms, each a run of chunks of one xorb, and who is known to hold which file.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { EMPTY_FILE_HASH, hashFromText, hashToText } from "./hashes.ts";

export interface Term {
  xorb: string;
  first: number;
  /** Exclusive. */
  end: number;
  unpackedBytes: number;
}

export interface StoredFile {
  hash: string;
  size: number;
  terms: Term[];
}

const TERM_BYTES = 44;

export class FileStore {
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  // What every file of an upload needs is prepared once.
  readonly #size: StatementSync;
  readonly #add: StatementSync;
  readonly #addUpload: StatementSync;
  readonly #hasUploaded: StatementSync;

  constructor(db: DatabaseSync, now: () => number) {
    this.#db = db;
    this.#now = now;
    db.exec(`
      CREATE TABLE IF NOT EXISTS xet_files (
        hash TEXT PRIMARY KEY, size INTEGER NOT NULL, terms BLOB NOT NULL, used_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE IF NOT EXISTS xet_uploads (
        target TEXT NOT NULL, user TEXT NOT NULL, file TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (target, user, file)
      ) STRICT, WITHOUT ROWID;`);
    this.#size = db.prepare("SELECT size FROM xet_files WHERE hash = ?");
    this.#add = db.prepare(
      `INSERT INTO xet_files (hash, size, terms, used_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at`,
    );
    this.#addUpload = db.prepare(
      "INSERT OR REPLACE INTO xet_uploads (target, user, file, at) VALUES (?, ?, ?, ?)",
    );
    this.#hasUploaded = db.prepare("SELECT 1 FROM xet_uploads WHERE target = ? AND user = ? AND file = ?");
  }

  /** Bytes of the file, `undefined` if there is none of this hash. */
  size(hash: string): number | undefined {
    if (hash === EMPTY_FILE_HASH) return 0;
    const row = this.#size.get(hash);
    return (row as { size: number } | undefined)?.size;
  }

  get(hash: string): StoredFile | undefined {
    if (hash === EMPTY_FILE_HASH) return { hash, size: 0, terms: [] };
    const row = this.#db.prepare("SELECT size, terms FROM xet_files WHERE hash = ?").get(hash) as
      | { size: number; terms: Uint8Array }
      | undefined;
    return row && { hash, size: row.size, terms: unpackTerms(row.terms) };
  }

  /** Keeps the terms that are known already: both describe the same bytes. @returns whether it was new */
  add(file: StoredFile): boolean {
    if (file.hash === EMPTY_FILE_HASH) return false;
    const known = this.size(file.hash) !== undefined;
    this.#add.run(file.hash, file.size, packTerms(file.terms), this.#now());
    return !known;
  }

  /** Remembers that `user` showed to have the content, with a write token for `target`. */
  addUpload(target: string, user: string, hash: string): void {
    this.#addUpload.run(target, user, hash, this.#now());
  }

  /** Hashes of the files last registered before `time`. */
  usedBefore(time: number): string[] {
    const rows = this.#db.prepare("SELECT hash FROM xet_files WHERE used_at < ?").all(time);
    return rows.map((row) => row.hash as string);
  }

  remove(hashes: readonly string[]): void {
    const statement = this.#db.prepare("DELETE FROM xet_files WHERE hash = ?");
    for (const hash of hashes) statement.run(hash);
  }

  /** Xorbs that the terms of any file refer to. */
  referredXorbs(): Set<string> {
    const xorbs = new Set<string>();
    for (const row of this.#db.prepare("SELECT terms FROM xet_files").iterate()) {
      for (const { xorb } of unpackTerms(row.terms as Uint8Array)) xorbs.add(xorb);
    }
    return xorbs;
  }

  /** Forgets uploads before `time`. */
  removeUploads(time: number): void {
    this.#db.prepare("DELETE FROM xet_uploads WHERE at < ?").run(time);
  }

  /** For a bucket or repository that is gone. */
  forgetTarget(target: string): void {
    this.#db.prepare("DELETE FROM xet_uploads WHERE target = ?").run(target);
  }

  hasUploaded(target: string, user: string, hash: string): boolean {
    return this.#hasUploaded.get(target, user, hash) !== undefined;
  }
}

function packTerms(terms: readonly Term[]): Buffer {
  const packed = Buffer.alloc(terms.length * TERM_BYTES);
  terms.forEach((term, i) => {
    packed.set(hashFromText(term.xorb), i * TERM_BYTES);
    packed.writeUInt32LE(term.first, i * TERM_BYTES + 32);
    packed.writeUInt32LE(term.end, i * TERM_BYTES + 36);
    packed.writeUInt32LE(term.unpackedBytes, i * TERM_BYTES + 40);
  });
  return packed;
}

function unpackTerms(bytes: Uint8Array): Term[] {
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: packed.length / TERM_BYTES }, (_, i) => ({
    xorb: hashToText(packed.subarray(i * TERM_BYTES, i * TERM_BYTES + 32)),
    first: packed.readUInt32LE(i * TERM_BYTES + 32),
    end: packed.readUInt32LE(i * TERM_BYTES + 36),
    unpackedBytes: packed.readUInt32LE(i * TERM_BYTES + 40),
  }));
}
