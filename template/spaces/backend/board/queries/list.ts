/**
 * The list grammar (api-v1.md section 4) as one SQL query with an index: filters, then exclusive cursors,
 * then order, then limit. Pages are found by key, never by offset; totals come from tallies where a list is
 * asked for as a whole or by one field.
 */
import type { Board } from "../board.ts";
import { moderated } from "../moderation.ts";
import type { SqlValue } from "../sql.ts";
import { searchLongList } from "./long-list.ts";

export interface ListPart {
  join?: string;
  where: string;
  params: readonly SqlValue[];
  /** A document that is not in it now will never be, unless it is written later. */
  onlyGrows?: boolean;
}

/** Rows one list is made of. Several parts are merged in key order (an inbox and the broadcasts). */
export interface ListScope {
  parts: readonly ListPart[];
  /** Size of the list before any filter. */
  count(board: Board): number;
  /** The list whose tallies say how many documents a single filter leaves; absent where parts overlap. */
  tallied?: number;
}

export interface ListQuery {
  /** Column to text it must equal. Columns are ours, values are the caller's. */
  filters?: Readonly<Record<string, string | undefined>>;
  /** States a result may be in. */
  verification?: readonly string[];
  /** Normalised 19-character stamps, both inclusive. */
  since?: string;
  until?: string;
  q?: string;
  /** Exclusive bounds on the key. */
  after?: string;
  before?: string;
  order: "asc" | "desc";
  /** `null`: all. */
  limit: number | null;
  /** Only keys are wanted: texts are not read. */
  namesOnly?: boolean;
}

export interface ListRow {
  key: string;
  path: string;
  frontmatter: string;
  body: string;
  doc: number;
}

export interface ListPage {
  count: number;
  matched: number;
  rows: ListRow[];
  next: string | null;
}

/** Text of one page; a page that would hold more ends early, and `next` leads on. */
export const MAX_PAGE_CHARACTERS = 8 * 1024 * 1024;
/** Sorts after every key that starts with what precedes it. */
const LAST_CHARACTER = "\u{10ffff}";
const TALLIED_COLUMNS: Readonly<Record<string, string>> = {
  "d.author": "author",
  "d.type": "type",
  "d.via": "via",
  "d.channel": "channel",
};

export interface Conditions {
  sql: string[];
  params: SqlValue[];
  /**
   * Which way to go for `q=`: from few hits to their documents, or along the list asking of each document
   * whether it is a hit, which soon fills a page when there are many.
   */
  index?: string;
}

const FEW_HITS = 2_000;
/** A list of this size can be gone through at once, in some milliseconds. */
const SHORT_LIST = 10_000;

/** What is asked of a list: like `listPage`, but a search of a long list lets other requests through. */
export function askList(board: Board, scope: ListScope, query: ListQuery): ListPage | Promise<ListPage> {
  const { q } = query;
  if (!q) return listPage(board, scope, query);
  return board.search.inTurn(async () => {
    await board.search.prepare(q);
    const isLong = scope.count(board) > SHORT_LIST && board.search.find(q).count > FEW_HITS;
    return isLong ? searchLongList(board, scope, query) : listPage(board, scope, query);
  });
}

export function listPage(board: Board, scope: ListScope, query: ListQuery): ListPage {
  const filters = filterConditions(board, query);
  const { rows, more } = pageRows(board, scope, query, filters);
  return {
    count: scope.count(board),
    matched: matchedCount(board, scope, query, filters),
    rows,
    next: more ? (rows[rows.length - 1]?.key ?? null) : null,
  };
}

/** Everything but cursors: what `matched` counts. */
export function filterConditions(board: Board, query: ListQuery): Conditions {
  const sql: string[] = [];
  const params: SqlValue[] = [];
  const add = (condition: string, ...values: SqlValue[]) => {
    sql.push(condition);
    params.push(...values);
  };
  for (const [column, value] of Object.entries(query.filters ?? {})) {
    if (value === undefined) continue;
    // The partial index on channels serves only queries that say so.
    if (column === "d.channel" && value !== "") add("d.channel <> ''");
    add(`${column} = ?`, value);
  }
  if (query.verification) {
    add(`r.verification IN (${query.verification.map(() => "?").join(", ")})`, ...query.verification);
  }
  // The first 19 characters compare like the whole key here, so the index on the key serves both bounds.
  if (query.since !== undefined) add("d.key >= ?", query.since);
  if (query.until !== undefined) add("d.key < ?", query.until + LAST_CHARACTER);
  if (query.q) {
    // Found by its words, a hidden document would give them away.
    if (board.hidden.size > 0) add("d.key NOT IN (SELECT key FROM temp.hidden)");
    const { needle, count } = board.search.find(query.q);
    if (count <= FEW_HITS) {
      add("d.content IN (SELECT content FROM temp.hits WHERE needle = ?)", needle);
      return { sql, params, index: "INDEXED BY docs_content" };
    }
    // Asked of each document: as a set, the hits would be gathered anew for each slice of the list.
    add("EXISTS (SELECT 1 FROM temp.hits h WHERE h.needle = ? AND h.content = d.content)", needle);
    return { sql, params, index: "INDEXED BY docs_key" };
  }
  return { sql, params, index: "" };
}

