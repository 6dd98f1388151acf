/**
 * `q=`: case-insensitive substring of the body or of one `key: value` line (api-v1.md section 4).
 *
 * Texts are indexed by trigram after they are written, in the background, so that neither writes nor a
 * start wait for it; what is not indexed yet is looked through. The index only proposes: every hit is
 * checked against the text. Contents never change, so the hits of a needle are kept and only extended.
 */
import { LINE_SEPARATOR } from "./read-document.ts";
import type { Sql } from "./sql.ts";

const TRIGRAM = 3;
/** More trigrams than these narrow nothing down any further. */
const MAX_TRIGRAMS = 40;
/** Contents indexed in one go: some 20 ms of work, so that requests in between do not wait. */
const BATCH = 200;
const KEPT_NEEDLES = 64;
/** Hits kept over all needles; some 20 bytes each. */
const KEPT_HITS = 500_000;
/** Beyond this SQLite's LIKE refuses; nobody searches for pages of text. */
const MAX_LIKE_LENGTH = 1_000;

/** The hits of one needle: rows of `temp.hits` with this `needle`. */
export interface SearchHits {
  needle: number;
  count: number;
}

interface KeptNeedle extends SearchHits {
  /** Contents up to this id have been looked at. */
  upTo: number;
}

interface Content {
  id: number;
  body: string;
  lines: string;
}

export class SearchIndex {
  readonly #sql: Sql;
  readonly #kept = new Map<string, KeptNeedle>();
  #nextNeedle = 1;
  /** Contents up to this id are in the index. */
  #indexed = 0;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.db.exec(
      "CREATE TEMP TABLE hits (needle INTEGER, content INTEGER, PRIMARY KEY (needle, content)) WITHOUT ROWID",
    );
  }

  /** All contents that match. One may be gone since: join them with `docs`. Valid until the next call. */
  find(query: string): SearchHits {
    const text = query.toLowerCase();
    const kept = this.#kept.get(text) ?? { needle: this.#nextNeedle++, count: 0, upTo: 0 };
    this.#kept.delete(text);
    const upTo = this.#sql.get<{ id: number | null }>("SELECT max(id) AS id FROM contents")?.id ?? 0;
    if (upTo > kept.upTo) {
      kept.count += isAsciiNeedle(text) ? this.#extendByLike(text, kept) : this.#extendByScript(text, kept);
      kept.upTo = upTo;
    }
    this.#kept.set(text, kept);
    this.#forgetOldest(kept);
    return kept;
  }

  /** ASCII folds the same way in SQLite, which then does all the work. */
  #extendByLike(text: string, { needle, upTo }: KeptNeedle): number {
    const like = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
    const isHit = "(c.body LIKE ? ESCAPE '\\' OR c.lines LIKE ? ESCAPE '\\')";
    const match = matchExpression(text);
    let found = 0;
    let from = upTo;
    if (match !== null && this.#indexed > from) {
      found += this.#sql.run(
        "INSERT INTO temp.hits SELECT ?, c.id FROM search s CROSS JOIN contents c ON c.id = s.rowid" +
          ` WHERE s.search MATCH ? AND s.rowid > ? AND ${isHit}`,
        needle,
        match,
        from,
        like,
        like,
      ).changes;
      from = this.#indexed;
    }
    return (
      found +
      this.#sql.run(
        `INSERT INTO temp.hits SELECT ?, c.id FROM contents c WHERE c.id > ? AND ${isHit}`,
        needle,
        from,
        like,
        like,
      ).changes
    );
  }

  #extendByScript(text: string, { needle, upTo }: KeptNeedle): number {
    const ids: number[] = [];
    for (const content of this.#candidates(text, upTo)) if (matches(content, text)) ids.push(content.id);
    for (const id of ids) this.#sql.run("INSERT INTO temp.hits VALUES (?, ?)", needle, id);
    return ids.length;
  }

  *#candidates(text: string, upTo: number): Iterable<Content> {
    let from = upTo;
    const match = matchExpression(text);
    if (match !== null && this.#indexed > from) {
      yield* this.#sql.iterate<Content>(
        "SELECT c.id, c.body, c.lines FROM search s CROSS JOIN contents c ON c.id = s.rowid" +
          " WHERE s.search MATCH ? AND s.rowid > ?",
        match,
        from,
      );
      from = this.#indexed;
    }
    yield* this.#sql.iterate<Content>("SELECT id, body, lines FROM contents WHERE id > ?", from);
  }

  #forgetOldest(current: KeptNeedle): void {
    let hits = 0;
    for (const { count } of this.#kept.values()) hits += count;
    for (const [text, kept] of this.#kept) {
      if (kept === current || (hits <= KEPT_HITS && this.#kept.size <= KEPT_NEEDLES)) break;
      this.#sql.run("DELETE FROM temp.hits WHERE needle = ?", kept.needle);
      this.#kept.delete(text);
      hits -= kept.count;
    }
  }

  /** Indexes the next batch; `false` when nothing is left. */
  indexBatch(): boolean {
    const batch = this.#sql.all<Content>(
      "SELECT id, body, lines FROM contents WHERE id > ? ORDER BY id LIMIT ?",
      this.#indexed,
      BATCH,
    );
    const last = batch[batch.length - 1];
    if (!last) return false;
    this.#sql.transaction(() => {
      for (const { id, body, lines } of batch) {
        const text = `${body.toLowerCase()}${LINE_SEPARATOR}${lines}`;
        this.#sql.run("INSERT INTO search (rowid, text) VALUES (?, ?)", id, text);
      }
    });
    this.#indexed = last.id;
    return batch.length === BATCH;
  }

  /** Indexes what is left, batch by batch, between other work. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined;
      if (this.indexBatch()) this.schedule();
    });
    this.#scheduled.unref();
  }

  close(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
  }
}

function isAsciiNeedle(text: string): boolean {
  return text.length <= MAX_LIKE_LENGTH && /^[\t\n\r\x20-\x7e]*$/.test(text);
}

/** All trigrams of the text, or `null` where it is too short to have one. */
function matchExpression(text: string): string | null {
  const characters = [...text];
  if (characters.length < TRIGRAM || text.includes("\0")) return null;
  const trigrams = new Set<string>();
  for (let i = 0; i + TRIGRAM <= characters.length && trigrams.size < MAX_TRIGRAMS; i += 1) {
    trigrams.add(characters.slice(i, i + TRIGRAM).join(""));
  }
  return [...trigrams].map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(" AND ");
}

function matches(content: Content, text: string): boolean {
  if (content.body.toLowerCase().includes(text)) return true;
  return content.lines.split(LINE_SEPARATOR).some((line) => line.includes(text));
}
