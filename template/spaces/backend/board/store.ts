/** Rows of `lists`, `contents` and `docs`: what every kind of document has in common. */
import { leafOf } from "../documents/naming.ts";
import type { ReadDocument } from "./read-document.ts";
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

/** Files whose content is still at hand, so that the copies of a message share it. */
const RECENT_FILES = 1_000;
/** A longer text is not worth its place among them. */
const MAX_RECENT_LENGTH = 16_384;

/**
 * Parsed texts. A message and its copies have the same filename, are written by one group, and come one after
 * the other when a board is filled: they share one content. The same text met again later becomes a content of
 * its own.
 */
export class Contents {
  readonly #sql: Sql;
  /** By filename: hashing a whole text would cost more than reading it. */
  readonly #recent = new Map<string, { text: string; id: number }>();
  #lastId = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Id of a content with this text, which lies at `path`. */
  idOf(path: string, text: string, read: () => ReadDocument): number {
    const filename = leafOf(path);
    const known = this.#recent.get(filename);
    if (known?.text === text) return known.id;
    const id = this.#store(read());
    if (text.length <= MAX_RECENT_LENGTH) {
      if (this.#recent.size >= RECENT_FILES) this.#recent.clear();
      this.#recent.set(filename, { text, id });
    }
    return id;
  }

  /** True if the board would show the same of this text as of that content. */
  isSame(id: number, document: ReadDocument): boolean {
    return (
      this.#sql.get(
        "SELECT 1 FROM contents WHERE id = ? AND frontmatter = ? AND lines = ? AND body = ?",
        id,
        JSON.stringify(document.frontmatter),
        document.searchLines,
        document.body,
      ) !== undefined
    );
  }

  /** After a removal, which may take a content along, and after a rollback. */
  forget(): void {
    this.#recent.clear();
  }

  #store(document: ReadDocument): number {
    this.#lastId += 1;
    this.#sql.run(
      "INSERT INTO contents (id, frontmatter, lines, body) VALUES (?, ?, ?, ?)",
      this.#lastId,
      JSON.stringify(document.frontmatter),
      document.searchLines,
      document.body,
    );
    return this.#lastId;
  }
}

export interface DocumentRow {
  list: number;
  key: string;
  path: string;
  author: string;
  content: number;
  document: ReadDocument;
}

/** Rows of `docs`. */
export class Documents {
  readonly #sql: Sql;
  #lastId = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The newest row's. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Puts a document in its list; nothing may be at that path. Returns its row id. */
  store(row: DocumentRow): number {
    this.#lastId += 1;
    this.#sql.run(
      "INSERT INTO docs (id, list, key, path, author, type, via, channel, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      this.#lastId,
      row.list,
      row.key,
      row.path,
      row.author,
      row.document.text("type"),
      row.document.text("via"),
      row.document.text("channel"),
      row.content,
    );
    return this.#lastId;
  }

  /** `false` if there was none. Rows of side tables go with it. */
  remove(path: string): boolean {
    return this.#sql.run("DELETE FROM docs WHERE path = ?", path).changes > 0;
  }
}
