/** Rows of `lists`, `contents` and `docs`: what every kind of document has in common. */
import { hash as hashOf } from "node:crypto";
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

const HASH_BYTES = 16;

/** Id of the content with these bytes, stored on first sight. */
export function storeContent(sql: Sql, text: string, read: () => ReadDocument): number {
  const hash = hashOf("sha256", text, "buffer").subarray(0, HASH_BYTES);
  const known = sql.get<{ id: number }>("SELECT id FROM contents WHERE hash = ?", hash);
  if (known) return known.id;
  const document = read();
  return sql.run(
    "INSERT INTO contents (hash, frontmatter, lines, body) VALUES (?, ?, ?, ?)",
    hash,
    JSON.stringify(document.frontmatter),
    document.searchLines,
    document.body,
  ).lastInsertRowid;
}

export interface DocumentRow {
  list: number;
  key: string;
  path: string;
  author: string;
  content: number;
  document: ReadDocument;
}

/** Puts a document in its list; nothing may be at that path. Returns its row id. */
export function storeDocument(sql: Sql, row: DocumentRow): number {
  return sql.run(
    "INSERT INTO docs (list, key, path, author, type, via, channel, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    row.list,
    row.key,
    row.path,
    row.author,
    row.document.text("type"),
    row.document.text("via"),
    row.document.text("channel"),
    row.content,
  ).lastInsertRowid;
}

/** `false` if there was none. Rows of side tables go with it. */
export function removeDocument(sql: Sql, path: string): boolean {
  return sql.run("DELETE FROM docs WHERE path = ?", path).changes > 0;
}
