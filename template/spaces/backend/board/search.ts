/**
 * `q=`: case-insensitive substring of the body or of one `key: value` line (api-v1.md section 4).
 *
 * Texts are indexed by trigram after they are written, in the background, so that neither writes nor a
 * start wait for it; what is not indexed yet is looked through. The index only proposes: every hit is
 * checked against the text. Contents never change, so the hits of a needle are kept and only extended.
 *
 * Looking through a long history takes a second: `prepare` does it in slices, one search at a time.
 *
 * Hidden documents are hits like others, so that they are found again once they are shown; lists leave them out
 * by `temp.hidden`.
 */
import { BoundedMap } from "../access/bounded-map.ts";
import { ApiError } from "../errors.ts";
import { LINE_SEPARATOR } from "./read-document.ts";
import { inSlices } from "./slices.ts";
import type { Sql } from "./sql.ts";

const TRIGRAM = 3;
/** More trigrams than these narrow nothing down any further. */
const MAX_TRIGRAMS = 40;
/** Contents indexed in one go: some milliseconds of work, so that requests in between do not wait. */
const BATCH = 100;
const KEPT_NEEDLES = 64;
const KEPT_COUNTS = 256;
/** Hits kept over all needles; some 20 bytes each. */
const KEPT_HITS = 500_000;
/** Hits of a forgotten needle deleted in one go: a common word has hundreds of thousands. */
const DELETED_AT_ONCE = 5_000;
/** Searches that wait for their turn at most. */
const MAX_WAITING = 100;
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

/** How many documents a search has found among those up to the row `upTo`. */
interface KeptCount {
  upTo: number;
  n: number;
}

interface Content {
  id: number;
  body: string;
  lines: string;
}

/** So many contents are looked at one by one: to ask the index costs more. */
const FEW_CONTENTS = 2_000;
/** A word that the index finds in every so-manieth content is common … */
const COMMON_SHARE = 16;
/** … or in so many: what the index proposes is looked at in one go, while others wait. */
const MOST_PROPOSED = 10_000;

export class SearchIndex {
  readonly #sql: Sql;
  readonly #kept = new Map<string, KeptNeedle>();
  /** Needles whose hits are still to be deleted. */
  readonly #forgotten: number[] = [];
  /** By what was asked: queries of long lists count on from here. */
  readonly counts = new BoundedMap<string, KeptCount>(KEPT_COUNTS);
  #nextNeedle = 1;
  /** Contents up to this id are in the index. */
  #indexed = 0;
  #scheduled: NodeJS.Immediate | undefined;
  /** The last search that was asked for; resolved when it is done. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.db.exec(
      "CREATE TEMP TABLE hits (needle INTEGER, content INTEGER, PRIMARY KEY (needle, content)) WITHOUT ROWID;" +
        "CREATE TEMP TABLE hidden (key TEXT PRIMARY KEY) WITHOUT ROWID",
    );
  }

  /** All contents that match. One may be gone since: join them with `docs`. Valid until the next call. */
  find(query: string): SearchHits {
    const text = query.toLowerCase();
    const kept = this.#keptOf(text);
    this.#extend(text, kept, this.#newest(), this.#indexFor(text));
    return kept;
  }

  /** Keys of documents that nobody finds. */
  setHidden(keys: Iterable<string>): void {
    this.#sql.run("DELETE FROM temp.hidden");
    for (const key of keys) this.#sql.run("INSERT INTO temp.hidden VALUES (?)", key);
  }

  /** Looks through what `find` would have to, but in slices: then only what was written last is left to it. */
  async prepare(query: string): Promise<void> {
    const text = query.toLowerCase();
    const match = this.#indexFor(text);
    await inSlices((size) => {
      // Asked for anew in each slice: another search may have made this needle be forgotten.
      const kept = this.#keptOf(text);
      const newest = this.#newest();
      const upTo = match === null ? Math.min(kept.upTo + size, newest) : newest;
      this.#extend(text, kept, upTo, match);
      return upTo === newest ? "end" : "more";
    });
  }

