/**
 * What the record itself remembers, in SQLite, rebuilt at every start from snapshot and journal: the last
 * state of every file (for the next snapshot), answers by Idempotency-Key, agent keys, promoted contents.
 * Every row carries the number of the group that wrote it, so a snapshot writes only what is new.
 *
 * No request asks for the states of files. So at the start those of a snapshot are only *owed*: the board is
 * filled from the lines as they come, and `complete` reads them in once requests are answered.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import { RowBatch } from "../row-batch.ts";
import { changesIn, type OtherLine, type PartLine } from "./part-lines.ts";
import type { AuditLine, FileChange, JournalGroup, StoredAnswer } from "./types.ts";

/** The last state of a path; `text` is null for what was copied by hash. */
export interface FileState {
  path: string;
  text: string | null;
  size: number;
}

/** Lines of a snapshot part, some at a time. */
export type LineBatches = () => AsyncIterable<readonly PartLine[]>;

/** Large pages and a cache for the index of paths: the whole history is written into it. */
const SCHEMA = `
PRAGMA page_size = 16384; PRAGMA cache_size = -16384; PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE files (path TEXT PRIMARY KEY, seq INTEGER NOT NULL, op TEXT NOT NULL, text TEXT, size INTEGER,
  hash TEXT, source TEXT);
CREATE INDEX files_seq ON files(seq);
CREATE TABLE agent_keys (agent TEXT PRIMARY KEY, seq INTEGER NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX agent_keys_seq ON agent_keys(seq);
CREATE TABLE promoted (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, filename TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX promoted_seq ON promoted(seq);
CREATE TABLE answers (owner TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, stamp INTEGER NOT NULL,
  answer TEXT NOT NULL, PRIMARY KEY (owner, key)) WITHOUT ROWID;
CREATE INDEX answers_seq ON answers(seq);
CREATE TABLE audit (seq INTEGER NOT NULL, ts TEXT NOT NULL, line TEXT NOT NULL);
CREATE INDEX audit_seq ON audit(seq);
`;

/** What is owed comes late: a state that a later group has written stays. */
const NEWEST_STATE = `ON CONFLICT (path) DO UPDATE SET seq = excluded.seq, op = excluded.op, text = excluded.text,
  size = excluded.size, hash = excluded.hash, source = excluded.source WHERE excluded.seq >= seq`;

export class RecordMemory {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #files = new RowBatch((text) => this.#sql(text), "INSERT INTO files VALUES", 7, NEWEST_STATE);
  /** Parts whose files are not in yet, oldest first. */
  #owed: { seq: number; batches: LineBatches }[] = [];
  #completing: Promise<void> | null = null;
  /** The newest group in here. */
  seq = 0;
  /** The newest stamp that was given, in milliseconds. */
  lastStamp = 0;

  /**
   * `file`: a scratch file that may be lost at any time. Without one SQLite keeps a temporary file that has no
   * name, so that a long history costs no memory and not even a killed process leaves anything behind.
   */
  constructor(file = "") {
    this.#db = new DatabaseSync(file);
    this.#db.exec(SCHEMA);
  }

  apply(group: JournalGroup): void {
    this.transaction(() => {
      for (const entry of group.entries) {
        for (const change of entry.changes) this.#change(change, group.seq);
        this.lastStamp = Math.max(this.lastStamp, entry.stamp);
        if (entry.agent_key) this.#key(entry.agent_key.agent_id, entry.agent_key.sha256, group.seq);
        if (entry.promoted) this.#promoted(entry.promoted.id, entry.promoted.filename, group.seq);
        if (entry.answer) this.#answer(entry.answer, entry.stamp, group.seq);
        this.#audit(entry.audit, group.seq);
      }
      for (const refusal of group.refusals ?? []) this.#audit(refusal, group.seq);
      this.seq = Math.max(this.seq, group.seq);
    });
  }

  /** A file that was changed beside the record; `seq` 0: that was there before there was a record. */
  found(change: FileChange, seq = this.seq + 1): void {
    this.#change(change, seq);
  }

  /** What a snapshot says besides the states of files, which `owe` announces. */
  load(lines: Iterable<OtherLine>, seq: number): void {
    this.transaction(() => {
      for (const line of lines) this.#load(line, seq);
      this.seq = Math.max(this.seq, seq);
    });
  }

