import { describe, expect, test, vi } from "vitest";
import { Board } from "../../../template/spaces/backend/board/board.ts";
import { type ListQuery, listPage } from "../../../template/spaces/backend/board/queries/list.ts";
import { inboxScope, messagesScope } from "../../../template/spaces/backend/board/queries/scopes.ts";
import { BoardUnderTest, document, SCORING } from "../../support/board.ts";

const day = (n: number) => `202606${String(n).padStart(2, "0")}-100000-000`;

/** The worked examples of the list grammar: six messages by two authors, one a day. */
function sixMessages() {
  const under = new BoardUnderTest();
  for (let n = 1; n <= 6; n += 1) {
    under.message(
      `${day(n)}_${n % 2 === 1 ? "a" : "b"}.md`,
      `Text number ${n}`,
      `type: ${n < 3 ? "note" : "agent"}`,
    );
  }
  return under;
}

/** The file of a document that was put without anything the writer would add. */
function textOf(under: BoardUnderTest, path: string): string {
  const row = under.board.sql.get<{ frontmatter: string; body: string }>(
    "SELECT c.frontmatter, c.body FROM docs d JOIN contents c ON c.id = d.content WHERE d.path = ?",
    path,
  );
  return document(row?.frontmatter.replace(/^\{/, "{\n") ?? "", row?.body);
}

function ask(under: BoardUnderTest, query: Partial<ListQuery>) {
  const page = listPage(under.board, messagesScope(under.board), { order: "desc", limit: 10, ...query });
  const short = (key: string) => key.slice(4, 8);
  return [page.rows.map((row) => short(row.key)).join(" "), page.next && short(page.next), page.matched];
}

describe("the list grammar", () => {
  test.each<[string, Partial<ListQuery>, string, string | null, number]>([
    ["ascending page", { limit: 2, order: "asc" }, "0601 0602", "0602", 6],
    ["descending page", { limit: 5 }, "0606 0605 0604 0603 0602", "0602", 6],
    ["exactly all", { limit: 6 }, "0606 0605 0604 0603 0602 0601", null, 6],
    ["no limit", { limit: null }, "0606 0605 0604 0603 0602 0601", null, 6],
    ["after, ascending", { after: `${day(2)}_b.md`, limit: 2, order: "asc" }, "0603 0604", "0604", 6],
    ["after, descending", { after: `${day(2)}_b.md`, limit: 2 }, "0606 0605", "0605", 6],
    ["between two cursors", { after: `${day(2)}_b.md`, before: `${day(5)}_a.md` }, "0604 0603", null, 6],
    ["since is inclusive", { since: day(3) }, "0606 0605 0604 0603", null, 4],
    ["until a day", { until: "20260603-000000-000" }, "0602 0601", null, 2],
    ["until is inclusive", { until: day(3) }, "0603 0602 0601", null, 3],
    ["since and until in one hour", { since: day(3), until: day(3) }, "0603", null, 1],
    ["until before since", { since: day(3), until: day(2) }, "", null, 0],
    ["author", { filters: { "d.author": "a" } }, "0605 0603 0601", null, 3],
    ["author and type", { filters: { "d.author": "a", "d.type": "note" } }, "0601", null, 1],
    ["author since", { filters: { "d.author": "a" }, since: day(2) }, "0605 0603", null, 2],
    ["a value nobody has", { filters: { "d.type": "x" } }, "", null, 0],
    ["empty before", { before: "" }, "", null, 6],
    ["empty after", { after: "", limit: 1 }, "0606", "0606", 6],
    ["text", { q: "NUMBER 3" }, "0603", null, 1],
    ["text of a frontmatter line", { q: "type: note" }, "0602 0601", null, 2],
    ["two characters", { q: "r 3" }, "0603", null, 1],
    ["one character", { q: "4" }, "0604", null, 1],
    ["empty text", { q: "", limit: 1 }, "0606", "0606", 6],
    ["no line spans body and frontmatter", { q: "3type" }, "", null, 0],
  ])("%s", (_name, query, items, next, matched) => {
    using indexed = sixMessages();
    while (indexed.board.search.indexBatch());
    expect(ask(indexed, query)).toEqual([items, next, matched]);
    using under = sixMessages();
    expect(ask(under, query)).toEqual([items, next, matched]);
    while (under.board.search.indexBatch());
    under.message(`${day(7)}_c.md`, "later");
    expect(ask(under, { ...query, before: query.before ?? day(7), until: query.until ?? day(6) })).toEqual([
      items,
      next,
      matched,
    ]);
  });

  test("finds text by the index, asked for the first time after it is built", () => {
    using under = sixMessages();
    while (under.board.search.indexBatch());
    expect(ask(under, { q: "NUMBER 3" })).toEqual(["0603", null, 1]);
  });

  test("asks an index for every kind of page", () => {
    using under = sixMessages();
    const plans: string[] = [];
    const all = under.board.sql.all.bind(under.board.sql);
    under.board.sql.all = ((sql: string, ...params: never[]) => {
      plans.push(...all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...params).map((row) => row.detail));
      return all(sql, ...params);
    }) as typeof all;
    for (const query of [
      {},
      { since: day(2) },
      { filters: { "d.author": "a" } },
      { filters: { "d.type": "x" } },
      { filters: { "d.via": "x" }, after: "2" },
    ])
      ask(under, query);
    expect(plans.filter((plan) => /SCAN|TEMP B-TREE/.test(plan))).toEqual([]);
  });
});

