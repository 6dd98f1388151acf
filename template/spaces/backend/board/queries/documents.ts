/** Messages, notes, results and inbox copies as the API answers them. */
import { shownState } from "../../documents/verdict.ts";
import type { Board } from "../board.ts";
import { moderated } from "../moderation.ts";
import type { DocumentView, Frontmatter, ResultView } from "../types.ts";
import type { ListRow } from "./list.ts";
import { verdictStateOf } from "./verdicts.ts";

/** Documents of the board are kept parsed, but as text: rows are read far more often than their fields. */
export function documentView(row: Pick<ListRow, "key" | "frontmatter" | "body">): DocumentView {
  return { filename: row.key, frontmatter: JSON.parse(row.frontmatter) as Frontmatter, body: row.body };
}

/** What stands in the index. */
export function verificationOf(board: Board, filename: string): string {
  const row = board.sql.get<{ state: string }>("SELECT state FROM verification WHERE filename = ?", filename);
  return row?.state ?? "pending";
}

/** The state to show: more exact than the index where the verdict file agrees with it. */
export function shownVerification(board: Board, filename: string): string {
  const state = verdictStateOf(board, filename);
  return shownState(verificationOf(board, filename), state === undefined ? undefined : { state });
}

export function resultView(board: Board, row: Pick<ListRow, "key" | "frontmatter" | "body">): ResultView {
  return { ...documentView(row), verification: shownVerification(board, row.key) };
}

/** The row of the document with this exact key in a list. */
export function findDocument(board: Board, list: string, key: string): ListRow | undefined {
  const id = board.lists.find(list);
  if (id === undefined) return undefined;
  const row = board.sql.get<ListRow>(
    "SELECT d.key, d.path, c.frontmatter, c.body, d.id AS doc FROM docs d JOIN contents c ON c.id = d.content" +
      " WHERE d.list = ? AND d.key = ? ORDER BY d.path LIMIT 1",
    id,
    key,
  );
  return row && moderated(row, board.hidden);
}
