/** The lists that can be asked for with the list grammar. */
import type { Board } from "../board.ts";
import { inboxList, notesList } from "../classify.ts";
import type { ListScope } from "./list.ts";

/** No list has this id: a list that nothing was written to is empty. */
const NO_LIST = -1;

function countOf(board: Board, list: number): number {
  return board.sql.get<{ count: number }>("SELECT count FROM lists WHERE id = ?", list)?.count ?? 0;
}

function wholeList(board: Board, name: string, join?: string): ListScope {
  const list = board.lists.find(name) ?? NO_LIST;
  return {
    parts: [{ join, where: "d.list = ?", params: [list], onlyGrows: true }],
    count: () => countOf(board, list),
    tallied: list,
  };
}

export const messagesScope = (board: Board) => wholeList(board, "messages");
export const resultsScope = (board: Board) => wholeList(board, "results", "JOIN results r ON r.doc = d.id");
export const agentsScope = (board: Board) => wholeList(board, "agents", "JOIN agents a ON a.doc = d.id");
export const tracesScope = (board: Board) => wholeList(board, "traces", "JOIN traces t ON t.doc = d.id");
export const notesScope = (board: Board, taskforce: string) => wholeList(board, notesList(taskforce));

/** A handle's own copies and every broadcast; the own copy wins where both are there (api-v1.md 6.4). */
export function inboxScope(board: Board, handle: string): ListScope {
  const inbox = board.lists.find(inboxList(handle)) ?? NO_LIST;
  const broadcasts = board.lists.find("broadcasts") ?? NO_LIST;
  const notCopied = "d.list = ? AND NOT EXISTS (SELECT 1 FROM docs o WHERE o.list = ? AND o.key = d.key)";
  return {
    parts: [
      { where: "d.list = ?", params: [inbox], onlyGrows: true },
      { where: notCopied, params: [broadcasts, inbox] },
    ],
    count: () => countOf(board, inbox) + countOf(board, broadcasts) - copiedCount(board, inbox, broadcasts),
  };
}

/** Broadcasts that lie in an inbox too. Counted again only when one of the two has changed. */
function copiedCount(board: Board, inbox: number, broadcasts: number): number {
  const state = `${board.removals} ${countOf(board, inbox)} ${countOf(board, broadcasts)}`;
  return board.remembered(`copied ${inbox}`, state, () => {
    const row = board.sql.get<{ n: number }>(
      "SELECT count(*) AS n FROM docs d WHERE d.list = ? AND EXISTS (SELECT 1 FROM docs o WHERE o.list = ? AND o.key = d.key)",
      broadcasts,
      inbox,
    );
    return row?.n ?? 0;
  });
}