describe("text search", () => {
  const find = (under: BoardUnderTest, q: string) => ask(under, { q, limit: null })[0];

  test.each<[body: string, q: string]>([
    ["50% of _it_ \\ done", "50% of _IT_ \\"],
    ['say "cheese" AND smile', '"cheese" and'],
    ["Größe ÄNDERN", "grösse"],
    ["日本語のテキスト", "語のテ"],
    ["an emoji 🧪 here", "🧪 h"],
    ["ends with nul \u0000 byte", "nul \u0000 b"],
  ])("%j is found by %j as JavaScript would", (body, q) => {
    using under = new BoardUnderTest();
    under.message(`${day(1)}_a.md`, body);
    under.message(`${day(2)}_a.md`, "something else");
    const expected = body.toLowerCase().includes(q.toLowerCase()) ? "0601" : "";
    expect(find(under, q)).toBe(expected);
    while (under.board.search.indexBatch());
    under.message(`${day(3)}_a.md`, body);
    expect(find(under, q)).toBe(expected && "0603 0601");
    while (under.board.search.indexBatch());
    expect(find(under, `${q.slice(0, -1)}~`)).toBe("");
  });

  test("does not find what is hidden, in no list, and finds it again when it is shown", () => {
    using under = sixMessages();
    const name = `${day(3)}_a.md`;
    under.put({ [`inbox/b/${name}`]: document("type: agent", "Text number 3") });
    const inbox = () =>
      listPage(under.board, inboxScope(under.board, "b"), { order: "desc", limit: 10, q: "number" });
    const found = () => [find(under, "number 3"), find(under, "type: agent"), inbox().matched];
    const shown = ["0603", "0606 0605 0604 0603", 1];
    expect(found()).toEqual(shown);
    under.board.setHidden(new Map([[name, "advertising"]]));
    expect(found()).toEqual(["", "0606 0605 0604", 0]);
    // Neither the words that stand there instead.
    expect(find(under, "advertising")).toBe("");
    under.message(`${day(7)}_b.md`, "number 3, quoted");
    expect(ask(under, { q: "number 3" })).toEqual(["0607", null, 1]);
    expect(ask(under, { limit: 1 })).toEqual(["0607", "0607", 7]);
    under.board.setHidden(new Map());
    expect(ask(under, { q: "number 3" })).toEqual(["0607 0603", null, 2]);
  });

  test("forgets what was removed, and many needles do not add up", async () => {
    using under = sixMessages();
    expect(find(under, "number")).toBe("0606 0605 0604 0603 0602 0601");
    under.apply({ op: "delete", path: `message_board/${day(6)}_b.md` });
    expect(find(under, "number")).toBe("0605 0604 0603 0602 0601");
    for (let n = 0; n < 200; n += 1) find(under, `numb${n}`);
    expect(find(under, "number 1")).toBe("0601");
    const hits = () => under.board.sql.get<{ n: number }>("SELECT count(*) AS n FROM temp.hits")?.n;
    await vi.waitFor(() => expect(hits()).toBe(1));
  });
});