/** `within`: further bounds, of a part of the list that is gone through in slices. */
export function pageRows(
  board: Board,
  scope: ListScope,
  query: ListQuery,
  filters: Conditions,
  within: Conditions = { sql: [], params: [] },
): { rows: ListRow[]; more: boolean } {
  const cursors: Conditions = { sql: [...within.sql], params: [...within.params] };
  if (query.after !== undefined) {
    cursors.sql.push("d.key > ?");
    cursors.params.push(query.after);
  }
  if (query.before !== undefined) {
    cursors.sql.push("d.key < ?");
    cursors.params.push(query.before);
  }
  const params: SqlValue[] = [];
  const selects = scope.parts.map((part) => {
    params.push(...part.params, ...filters.params, ...cursors.params);
    const where = [part.where, ...filters.sql, ...cursors.sql].join(" AND ");
    const join = part.join ?? "";
    return query.namesOnly
      ? `SELECT d.key AS key, d.path AS path, '' AS frontmatter, '' AS body, d.id AS doc FROM docs d ${filters.index} ${join} WHERE ${where}`
      : "SELECT d.key AS key, d.path AS path, c.frontmatter AS frontmatter, c.body AS body, d.id AS doc" +
          ` FROM docs d ${filters.index} ${join} JOIN contents c ON c.id = d.content WHERE ${where}`;
  });
  const limit = query.limit === null ? -1 : query.limit + 1;
  const rows: ListRow[] = [];
  let characters = 0;
  for (const row of board.sql.iterate<ListRow>(
    `${selects.join(" UNION ALL ")} ORDER BY key ${query.order === "desc" ? "DESC" : "ASC"} LIMIT ?`,
    ...params,
    limit,
  )) {
    if (rows.length === query.limit) return { rows, more: true };
    characters += row.frontmatter.length + row.body.length;
    if (characters > MAX_PAGE_CHARACTERS && rows.length > 0) return { rows, more: true };
    rows.push(query.namesOnly ? row : moderated(row, board.hidden));
  }
  return { rows, more: false };
}

function matchedCount(board: Board, scope: ListScope, query: ListQuery, filters: Conditions): number {
  if (filters.sql.length === 0) return scope.count(board);
  const tallied = scope.tallied === undefined ? undefined : talliedCount(board, scope.tallied, query);
  if (tallied !== undefined) return tallied;
  return scope.parts
    .map((part) => {
      const where = [part.where, ...filters.sql].join(" AND ");
      const row = board.sql.get<{ n: number }>(
        `SELECT count(*) AS n FROM docs d ${filters.index} ${part.join ?? ""} WHERE ${where}`,
        ...part.params,
        ...filters.params,
      );
      return row?.n ?? 0;
    })
    .reduce((sum, n) => sum + n, 0);
}

/** For one field alone, or a span of time alone: kept counts instead of a scan. */
function talliedCount(board: Board, list: number, query: ListQuery): number | undefined {
  const set = Object.entries(query.filters ?? {}).filter(([, value]) => value !== undefined);
  if (query.q || query.verification || set.length > 1) return undefined;
  const [only] = set;
  const timed = query.since !== undefined || query.until !== undefined;
  if (!only) return timed ? countBetween(board, list, query.since, query.until) : undefined;
  const facet = TALLIED_COLUMNS[only[0]];
  if (!facet || timed) return undefined;
  const row = board.sql.get<{ n: number }>(
    "SELECT n FROM tallies WHERE list = ? AND facet = ? AND value = ?",
    list,
    facet,
    only[1] as string,
  );
  return row?.n ?? 0;
}

const HOUR = "20260601-10".length;

/** Whole hours from their tallies, the two hours at the ends document by document. */
function countBetween(
  board: Board,
  list: number,
  since: string | undefined,
  until: string | undefined,
): number {
  const first = since?.slice(0, HOUR) ?? "";
  const last = until?.slice(0, HOUR) ?? LAST_CHARACTER;
  const low = since ?? "";
  const high = (until ?? "") + LAST_CHARACTER;
  if (low >= high) return 0;
  const between = (from: string, to: string) =>
    board.sql.get<{ n: number }>(
      "SELECT count(*) AS n FROM docs WHERE list = ? AND key >= ? AND key < ?",
      list,
      from,
      to,
    )?.n ?? 0;
  if (first === last) return between(low, high);
  const whole = board.sql.get<{ n: number | null }>(
    "SELECT sum(n) AS n FROM tallies WHERE list = ? AND facet = 'hour' AND value > ? AND value < ?",
    list,
    first,
    last,
  );
  const head = since === undefined ? 0 : between(low, first + LAST_CHARACTER);
  const tail = until === undefined ? 0 : between(last, high);
  return (whole?.n ?? 0) + head + tail;
}