  /**
   * Runs a search when those before it are done: together they hold up other requests no longer than one.
   * Throws 503 OVERLOADED where too many wait.
   */
  inTurn<T>(search: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) throw tooManySearches();
    this.#waiting += 1;
    const turn = this.#last.then(search).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** The needle, as the last one used. */
  #keptOf(text: string): KeptNeedle {
    const kept = this.#kept.get(text) ?? { needle: this.#nextNeedle++, count: 0, upTo: 0 };
    this.#kept.delete(text);
    this.#kept.set(text, kept);
    return kept;
  }

  #newest(): number {
    return this.#sql.get<{ id: number | null }>("SELECT max(id) AS id FROM contents")?.id ?? 0;
  }

  /**
   * What the index is asked for this text; `null` where going through the contents costs less. Each question goes
   * through the index's lists from their beginning, so a common word would pay for that in every slice.
   */
  #indexFor(text: string): string | null {
    const { upTo } = this.#keptOf(text);
    const missing = this.#indexed - upTo;
    const match = matchExpression(text);
    if (match === null || missing <= FEW_CONTENTS) return null;
    const most = Math.min(Math.ceil(missing / COMMON_SHARE), MOST_PROPOSED);
    const some = "SELECT 1 FROM search s WHERE s.search MATCH ? AND s.rowid > ? LIMIT ?";
    const found = this.#sql.get<{ n: number }>(`SELECT count(*) AS n FROM (${some})`, match, upTo, most);
    return (found?.n ?? 0) < most ? match : null;
  }

  /** Looks at contents up to the id `upTo`; with `match` first at those in the index, then at the others. */
  #extend(text: string, kept: KeptNeedle, upTo: number, match: string | null): void {
    if (upTo <= kept.upTo) return;
    const extend = isAsciiNeedle(text) ? this.#extendByLike : this.#extendByScript;
    const indexed = match === null ? kept.upTo : Math.min(Math.max(this.#indexed, kept.upTo), upTo);
    if (indexed > kept.upTo) kept.count += extend.call(this, text, kept.needle, match, kept.upTo, indexed);
    if (upTo > indexed) kept.count += extend.call(this, text, kept.needle, null, indexed, upTo);
    kept.upTo = upTo;
    this.#forgetOldest(kept);
  }

  /** ASCII folds the same way in SQLite, which then does all the work. `match`: of the index, if it is asked. */
  #extendByLike(text: string, needle: number, match: string | null, after: number, upTo: number): number {
    const like = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
    const isHit = "(c.body LIKE ? ESCAPE '\\' OR c.lines LIKE ? ESCAPE '\\')";
    const candidates =
      match === null
        ? "contents c WHERE c.id > ? AND c.id <= ?"
        : "search s CROSS JOIN contents c ON c.id = s.rowid WHERE s.search MATCH ? AND s.rowid > ? AND s.rowid <= ?";
    const params = match === null ? [after, upTo] : [match, after, upTo];
    const insert = `INSERT INTO temp.hits SELECT ?, c.id FROM ${candidates} AND ${isHit}`;
    return this.#sql.run(insert, needle, ...params, like, like).changes;
  }

  #extendByScript(text: string, needle: number, match: string | null, after: number, upTo: number): number {
    const ids: number[] = [];
    for (const content of this.#candidates(match, after, upTo)) {
      if (matches(content, text)) ids.push(content.id);
    }
    for (const id of ids) this.#sql.run("INSERT INTO temp.hits VALUES (?, ?)", needle, id);
    return ids.length;
  }

  #candidates(match: string | null, after: number, upTo: number): Iterable<Content> {
    const columns = "SELECT c.id, c.body, c.lines FROM";
    if (match === null) {
      const all = `${columns} contents c WHERE c.id > ? AND c.id <= ?`;
      return this.#sql.iterate<Content>(all, after, upTo);
    }
    const proposed = `${columns} search s CROSS JOIN contents c ON c.id = s.rowid WHERE s.search MATCH ?`;
    return this.#sql.iterate<Content>(`${proposed} AND s.rowid > ? AND s.rowid <= ?`, match, after, upTo);
  }

  #forgetOldest(current: KeptNeedle): void {
    let hits = 0;
    for (const { count } of this.#kept.values()) hits += count;
    for (const [text, kept] of this.#kept) {
      if (kept === current || (hits <= KEPT_HITS && this.#kept.size <= KEPT_NEEDLES)) break;
      this.#forgotten.push(kept.needle);
      this.#kept.delete(text);
      hits -= kept.count;
    }
    if (this.#forgotten.length > 0) this.schedule();
  }

  /** Deletes some hits of forgotten needles; `false` when none are left. */
  #deleteForgotten(): boolean {
    const [needle] = this.#forgotten;
    if (needle === undefined) return false;
    const some = "SELECT content FROM temp.hits WHERE needle = ?1 ORDER BY content LIMIT ?2";
    const deleted = this.#sql.run(
      `DELETE FROM temp.hits WHERE needle = ?1 AND content IN (${some})`,
      needle,
      DELETED_AT_ONCE,
    );
    if (deleted.changes < DELETED_AT_ONCE) this.#forgotten.shift();
    return true;
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

  /**
   * Indexes and tidies up what is left, batch by batch, between other work. The event loop must know that something
   * is to be done: for an immediate that was `unref`ed it waits until something else wakes it.
   */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined;
      const isIndexed = !this.indexBatch();
      if (this.#deleteForgotten() || !isIndexed) this.schedule();
    });
  }

  close(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
  }
}

function tooManySearches(): ApiError {
  return new ApiError("OVERLOADED", `${MAX_WAITING} searches are waiting already.`, { retryAfterSeconds: 5 });
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
