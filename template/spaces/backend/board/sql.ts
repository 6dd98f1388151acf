/** A thin hand on node:sqlite: statements prepared once, rows typed by the caller. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export type SqlValue = SQLInputValue;

export class Sql {
  readonly db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** `:memory:` or a file. The board can be rebuilt, so durability is traded for speed. */
  constructor(file: string) {
    this.db = new DatabaseSync(file);
    this.db.exec(
      "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;" +
        " PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;",
    );
  }

  /** Prepared once. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  run(sql: string, ...params: SqlValue[]): { changes: number; lastInsertRowid: number } {
    const { changes, lastInsertRowid } = this.statement(sql).run(...params);
    return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
  }

  get<Row>(sql: string, ...params: SqlValue[]): Row | undefined {
    return this.statement(sql).get(...params) as Row | undefined;
  }

  all<Row>(sql: string, ...params: SqlValue[]): Row[] {
    return this.statement(sql).all(...params) as Row[];
  }

  iterate<Row>(sql: string, ...params: SqlValue[]): Iterable<Row> {
    return this.statement(sql).iterate(...params) as Iterable<Row>;
  }

  /** All of `work` or nothing. Not nestable. */
  transaction<T>(work: () => T): T {
    this.db.exec("BEGIN");
    try {
      const result = work();
      this.db.exec("COMMIT");
      return result;
    } catch (error) {
      this.db.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.db.close();
  }
}
