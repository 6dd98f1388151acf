/** A search of a long list: the same answer as at once, and others are served meanwhile. */
import { afterAll, describe, expect, test, vi } from "vitest";
import { Board } from "../../../template/spaces/backend/board/board.ts";
import { askList, type ListQuery, listPage } from "../../../template/spaces/backend/board/queries/list.ts";
import { inboxScope, messagesScope } from "../../../template/spaces/backend/board/queries/scopes.ts";
import { filenameStamp } from "../../../template/spaces/backend/documents/stamp.ts";

const MESSAGES = 12_000;
const board = new Board({ scoring: "none" });
const nameOf = (n: number) =>
  `${filenameStamp(Date.UTC(2026, 0, 1) + n * 1000)}_${n % 7 === 0 ? "rare" : "a"}.md`;
const textOf = (n: number) =>
  `---\nagent: a\ntype: ${n % 3 === 0 ? "plan" : "agent"}\n---\n\n${n % 2 === 0 ? "Common" : "other"} words, ${n}\n`;
const fileOf = (folder: string, n: number) => ({
  op: "put" as const,
  path: `${folder}/${nameOf(n)}`,
  text: textOf(n),
});
const numbers = Array.from({ length: MESSAGES }, (_, n) => n);
board.fill(numbers.flatMap((n) => [fileOf("message_board", n), fileOf("inbox/b", n)]));
board.fill([100, 20_000].map((n) => fileOf("broadcasts", n)));
board.startFrom(1);
afterAll(() => board.close());

const queries: [what: string, query: Partial<ListQuery>][] = [
  ["the newest", {}],
  ["the oldest", { order: "asc" }],
  ["from a cursor on", { before: nameOf(7_000) }],
  ["upwards from a cursor on", { after: nameOf(7_000), order: "asc" }],
  ["a span of time", { since: nameOf(3_000).slice(0, 19), until: nameOf(9_000).slice(0, 19) }],
  ["of one type, names only", { filters: { "d.type": "plan" }, namesOnly: true, limit: 3_000 }],
  ["of one author that it is far to", { filters: { "d.author": "rare" }, before: nameOf(4_000) }],
  ["nothing of that author", { filters: { "d.author": "nobody" } }],
  ["all", { limit: null, namesOnly: true }],
  ["no further than asked", { limit: 0 }],
];

describe.each([
  ["messages", () => messagesScope(board)],
  ["an inbox with broadcasts", () => inboxScope(board, "b")],
])("a common word among %s", (_name, scope) => {
  test.each(queries)("%s", async (_what, more) => {
    const query: ListQuery = { q: "common", order: "desc", limit: 10, ...more };
    expect(await askList(board, scope(), query)).toEqual(listPage(board, scope(), query));
    // Again, when the counts are kept.
    expect(await askList(board, scope(), query)).toEqual(listPage(board, scope(), query));
  });
});

test.each([
  ["ther word", "a common"],
  ["11999", "a rare"],
  ["as, 119", "no"],
])("%s, %s word, asks the index once or twice and not in every slice", async (q) => {
  while (board.search.indexBatch());
  const asked = vi.spyOn(board.sql, "statement");
  await askList(board, messagesScope(board), { q, order: "desc", limit: 10 });
  const questions = asked.mock.calls.filter(([sql]) => sql.includes("MATCH")).length;
  asked.mockRestore();
  expect(questions).toBeGreaterThan(0);
  expect(questions).toBeLessThan(3);
});

test("the hits of a forgotten word are deleted in pieces, between other work", async () => {
  const common = board.search.find("common");
  expect(common.count).toBeGreaterThan(5_000);
  const run = vi.spyOn(board.sql, "run");
  for (let n = 0; n < 70; n += 1) board.search.find(`words, ${n} and no more`);
  const kept = () =>
    board.sql.get<{ n: number }>("SELECT count(*) AS n FROM temp.hits WHERE needle = ?", common.needle)?.n;
  expect(kept()).toBe(common.count);
  await vi.waitFor(() => expect(kept()).toBe(0));
  const deletions = run.mock.calls.flatMap(([sql], at) =>
    sql.startsWith("DELETE FROM temp.hits") ? [run.mock.results[at]?.value.changes] : [],
  );
  run.mockRestore();
  expect(Math.max(...deletions)).toBe(5_000);
  // Found again as if it had never been forgotten.
  expect(board.search.find("common").count).toBe(common.count);
});

test("others are served while a search goes on, and it answers as of one moment", async () => {
  const query: ListQuery = { q: "word", order: "desc", limit: 10 };
  const before = messagesScope(board).count(board);
  const { done, turns } = await meanwhile(askList(board, messagesScope(board), query), (turn) => {
    const { path, text } = fileOf("message_board", 30_000 + turn);
    board.applyFound([{ path, text, size: 1 }]);
  });
  expect(turns).toBeGreaterThan(3);
  // Every message has the word: page and both counts are of the same moment.
  expect(done.matched).toBe(done.count);
  expect(done.count).toBeLessThan(before + turns);
  const newest = numbers.length + (done.count - before);
  expect(done.rows[0]?.key).toBe(
    nameOf(done.count === before ? newest - 1 : 30_000 + done.count - before - 1),
  );
  // The next search counts on from there.
  const after = await askList(board, messagesScope(board), query);
  expect(after.matched).toBe(before + turns);
});

test("a removal in the middle of a search is not counted wrongly", async () => {
  const query: ListQuery = { q: "words", order: "asc", limit: 10 };
  const { done } = await meanwhile(askList(board, messagesScope(board), query), (turn) => {
    if (turn < 6) board.applyFound([], [`message_board/${nameOf(turn)}`]);
  });
  expect(done).toEqual(listPage(board, messagesScope(board), query));
});

describe("what is hidden", () => {
  const query: ListQuery = { q: "words", order: "asc", limit: 10 };
  const search = () => askList(board, messagesScope(board), query);
  const hide = (...names: string[]) => board.setHidden(new Map(names.map((name) => [name, ""])));

  test("is not found, although hits and counts of before are kept", async () => {
    hide();
    const before = await search();
    const names = before.rows.map(({ key }) => key);
    for (const n of [1, 2]) {
      hide(...names.slice(0, n));
      const after = await search();
      expect(after).toEqual(listPage(board, messagesScope(board), query));
      expect([after.rows[0]?.key, after.matched]).toEqual([names[n], before.matched - n]);
    }
    hide();
    expect(await search()).toEqual(before);
  });

  test("in the middle of a search is not found any more", async () => {
    hide();
    const names = (await search()).rows.map(({ key }) => key);
    const slowly: ListQuery = { ...query, filters: { "d.author": "a" } };
    const { done } = await meanwhile(askList(board, messagesScope(board), slowly), (turn) => {
      if (turn === 4) hide(...names);
    });
    expect(done).toEqual(listPage(board, messagesScope(board), slowly));
    expect(done.rows.filter(({ key }) => names.includes(key))).toEqual([]);
    hide();
  });
});

/** Does `work` once a turn of the event loop until `answer` is there; says in how many turns. */
async function meanwhile<T>(
  answer: T | Promise<T>,
  work: (turn: number) => void,
): Promise<{ done: T; turns: number }> {
  let isDone = false;
  const done = Promise.resolve(answer).finally(() => {
    isDone = true;
  });
  let turns = 0;
  while (!isDone) {
    work(turns);
    turns += 1;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { done: await done, turns };
}