describe("an inbox", () => {
  test("is the handle's copies and the broadcasts, each once", () => {
    using under = new BoardUnderTest();
    const text = document("type: user", "hello");
    under.put({
      [`inbox/a/${day(1)}_x.md`]: text,
      [`inbox/a-1/${day(2)}_x.md`]: text,
      [`broadcasts/${day(3)}_x.md`]: text,
      [`broadcasts/${day(1)}_x.md`]: document("type: user", "broadcast twin"),
    });
    const page = listPage(under.board, inboxScope(under.board, "a"), { order: "asc", limit: 10 });
    expect(page.rows.map((row) => [row.key.slice(0, 8), row.body])).toEqual([
      ["20260601", "hello"],
      ["20260603", "hello"],
    ]);
    expect([page.count, page.matched]).toEqual([2, 2]);
    expect(
      listPage(under.board, inboxScope(under.board, "never-seen"), { order: "asc", limit: 10 }).count,
    ).toBe(2);
  });

  test("pages through both without gaps", () => {
    using under = new BoardUnderTest();
    for (let n = 1; n <= 9; n += 1) {
      under.put({
        [n % 3 === 0 ? `broadcasts/${day(n)}_x.md` : `inbox/a/${day(n)}_x.md`]: document("a: 1", "t"),
      });
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = listPage(under.board, inboxScope(under.board, "a"), { order: "asc", limit: 2, after });
      seen.push(...page.rows.map((row) => row.key.slice(6, 8)));
      after = page.next ?? undefined;
    } while (after);
    expect(seen).toEqual(["01", "02", "03", "04", "05", "06", "07", "08", "09"]);
  });
});

