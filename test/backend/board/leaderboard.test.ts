import { describe, expect, test } from "vitest";
import { type CollabInput, CollabSchema } from "../../../template/schema/collab.ts";
import {
  type LeaderboardQuery,
  leaderboard,
} from "../../../template/spaces/backend/board/queries/leaderboard.ts";
import { guardrailsOk } from "../../../template/spaces/backend/ranking/guardrails.ts";
import { recordHistory } from "../../../template/spaces/backend/upkeep/leaderboard-files.ts";
import { BoardUnderTest, document } from "../../support/board.ts";

const NOW = Date.UTC(2026, 5, 3);

const scoringOf = (scoring: CollabInput["scoring"]) =>
  CollabSchema.parse({ collab: { slug: "demo", title: "Demo", org: "acme" }, scoring }).scoring;

function result(
  under: BoardUnderTest,
  day: number,
  agent: string,
  score: string,
  fields = "status: agent-run",
): string {
  const filename = `202606${String(day).padStart(2, "0")}-100000-000_${agent}.md`;
  under.put({
    [`results/${filename}`]: document(
      `score: ${score}\nmethod: m\ndescription: d\ntimestamp: 2026-06-${String(day).padStart(2, "0")} 10:00 UTC\n${fields}`,
    ),
  });
  return filename;
}

const judge = (under: BoardUnderTest, states: Record<string, string>) =>
  under.put({ "results/verification_status.json": JSON.stringify(states) });

function rows(under: BoardUnderTest, query: Partial<LeaderboardQuery> = {}) {
  const { rows, meta } = leaderboard(
    under.board,
    { bestPerAgent: true, states: ["valid", "pending"], limit: null, ...query },
    NOW,
  );
  return { rows: rows.map(({ rank, agent, score }) => `${rank} ${agent} ${score}`), meta };
}

describe("the leaderboard", () => {
  test("is what the specification shows", () => {
    using under = new BoardUnderTest();
    under.register("a");
    result(under, 1, "a", "100.0");
    const best = result(under, 2, "a", "150.0");
    result(under, 3, "b", "120.5");
    const invalid = result(under, 4, "c", "999.0");
    result(under, 5, "b", "130.0", "status: negative");
    result(under, 6, "b", "'140'");
    judge(under, { [invalid]: "invalid" });
    expect(
      leaderboard(under.board, { bestPerAgent: true, states: ["valid", "pending"], limit: 1 }, NOW),
    ).toMatchObject({
      score_field: "score",
      order: "desc",
      rows: [
        {
          rank: 1,
          agent: "a",
          hf_user: "u-a",
          score: 150,
          method: "m",
          verification: "pending",
          filename: best,
          timestamp: "2026-06-02 10:00 UTC",
          description: "d",
          guardrails_ok: null,
        },
      ],
      meta: {
        generated_at: "2026-06-03T00:00:00.000Z",
        results_considered: 6,
        excluded: { status_negative: 1, malformed: 1, verification_invalid: 1 },
      },
    });
  });

  test("orders by score, then stamp, then agent; ranks have no gaps and survive the agent filter", () => {
    using under = new BoardUnderTest();
    result(under, 3, "c", "5");
    result(under, 2, "b", "5");
    result(under, 2, "a", "5");
    result(under, 1, "d", "1");
    result(under, 4, "d", "9");
    expect(rows(under).rows).toEqual(["1 d 9", "2 a 5", "3 b 5", "4 c 5"]);
    expect(rows(under, { agent: "b" }).rows).toEqual(["3 b 5"]);
    expect(rows(under, { limit: 2 }).rows).toEqual(["1 d 9", "2 a 5"]);
    expect(rows(under, { bestPerAgent: false }).rows).toHaveLength(5);
  });

  test("of equal scores of one agent the earlier stands", () => {
    using under = new BoardUnderTest();
    result(under, 2, "a", "5");
    const first = result(under, 1, "a", "5");
    expect(
      leaderboard(under.board, { bestPerAgent: true, states: ["pending"], limit: null }, NOW).rows[0]
        ?.filename,
    ).toBe(first);
  });

  test("follows the direction, also when it changes", () => {
    using under = new BoardUnderTest({ scoring: scoringOf({ direction: "lower" }) });
    result(under, 1, "a", "2");
    result(under, 2, "a", "1");
    result(under, 3, "b", "1.5");
    expect(rows(under).rows).toEqual(["1 a 1", "2 b 1.5"]);
    under.board.setScoring(scoringOf({ direction: "higher" }));
    expect(rows(under).rows).toEqual(["1 a 2", "2 b 1.5"]);
    under.board.setScoring(scoringOf({ field: "tps" }));
    expect(rows(under)).toMatchObject({ rows: [], meta: { excluded: { malformed: 3 } } });
  });

  test.each(["0", "-1", ".inf", ".nan", "true", "'5'", "null", "[1]", "9".repeat(400), "2026-01-01"])(
    "a score of %s is malformed",
    (score) => {
      using under = new BoardUnderTest();
      result(under, 1, "a", score);
      expect(rows(under)).toMatchObject({
        rows: [],
        meta: { results_considered: 1, excluded: { malformed: 1 } },
      });
    },
  );

  test("a verdict moves a result out and back in; unknown states pass through", () => {
    using under = new BoardUnderTest();
    const filename = result(under, 1, "a", "1");
    judge(under, { [filename]: "disputed", "never-there.md": "valid" });
    expect(rows(under)).toMatchObject({ rows: [], meta: { excluded: { verification_disputed: 1 } } });
    judge(under, { [filename]: "valid" });
    expect(rows(under, { states: ["valid"] }).rows).toEqual(["1 a 1"]);
    judge(under, {});
    expect(rows(under, { states: ["valid"] })).toMatchObject({
      rows: [],
      meta: { excluded: { verification_pending: 1 } },
    });
    under.put({ "results/verification_status.json": "not json" });
    expect(rows(under).rows).toEqual(["1 a 1"]);
  });

  test("a verdict that came before the result counts", () => {
    using under = new BoardUnderTest();
    judge(under, { "20260601-100000-000_a.md": "invalid" });
    result(under, 1, "a", "1");
    expect(rows(under).rows).toEqual([]);
  });

  test.each<[number | undefined, number | undefined, boolean | null]>([
    [2.42, 1, true],
    [2.43, 1, false],
    [2.4, 0.5, false],
    [2.4, undefined, null],
    [2.5, undefined, false],
  ])("guardrails: ppl %s and kept %s give %s", (ppl, kept, expected) => {
    const scoring = scoringOf({
      guardrails: [
        { field: "ppl", max: 2.42 },
        { field: "kept", min: 1 },
      ],
    });
    expect(guardrailsOk(scoring === "none" ? [] : scoring.guardrails, { ppl, kept })).toBe(expected);
  });

  test("the history holds only what was better than all before", () => {
    using under = new BoardUnderTest();
    for (const [day, score] of [
      [1, "2"],
      [2, "1"],
      [3, "3"],
      [4, "3"],
      [5, "4"],
    ] as const)
      result(under, day, "a", score);
    expect(recordHistory(under.board).map(({ score }) => score)).toEqual([2, 3, 4]);
  });
});
