/** Many rows into one table: several a statement cost half of what they cost one by one. */
import type { SQLInputValue, StatementSync } from "node:sqlite";

/** More of them need longer statements and gain nothing. */
const ROWS = 8;

export class RowBatch {
  readonly #prepare: (sql: string) => StatementSync;
  readonly #insert: string;
  readonly #row: string;
  readonly #tail: string;
  /** By how many rows they insert. */
  readonly #statements: StatementSync[] = [];
  #waiting: SQLInputValue[] = [];
  #rows = 0;

  /** `insert`: all of the statement before its rows, `INSERT INTO t (a, b) VALUES`; `tail`: what follows them. */
  constructor(prepare: (sql: string) => StatementSync, insert: string, columns: number, tail = "") {
    this.#prepare = prepare;
    this.#insert = insert;
    this.#tail = tail;
    this.#row = `(${Array(columns).fill("?").join(", ")})`;
  }

  /** Inserts the row together with some that follow it, or at `flush`. */
  add(...values: SQLInputValue[]): void {
    this.#waiting.push(...values);
    this.#rows += 1;
    if (this.#rows === ROWS) this.flush();
  }

  /** Inserts what waits. Before anything reads the table, and before the transaction ends. */
  flush(): void {
    if (this.#rows === 0) return;
    this.#statementFor(this.#rows).run(...this.#waiting);
    this.#waiting = [];
    this.#rows = 0;
  }

  #statementFor(rows: number): StatementSync {
    const known = this.#statements[rows];
    if (known) return known;
    const values = Array(rows).fill(this.#row).join(", ");
    const statement = this.#prepare(`${this.#insert} ${values} ${this.#tail}`);
    this.#statements[rows] = statement;
    return statement;
  }
}