describe("the board", () => {
  test("a group applied twice changes nothing", () => {
    using under = new BoardUnderTest();
    under.message(`${day(1)}_a.md`);
    const before = under.board.version;
    const change = { op: "put" as const, path: `message_board/${day(2)}_a.md`, text: document("a: 1") };
    const group = { seq: 1, entries: [{ stamp: 1, changes: [change], audit: {} as never }] };
    under.board.apply(group);
    expect(under.board.version).toBe(before);
    expect(messagesScope(under.board).count(under.board)).toBe(1);
  });

  test("filled at the start is the same as written one by one", () => {
    using written = sixMessages();
    written.register("a", "b");
    written.put({
      [`results/${day(1)}_a.md`]: document("score: 1\nstatus: agent-run"),
      "taskforces/t/README.md": document("creator: a", "# T"),
      "message_board/2026060😀-0000.md": document("type: x"),
    });
    const filled = new Board({ scoring: SCORING });
    const files = written.board.sql.all<{ path: string }>("SELECT path FROM docs").map(({ path }) => path);
    filled.fill(files.map((path) => ({ op: "put", path, text: textOf(written, path) })));
    filled.startFrom(7);
    const counts = (board: Board) => [
      board.sql.all("SELECT name, count FROM lists ORDER BY name"),
      board.sql.all(
        "SELECT l.name, facet, value, n FROM tallies t JOIN lists l ON l.id = t.list WHERE n > 0 ORDER BY 1, 2, 3",
      ),
      board.sql.all("SELECT * FROM result_tallies"),
    ];
    expect(counts(filled)).toEqual(counts(written.board));
    expect(filled.journalSeq).toBe(7);
    filled.apply({
      seq: 8,
      entries: [
        { stamp: 1, changes: [{ op: "delete", path: `message_board/${day(1)}_a.md` }], audit: {} as never },
      ],
    });
    expect(messagesScope(filled).count(filled)).toBe(6);
    filled.close();
  });

  test("what was filled is indexed on its own, also while nothing else happens", async () => {
    const immediates = () => process.getActiveResourcesInfo().filter((what) => what === "Immediate").length;
    const before = immediates();
    const filled = new Board({ scoring: SCORING });
    const text = document("type: agent", "word");
    filled.fill(
      Array.from({ length: 250 }, (_, n) => ({ op: "put", path: `message_board/${1000 + n}_a.md`, text })),
    );
    filled.startFrom(1);
    filled.makeIndexes();
    const turns: number[] = [];
    for (let indexed = 0; indexed < 250; ) {
      // Work that the event loop waits for; it would sleep on any other.
      turns.push(immediates() - before);
      await new Promise<void>((resolve) => setImmediate(resolve));
      indexed = filled.sql.get<{ n: number }>("SELECT count(*) AS n FROM search")?.n ?? 0;
    }
    expect(new Set(turns)).toEqual(new Set([1]));
    filled.close();
  });

  test("what was filled answers filters at once, and sooner once it has their indexes", async () => {
    using written = sixMessages();
    const filled = new Board({ scoring: SCORING });
    const files = written.board.sql.all<{ path: string }>("SELECT path FROM docs").map(({ path }) => path);
    filled.fill(files.map((path) => ({ op: "put", path, text: textOf(written, path) })));
    filled.startFrom(1);
    const indexes = () =>
      filled.sql
        .all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'index'")
        .map(({ name }) => name)
        .filter((name) => /^docs_(?:author|type|via|channel)$/.test(name));
    const query = { filters: { "d.author": "a" }, order: "asc", limit: 100 } as const;
    const pages = [listPage(filled, messagesScope(filled), query)];
    expect(indexes()).toEqual([]);
    filled.makeIndexes();
    filled.makeIndexes();
    await vi.waitFor(() => expect(indexes()).toHaveLength(4));
    pages.push(listPage(filled, messagesScope(filled), query));
    expect(pages[0]).toEqual(listPage(written.board, messagesScope(written.board), query));
    expect(pages[1]).toEqual(pages[0]);
    filled.close();
  });

  test("a file put again takes the place of the old one, and counts stay right", () => {
    using under = new BoardUnderTest();
    under.message(`${day(1)}_a.md`, "one", "type: x");
    under.message(`${day(1)}_a.md`, "two", "type: y");
    expect(ask(under, { filters: { "d.type": "y" } })).toEqual(["0601", null, 1]);
    expect(ask(under, { filters: { "d.type": "x" } })).toEqual(["", null, 0]);
    under.apply({ op: "delete", path: `message_board/${day(1)}_a.md` });
    expect(ask(under, {})).toEqual(["", null, 0]);
    expect(under.board.sql.get("SELECT count(*) AS n FROM contents")).toEqual({ n: 0 });
  });

  test("copies of a message share its text; another text under the same filename stays its own", () => {
    using under = new BoardUnderTest();
    const filename = `${day(1)}_a.md`;
    const message = document("type: agent", "the message");
    under.put({
      [`message_board/${filename}`]: message,
      [`inbox/b/${filename}`]: message,
      [`inbox/c/${filename}`]: document("type: agent", "something else"),
    });
    const bodyIn = (handle: string) =>
      listPage(under.board, inboxScope(under.board, handle), { order: "asc", limit: 1 }).rows[0]?.body;
    expect([bodyIn("b"), bodyIn("c")]).toEqual(["the message", "something else"]);
    expect(under.board.sql.get("SELECT count(*) AS n FROM contents")).toEqual({ n: 2 });
  });

  test("one unreadable file does not hide the others", () => {
    using under = new BoardUnderTest();
    under.message(`${day(1)}_a.md`, "fine");
    under.put({ [`message_board/${day(2)}_a.md`]: "---\na: [1\n---\nbody" });
    const page = listPage(under.board, messagesScope(under.board), { order: "asc", limit: 10 });
    expect(page.rows.map((row) => [row.frontmatter, row.body])).toEqual([
      ['{"type":"agent"}', "fine"],
      ["{}", "---\na: [1\n---\nbody"],
    ]);
  });
});
