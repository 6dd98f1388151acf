/**
 * `q=`: case-insensitive substring of the body or of one `key: value` line (api-v1.md section 4).
 *
 * Texts are indexed by trigram after they are written, in the background, so that neither writes nor a
 * start wait for it; what is not indexed yet is looked through. The index only proposes: every hit is
 * checked against the text.
 */
import { LINE_SEPARATOR } from "./read-document.ts";
import type { Sql } from "./sql.ts";

const TRIGRAM = 3;
/** Contents indexed in one go: some 20 ms of work, so that requests in between do not wait. */
const BATCH = 200;
const CACHED_QUERIES = 32;
/** Ids kept for one cached query; longer answers are computed again. */
const CACHED_IDS = 50_000;

interface Content {
  id: number;
  body: string;
  lines: string;
}

export class SearchIndex {
  readonly #sql: Sql;
  /** Contents up to this id are in the index. */
  #indexed = 0;
  #scheduled: NodeJS.Immediate | undefined;
  /** Contents never change, so an answer stays right for the ids it has looked at. */
  readonly #cache = new Map<string, { upTo: number; ids: number[] }>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Ids of all contents that match, ascending. A content may be gone since: join it with `docs`. */
  contentsWith(query: string): number[] {
    const needle = query.toLowerCase();
    const cached = this.#cache.get(needle);
    const from = cached?.upTo ?? 0;
    const upTo = this.#sql.get<{ id: number | null }>("SELECT max(id) AS id FROM contents")?.id ?? 0;
    const ids = cached?.ids ?? [];
    if (upTo > from) {
      for (const content of this.#candidates(needle, from)) {
        if (matches(content, needle)) ids.push(content.id);
      }
    }
    this.#cache.delete(needle);
    if (ids.length <= CACHED_IDS) {
      this.#cache.set(needle, { upTo, ids });
      const oldest = this.#cache.keys().next();
      if (this.#cache.size > CACHED_QUERIES && !oldest.done) this.#cache.delete(oldest.value);
    }
    return ids;
  }

  *#candidates(needle: string, from: number): Iterable<Content> {
    let scanFrom = from;
    const match = matchExpression(needle);
    if (match !== null && this.#indexed > from) {
      scanFrom = this.#indexed;
      yield* this.#sql.iterate<Content>(
        "SELECT c.id, c.body, c.lines FROM search s CROSS JOIN contents c ON c.id = s.rowid" +
          " WHERE s.search MATCH ? AND s.rowid > ? ORDER BY s.rowid",
        match,
        from,
      );
    }
    yield* this.#sql.iterate<Content>(
      "SELECT id, body, lines FROM contents WHERE id > ? ORDER BY id",
      scanFrom,
    );
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

/** All trigrams of the needle, or `null` where it is too short to have one. */
function matchExpression(needle: string): string | null {
  const characters = [...needle];
  if (characters.length < TRIGRAM || needle.includes("\0")) return null;
  const trigrams = new Set<string>();
  for (let i = 0; i + TRIGRAM <= characters.length && trigrams.size < 40; i += 1) {
    trigrams.add(characters.slice(i, i + TRIGRAM).join(""));
  }
  return [...trigrams].map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(" AND ");
}

function matches(content: Content, needle: string): boolean {
  if (content.body.toLowerCase().includes(needle)) return true;
  return content.lines.split(LINE_SEPARATOR).some((line) => line.includes(needle));
}
