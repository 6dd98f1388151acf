/** The list grammar against a model that filters, sorts and cuts an array. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ListQuery, listPage } from "../../../template/spaces/backend/board/queries/list.ts";
import { messagesScope } from "../../../template/spaces/backend/board/queries/scopes.ts";
import { authorOf } from "../../../template/spaces/backend/documents/filenames.ts";
import { BoardUnderTest } from "../../support/board.ts";

const STAMP_LENGTH = 19;

const stamp = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 1 }))
  .map(([day, hour, minute]) => `2026060${day}-1${hour}0${minute}00-000`);
const author = fc.constantFrom("a", "b", "a-1");
/** Stamped names, and the odd ones that lie in real buckets. */
const filename = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(stamp, author).map(([s, a]) => `${s}_${a}.md`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("survey_a.md", "20260602-110000_human-x_ab12cd34.md", "2026_a.md", "_.md"),
  },
);
const message = fc.record({
  filename,
  type: fc.constantFrom("agent", "plan"),
  body: fc.constantFrom("alpha beta", "Beta GAMMA", "gamma", "é delta", "x"),
});
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const query = fc.record({
  author: maybe(author),
  type: maybe(fc.constantFrom("agent", "plan", "none")),
  since: maybe(stamp),
  until: maybe(stamp),
  q: maybe(fc.constantFrom("beta", "GAMMA", "type: plan", "a b", "é", "zzz", "x")),
  after: maybe(fc.oneof(filename, fc.constant(""))),
  before: maybe(fc.oneof(filename, fc.constant(""))),
  order: fc.constantFrom<"asc" | "desc">("asc", "desc"),
  limit: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }),
  indexed: fc.boolean(),
});
type Query = typeof query extends fc.Arbitrary<infer T> ? T : never;

function model(messages: readonly Message[], ask: Query) {
  const needle = ask.q?.toLowerCase();
  const matching = messages.filter(
    (m) =>
      (ask.author === undefined || authorOf(m.filename) === ask.author) &&
      (ask.type === undefined || m.type === ask.type) &&
      (ask.since === undefined || m.filename.slice(0, STAMP_LENGTH) >= ask.since) &&
      (ask.until === undefined || m.filename.slice(0, STAMP_LENGTH) <= ask.until) &&
      (needle === undefined || m.body.toLowerCase().includes(needle) || `type: ${m.type}`.includes(needle)),
  );
  const sign = ask.order === "asc" ? 1 : -1;
  const rest = matching
    .map((m) => m.filename)
    .filter(
      (name) =>
        (ask.after === undefined || name > ask.after) && (ask.before === undefined || name < ask.before),
    )
    .sort((x, y) => sign * (x < y ? -1 : x > y ? 1 : 0));
  const items = ask.limit === null ? rest : rest.slice(0, ask.limit);
  return {
    count: messages.length,
    matched: matching.length,
    items,
    next: items.length < rest.length ? items[items.length - 1] : null,
  };
}

function fill(messages: readonly Message[]): BoardUnderTest {
  const under = new BoardUnderTest();
  for (const m of messages) under.message(m.filename, m.body, `type: ${m.type}`);
  return under;
}

const toListQuery = (ask: Query): ListQuery => ({
  filters: { "d.author": ask.author, "d.type": ask.type },
  since: ask.since,
  until: ask.until,
  q: ask.q,
  after: ask.after,
  before: ask.before,
  order: ask.order,
  limit: ask.limit,
});

const messages = fc.uniqueArray(message, { selector: (m) => m.filename, maxLength: 25 });

describe("the list grammar", () => {
  test("gives what filtering, sorting and cutting an array gives", () => {
    fc.assert(
      fc.property(messages, fc.array(query, { minLength: 1, maxLength: 6 }), (all, asks) => {
        using under = fill(all);
        for (const ask of asks) {
          if (ask.indexed) while (under.board.search.indexBatch());
          const page = listPage(under.board, messagesScope(under.board), toListQuery(ask));
          const { count, matched, next } = page;
          expect({ count, matched, next, items: page.rows.map((row) => row.key) }).toEqual(model(all, ask));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("following next visits everything once, whatever the page size", () => {
    fc.assert(
      fc.property(messages, query, fc.integer({ min: 1, max: 5 }), (all, ask, limit) => {
        using under = fill(all);
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const bound =
            ask.order === "asc" ? { after: cursor, before: undefined } : { before: cursor, after: undefined };
          const page = listPage(under.board, messagesScope(under.board), {
            ...toListQuery(ask),
            ...bound,
            limit,
          });
          seen.push(...page.rows.map((row) => row.key));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        expect(seen).toEqual(model(all, { ...ask, after: undefined, before: undefined, limit: null }).items);
      }),
      { numRuns: 150 },
    );
  });

  test("counts stay right through replacing and removing", () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 10 }), query, (all, removals, ask) => {
        using under = fill(all);
        const left = [...all];
        for (const index of removals) {
          const [gone] = left.splice(index % Math.max(1, left.length), 1);
          if (gone) under.apply({ op: "delete", path: `message_board/${gone.filename}` });
        }
        for (const [at, m] of left.entries()) {
          const type = m.type === "plan" ? "agent" : "plan";
          left[at] = { ...m, type };
          under.message(m.filename, m.body, `type: ${type}`);
        }
        const page = listPage(under.board, messagesScope(under.board), toListQuery(ask));
        expect([page.count, page.matched]).toEqual([model(left, ask).count, model(left, ask).matched]);
      }),
      { numRuns: 100 },
    );
  });
});
