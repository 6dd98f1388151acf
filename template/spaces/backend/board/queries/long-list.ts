/**
 * `q=` of a word that many messages of a long list have: page and count are gathered in slices, and are those
 * of the moment when the search began, whatever is written meanwhile.
 */
import type { Board } from "../board.ts";
import { inSlices } from "../slices.ts";
import {
  type Conditions,
  filterConditions,
  type ListPage,
  type ListQuery,
  type ListRow,
  type ListScope,
  listPage,
  MAX_PAGE_CHARACTERS,
  pageRows,
} from "./list.ts";

/** What is removed or hidden voids what was gathered: then it begins anew, so often at most. */
const ATTEMPTS = 3;

export async function searchLongList(board: Board, scope: ListScope, query: ListQuery): Promise<ListPage> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { removals } = board;
    const page = await searchOnce(board, scope, query);
    if (board.removals === removals) return page;
  }
  return listPage(board, scope, query);
}

async function searchOnce(board: Board, scope: ListScope, query: ListQuery): Promise<ListPage> {
  const filters = filterConditions(board, query);
  const upTo = board.documents.lastId;
  const count = scope.count(board);
  const { rows, more } = await pageInSlices(board, scope, query, filters, upTo);
  const matched = await countInSlices(board, scope, query, filters, upTo);
  return { count, matched, rows, next: more ? (rows[rows.length - 1]?.key ?? null) : null };
}

/** Along the list from the cursor on, until the page is full. */
async function pageInSlices(
  board: Board,
  scope: ListScope,
  query: ListQuery,
  filters: Conditions,
  upTo: number,
): Promise<{ rows: ListRow[]; more: boolean }> {
  const isDescending = query.order === "desc";
  const [beyond, upToEnd] = isDescending ? ["<", ">="] : [">", "<="];
  let position = isDescending ? query.before : query.after;
  const rows: ListRow[] = [];
  let more = false;
  let characters = 0;
  await inSlices((size) => {
    const end = keyBehind(board, scope, { position, isDescending, size });
    const within: Conditions = { sql: ["d.id <= ?"], params: [upTo] };
    if (position !== undefined) {
      within.sql.push(`d.key ${beyond} ?`);
      within.params.push(position);
    }
    if (end !== undefined) {
      within.sql.push(`d.key ${upToEnd} ?`);
      within.params.push(end);
    }
    const limit = query.limit === null ? null : query.limit - rows.length;
    const slice = pageRows(board, scope, { ...query, limit }, filters, within);
    for (const row of slice.rows) characters += row.frontmatter.length + row.body.length;
    rows.push(...slice.rows);
    more = slice.more || (characters > MAX_PAGE_CHARACTERS && end !== undefined);
    position = end;
    return more || end === undefined ? "end" : "more";
  });
  return { rows, more };
}

/** Key of the document `size` places behind `position`; `undefined`: there are fewer. */
function keyBehind(
  board: Board,
  { parts }: ListScope,
  { position, isDescending, size }: { position: string | undefined; isDescending: boolean; size: number },
): string | undefined {
  // The first part is the long one.
  const [part] = parts;
  if (!part) return undefined;
  const from = position === undefined ? "" : `AND d.key ${isDescending ? "<" : ">"} ?`;
  return board.sql.get<{ key: string }>(
    `SELECT d.key AS key FROM docs d INDEXED BY docs_key WHERE ${part.where} ${from}` +
      ` ORDER BY d.key ${isDescending ? "DESC" : "ASC"} LIMIT 1 OFFSET ?`,
    ...part.params,
    ...(position === undefined ? [] : [position]),
    size - 1,
  )?.key;
}

/** Document by document in the order they were written; where that only adds, from where the last count ended. */
async function countInSlices(
  board: Board,
  { parts }: ListScope,
  query: ListQuery,
  filters: Conditions,
  upTo: number,
): Promise<number> {
  let sum = 0;
  for (const part of parts) {
    const where = [part.where, ...filters.sql].join(" AND ");
    const params = [...part.params, ...filters.params];
    const mayExtend = part.onlyGrows === true && query.verification === undefined;
    const key = JSON.stringify([board.removals, where, params]);
    const kept = mayExtend ? board.search.counts.get(key) : undefined;
    let counted = kept ?? { upTo: 0, n: 0 };
    await inSlices((size) => {
      const next = Math.min(counted.upTo + size, upTo);
      const row = board.sql.get<{ n: number }>(
        `SELECT count(*) AS n FROM docs d NOT INDEXED ${part.join ?? ""} WHERE d.id > ? AND d.id <= ? AND ${where}`,
        counted.upTo,
        next,
        ...params,
      );
      counted = { upTo: next, n: counted.n + (row?.n ?? 0) };
      return next >= upTo ? "end" : "more";
    });
    if (mayExtend) board.search.counts.set(key, counted);
    sum += counted.n;
  }
  return sum;
}
