/** Rows of `lists`, `contents` and `docs`: what every kind of document has in common. */
import { leafOf } from "../documents/filenames.ts";
import { RowBatch } from "../row-batch.ts";
import type { StoredDocument } from "./read-document.ts";
import type { Sql } from "./sql.ts";

/** Id of a list, made on first use. Ids are kept: lists are few and never removed. */
export class Lists {
  readonly #sql: Sql;
  readonly #ids = new Map<string, number>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** `undefined`: nothing was ever written to it. */
  find(name: string): number | undefined {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const row = this.#sql.get<{ id: number }>("SELECT id FROM lists WHERE name = ?", name);
    if (row) this.#ids.set(name, row.id);
    return row?.id;
  }

  idOf(name: string): number {
    return this.find(name) ?? this.#sql.run("INSERT INTO lists (name) VALUES (?)", name).lastInsertRowid;
  }

  /** After a rollback an id given inside the transaction is void. */
  forget(): void {
    this.#ids.clear();
  }
}

/**
 * Parsed texts. A message and its copies have the same filename, are written by one group, and come one after
 * the other when a board is filled: they share one content. The same text met again later becomes a content of
 * its own.
 */
export class Contents {
  readonly #sql: Sql;
  #last: { filename: string; document: StoredDocument; id: number } | null = null;
  readonly #rows: RowBatch;
  #lastId = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    const insert = "INSERT INTO contents (id, frontmatter, lines, body) VALUES";
    this.#rows = new RowBatch((text) => sql.statement(text), insert, 4);
  }

  /** Id of a content that shows this, for the file at `path`. */
  idOf(path: string, document: StoredDocument): number {
    const filename = leafOf(path);
    const last = this.#last;
    if (last?.filename === filename && showsTheSame(last.document, document)) return last.id;
    const id = this.#store(document);
    this.#last = { filename, document, id };
    return id;
  }

  /** True if the board would show the same of this document as of that content. */
  isSame(id: number, { frontmatter, lines, body }: StoredDocument): boolean {
    return (
      this.#sql.get(
        "SELECT 1 FROM contents WHERE id = ? AND frontmatter = ? AND lines = ? AND body = ?",
        id,
        frontmatter,
        lines,
        body,
      ) !== undefined
    );
  }

  /** After a removal, which may take a content along, and after a rollback. */
  forget(): void {
    this.#last = null;
  }

  #store({ frontmatter, lines, body }: StoredDocument): number {
    this.#lastId += 1;
    this.#rows.add(this.#lastId, frontmatter, lines, body);
    return this.#lastId;
  }

  /** Contents wait for each other; from here on those stored are in the table. */
  flush(): void {
    this.#rows.flush();
  }
}

function showsTheSame(one: StoredDocument, other: StoredDocument): boolean {
  return one.frontmatter === other.frontmatter && one.lines === other.lines && one.body === other.body;
}

export interface DocumentRow {
  list: number;
  key: string;
  path: string;
  author: string;
  content: number;
  document: StoredDocument;
}

/** Rows of `docs`. */
export class Documents {
  readonly #sql: Sql;
  #lastId = 0;
  /** While a board is filled, no trigger counts. */
  #filled: FilledCounts | null = new FilledCounts();
  readonly #rows: RowBatch;

  constructor(sql: Sql) {
    this.#sql = sql;
    const columns = ["id", "list", "key", "path", "author", "type", "via", "channel", "content"];
    const insert = `INSERT INTO docs (${columns.join(", ")}) VALUES`;
    this.#rows = new RowBatch((text) => sql.statement(text), insert, columns.length);
  }

  /** The newest row's. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Puts a document in its list; nothing may be at that path. Returns its row id. */
  store({ list, key, path, author, content, document }: DocumentRow): number {
    this.#lastId += 1;
    const { type, via, channel } = document;
    this.#rows.add(this.#lastId, list, key, path, author, type, via, channel, content);
    this.#filled?.add(list, [author, type, via, channel, hourOf(key)]);
    return this.#lastId;
  }

  /** `false` if there was none. Rows of side tables go with it. */
  remove(path: string): boolean {
    return this.#sql.run("DELETE FROM docs WHERE path = ?", path).changes > 0;
  }

  /** Documents wait for each other; from here on those stored are in the table. After their contents. */
  flush(): void {
    this.#rows.flush();
  }

  beginFilling(): void {
    this.#filled = new FilledCounts();
  }

  /** From here on the triggers count. */
  endFilling(): void {
    this.#filled?.write(this.#sql);
    this.#filled = null;
  }
}

/** `YYYYMMDD-HH` of a key that begins with a stamp. */
const HOUR_LENGTH = 11;

/** As the triggers' `substr` cuts it, which counts characters and not their halves. */
function hourOf(key: string): string {
  const hour = key.slice(0, HOUR_LENGTH);
  return /[\ud800-\udfff]/.test(hour) ? [...key].slice(0, HOUR_LENGTH).join("") : hour;
}

/** In the order in which `FilledCounts` is given their values. */
const FACETS = ["author", "type", "via", "channel", "hour"] as const;

/** What the triggers would have counted, for less than it costs to group all rows. */
class FilledCounts {
  readonly #lists = new Map<number, { count: number; facets: Map<string, { n: number }>[] }>();

  add(list: number, values: readonly string[]): void {
    let counts = this.#lists.get(list);
    if (!counts) {
      counts = { count: 0, facets: FACETS.map(() => new Map()) };
      this.#lists.set(list, counts);
    }
    counts.count += 1;
    for (const [at, ofValue] of counts.facets.entries()) {
      const value = values[at] ?? "";
      const counter = ofValue.get(value);
      if (counter) counter.n += 1;
      else ofValue.set(value, { n: 1 });
    }
  }

  write(sql: Sql): void {
    for (const [list, { count, facets }] of this.#lists) {
      sql.run("UPDATE lists SET count = ? WHERE id = ?", count, list);
      for (const [at, ofValue] of facets.entries()) {
        for (const [value, { n }] of ofValue) {
          sql.run("INSERT INTO tallies VALUES (?, ?, ?, ?)", list, FACETS[at] ?? "", value, n);
        }
      }
    }
  }
}