  /** The states of files in these lines are read in by `complete`; until then nobody may ask for any. */
  owe(seq: number, batches: LineBatches): void {
    this.#owed.push({ seq, batches });
  }

  /** True while states of files that groups behind `after` have written are not in. */
  owes(after: number): boolean {
    return this.#owed.some(({ seq }) => seq > after);
  }

  /**
   * Reads in what is owed, a batch a turn of the event loop. Resolves when states of files may be asked for. What a
   * failure or `signal` has left is still owed. Who comes while it is read waits for the first caller's reading.
   */
  complete(signal?: AbortSignal): Promise<void> {
    this.#completing ??= this.#readOwed(signal).finally(() => {
      this.#completing = null;
    });
    return this.#completing;
  }

  async #readOwed(signal: AbortSignal | undefined): Promise<void> {
    for (let part = this.#owed[0]; part; part = this.#owed[0]) {
      for await (const lines of part.batches()) {
        if (signal?.aborted || !this.#db.isOpen) throw new Error("stopped");
        this.transaction(() => {
          for (const change of changesIn(lines)) this.#addFile(change, part.seq);
          this.#files.flush();
        });
        await turn();
      }
      this.#owed.shift();
    }
  }

  /** Everything whose last change lies in groups `after < seq <= upTo`. */
  *lines(after: number, upTo: number): Generator<PartLine> {
    if (this.owes(after)) throw incomplete();
    const range = "WHERE seq > ? AND seq <= ?";
    const files = `SELECT op, path, text, size, hash, source FROM files ${range} ORDER BY seq, rowid`;
    for (const row of this.#sql(files).iterate(after, upTo)) {
      const path = String(row.path);
      if (row.op === "put") yield ["f", path, String(row.text)];
      else if (row.op === "copy") yield ["c", path, Number(row.size), String(row.hash), String(row.source)];
      else yield ["d", path];
    }
    for (const row of this.#sql(`SELECT agent, sha256 FROM agent_keys ${range}`).iterate(after, upTo)) {
      yield ["k", String(row.agent), String(row.sha256)];
    }
    for (const row of this.#sql(`SELECT id, filename FROM promoted ${range}`).iterate(after, upTo)) {
      yield ["p", String(row.id), String(row.filename)];
    }
    for (const row of this.#sql(`SELECT answer, stamp FROM answers ${range}`).iterate(after, upTo)) {
      yield ["a", JSON.parse(String(row.answer)) as StoredAnswer, Number(row.stamp)];
    }
    for (const row of this.#sql(`SELECT seq, ts, line FROM audit ${range} ORDER BY rowid`).iterate(
      after,
      upTo,
    )) {
      yield ["u", Number(row.seq), String(row.ts), String(row.line)];
    }
  }

  /** Every file there is, for filling an empty board; what one group wrote comes together. */
  *files(): Generator<FileState> {
    this.#expectComplete();
    const files = this.#db.prepare("SELECT path, text, size FROM files WHERE op <> 'delete' ORDER BY rowid");
    // Half the time of rows as objects.
    files.setReturnArrays(true);
    for (const row of files.iterate() as Iterable<unknown>) {
      const [path, text, size] = row as [string, string | null, number];
      yield { path, text, size };
    }
  }

  /** Size of the file in bytes and the group that wrote it; `undefined` if there is no such file. */
  stateOf(path: string): { size: number; seq: number } | undefined {
    this.#expectComplete();
    const row = this.#sql("SELECT size, seq FROM files WHERE path = ? AND op <> 'delete'").get(path);
    return row && { size: Number(row.size), seq: Number(row.seq) };
  }

  *paths(): Generator<string> {
    this.#expectComplete();
    for (const row of this.#sql("SELECT path FROM files WHERE op <> 'delete'").iterate())
      yield String(row.path);
  }

  *deletedPaths(): Generator<string> {
    this.#expectComplete();
    for (const row of this.#sql("SELECT path FROM files WHERE op = 'delete'").iterate())
      yield String(row.path);
  }

  agentKeySha256(agentId: string): string | undefined {
    return this.#one("SELECT sha256 AS value FROM agent_keys WHERE agent = ?", agentId);
  }

  promotedAs(id: string): string | undefined {
    return this.#one("SELECT filename AS value FROM promoted WHERE id = ?", id);
  }

  answer(owner: string, key: string): StoredAnswer | undefined {
    const json = this.#one("SELECT answer AS value FROM answers WHERE owner = ? AND key = ?", owner, key);
    return json === undefined ? undefined : (JSON.parse(json) as StoredAnswer);
  }

  /** Audit lines of groups up to `seq` that are in no audit file yet, in order. */
  auditLines(seq: number): { ts: string; line: string }[] {
    const rows = this.#sql("SELECT ts, line FROM audit WHERE seq <= ? ORDER BY rowid").all(seq);
    return rows.map((row) => ({ ts: String(row.ts), line: String(row.line) }));
  }

  /** How many lines are in no audit file yet, and when the oldest was written (ISO). */
  auditBacklog(): { lines: number; oldest: string | null } {
    const row = this.#sql("SELECT COUNT(*) AS lines, MIN(ts) AS oldest FROM audit").get();
    return { lines: Number(row?.lines), oldest: row?.oldest == null ? null : String(row.oldest) };
  }

  forgetAudit(seq: number): void {
    this.#sql("DELETE FROM audit WHERE seq <= ?").run(seq);
  }

  /** Answers older than this stamp are no longer repeated. */
  forgetAnswers(before: number): void {
    this.#sql("DELETE FROM answers WHERE stamp < ?").run(before);
  }

  /** Back to the beginning: a snapshot turned out to be damaged halfway. */
  clear(): void {
    this.#db.exec(
      "DELETE FROM files; DELETE FROM agent_keys; DELETE FROM promoted; DELETE FROM answers; DELETE FROM audit",
    );
    this.#owed = [];
    this.seq = 0;
    this.lastStamp = 0;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  transaction(work: () => void): void {
    this.#db.exec("BEGIN");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #load(line: OtherLine, seq: number): void {
    switch (line[0]) {
      case "k":
        this.#key(line[1], line[2], seq);
        break;
      case "p":
        this.#promoted(line[1], line[2], seq);
        break;
      case "a":
        this.#answer(line[1], line[2], seq);
        break;
      case "u": {
        const [, lineSeq, ts, text] = line;
        this.#sql("INSERT INTO audit VALUES (?, ?, ?)").run(lineSeq, ts, text);
        break;
      }
    }
  }

  #change(change: FileChange, seq: number): void {
    this.#addFile(change, seq);
    this.#files.flush();
  }

  /** To be flushed before the table is read. */
  #addFile(change: FileChange, seq: number): void {
    const { op, path } = change;
    const files = this.#files;
    if (op === "put") files.add(path, seq, op, change.text, Buffer.byteLength(change.text), null, null);
    else if (op === "copy") files.add(path, seq, op, null, change.size, change.xetHash, change.source.id);
    else files.add(path, seq, op, null, null, null, null);
  }

  #key(agent: string, sha256: string, seq: number): void {
    this.#sql("INSERT OR REPLACE INTO agent_keys VALUES (?, ?, ?)").run(agent, seq, sha256);
  }

  #promoted(id: string, filename: string, seq: number): void {
    this.#sql("INSERT OR REPLACE INTO promoted VALUES (?, ?, ?)").run(id, seq, filename);
  }

  #answer(answer: StoredAnswer, stamp: number, seq: number): void {
    const { owner, key } = answer;
    this.#sql("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)").run(
      owner,
      key,
      seq,
      stamp,
      JSON.stringify(answer),
    );
  }

  #audit(line: AuditLine, seq: number): void {
    this.#sql("INSERT INTO audit VALUES (?, ?, ?)").run(seq, line.ts, JSON.stringify(line));
  }

  #expectComplete(): void {
    if (this.#owed.length > 0) throw incomplete();
  }

  #one(sql: string, ...values: SQLInputValue[]): string | undefined {
    const row = this.#sql(sql).get(...values);
    return row === undefined ? undefined : String(row.value);
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

const incomplete = () => new Error("states of files are asked for before complete()");
