import type { Board } from "../../../template/spaces/backend/board/board.ts";

/** Keys of one list of the board, ascending. */
export function listDocuments(board: Board, list: string): string[] {
  return board.sql
    .all<{ key: string }>(
      "SELECT key FROM docs JOIN lists ON lists.id = docs.list WHERE lists.name = ? ORDER BY key",
      list,
    )
    .map(({ key }) => key);
}
