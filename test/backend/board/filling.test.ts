/** A board that is filled from a history in which paths come again shows what one written change by change shows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Board } from "../../../template/spaces/backend/board/board.ts";
import { Filling } from "../../../template/spaces/backend/board/filling.ts";
import { readAhead } from "../../../template/spaces/backend/board/read-ahead.ts";
import { runPath, runText } from "../../../template/spaces/backend/documents/run.ts";
import type { FileChange } from "../../../template/spaces/backend/record/types.ts";
import { BoardUnderTest, document, SCORING } from "../../support/board.ts";
import { sampleRun } from "../../support/runs.ts";

const stamp = (n: number) => `2026060${n}-100000-000`;

/** Every kind of file that the board keeps, each in two versions that show. */
const VERSIONS: Record<string, [string, string]> = {
  "agents/a.md": [document("agent_name: a\nhf_user: u"), document("agent_name: a\nhf_user: v")],
  [`message_board/${stamp(1)}_a.md`]: [document("type: agent", "one"), document("type: plan", "two")],
  [`inbox/b/${stamp(1)}_a.md`]: [document("type: agent", "one"), document("type: plan", "two")],
  [`results/${stamp(2)}_a.md`]: [
    document("score: 2\nstatus: agent-run"),
    document("score: 3\nstatus: negative"),
  ],
  [`results/${stamp(3)}_b.md`]: [document("score: 5\nstatus: agent-run"), document("broken: [")],
  [`broadcasts/${stamp(1)}_a.md`]: [document("type: agent", "one"), document("channel: c", "two")],
  "results/verification_status.json": [`{"${stamp(2)}_a.md":"valid"}`, `{"${stamp(3)}_b.md":"invalid"}`],
  "taskforces/t/README.md": [document("creator: a", "# T"), document("creator: b", "# U")],
  [`taskforces/t/${stamp(4)}_a.md`]: [document("type: note", "n"), document("type: note", "m")],
  "artifacts/a/set/data.txt": ["1", "22"],
  [runPath("r1")]: [
    runText(sampleRun({ run_id: "r1" })),
    runText(sampleRun({ run_id: "r1", status: "failed" })),
  ],
};

const paths = Object.keys(VERSIONS);
const change = fc
  .record({ path: fc.constantFrom(...paths), version: fc.constantFrom(0, 1, null) })
  .map(
    ({ path, version }): FileChange =>
      version === null ? { op: "delete", path } : { op: "put", path, text: VERSIONS[path]?.[version] ?? "" },
  );

/** In as few lists as they fit in without one that holds a path twice. */
function withoutRepeats(changes: readonly FileChange[]): FileChange[][] {
  const lists: FileChange[][] = [];
  for (const change of changes) {
    const last = lists.at(-1);
    if (last && !last.some(({ path }) => path === change.path)) last.push(change);
    else lists.push([change]);
  }
  return lists;
}

/** All that can be asked, without the numbers of rows. */
function shown({ sql }: Board): unknown[] {
  return [
    "SELECT l.name, d.key, d.path, d.author, d.type, c.frontmatter, c.body FROM docs d JOIN lists l ON l.id = d.list JOIN contents c ON c.id = d.content ORDER BY d.path",
    "SELECT name, count FROM lists WHERE count > 0 ORDER BY name",
    "SELECT l.name, facet, value, n FROM tallies t JOIN lists l ON l.id = t.list WHERE n > 0 ORDER BY 1, 2, 3",
    "SELECT id, hf_user FROM agents ORDER BY id",
    "SELECT filename, agent, status, class, score, rank, verification FROM results ORDER BY filename",
    "SELECT * FROM result_tallies WHERE n > 0 ORDER BY 1, 2",
    "SELECT * FROM verification ORDER BY filename",
    "SELECT name, creator FROM taskforces ORDER BY name",
    "SELECT * FROM files ORDER BY path",
    "SELECT id, status FROM runs ORDER BY id",
  ].map((query) => sql.all(query));
}

describe("filling a board", () => {
  test("shows the last change of every path, however often it came", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.nat({ max: 30 }), (changes, cut) => {
        using written = new BoardUnderTest();
        for (const one of changes) written.apply(one);
        const filled = new Board({ scoring: SCORING });
        filled.fill(changes.slice(0, cut));
        filled.fill(changes.slice(cut));
        filled.startFrom(changes.length);
        expect(shown(filled)).toEqual(shown(written.board));
        filled.close();
      }),
    );
  });

  test("shows the same when messages were read ahead, on another thread", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const [here, ahead] = [new Board({ scoring: SCORING }), new Board({ scoring: SCORING })];
        here.fill(changes);
        for (const list of withoutRepeats(changes)) {
          const { messages, rest } = structuredClone(readAhead(list));
          expect(rest.some(({ op, path }) => op === "put" && /^(?:mess|inb|broadc)/.test(path))).toBe(false);
          ahead.fill(rest, messages);
        }
        for (const board of [here, ahead]) board.startFrom(1);
        expect(shown(ahead)).toEqual(shown(here));
        here.close();
        ahead.close();
      }),
    );
  });

  test("begins anew when it is emptied", () => {
    const all = (version: number) =>
      paths.map((path): FileChange => ({ op: "put", path, text: VERSIONS[path]?.[version] ?? "" }));
    const [again, once] = [new Board({ scoring: SCORING }), new Board({ scoring: SCORING })];
    again.fill(all(0));
    again.fill(all(1));
    again.empty();
    for (const board of [again, once]) {
      board.fill(all(0).slice(1));
      board.startFrom(1);
    }
    expect(shown(again)).toEqual(shown(once));
    expect(() => again.empty()).toThrow("filled already");
    expect(() => again.fill([])).toThrow("filled already");
    again.close();
    once.close();
  });

  test("takes a path for known that only shares its hash, and then it waits", () => {
    const filling = new Filling();
    const names = Array.from({ length: 200_000 }, (_, n) => `message_board/${n}.md`);
    const first = names.filter((path) => filling.isFirst({ op: "put", path, text: "" }));
    const waiting = [...filling.later()].map(({ path }) => path);
    expect(first.length + waiting.length).toBe(names.length);
    expect(waiting.length).toBeLessThan(100);
    expect(first.some((path) => filling.isFirst({ op: "put", path, text: "" }))).toBe(false);
  });
});
