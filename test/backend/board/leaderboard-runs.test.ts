/** The leaderboard where runs measure: units, statistic, ties, reproductions, tracks, and what stands beside it. */
import { describe, expect, test } from "vitest";
import { type CollabInput, CollabSchema } from "../../../template/schema/collab.ts";
import {
  DEFAULT_STATES,
  type LeaderboardQuery,
  leaderboard,
} from "../../../template/spaces/backend/board/queries/leaderboard.ts";
import { paretoPoints } from "../../../template/spaces/backend/board/queries/pareto.ts";
import { resultDetail } from "../../../template/spaces/backend/board/queries/result-detail.ts";
import { type Run, runPath, runText } from "../../../template/spaces/backend/documents/run.ts";
import {
  type Verdict,
  verdictPath,
  verdictText,
} from "../../../template/spaces/backend/documents/verdict.ts";
import { recordHistory } from "../../../template/spaces/backend/upkeep/leaderboard-files.ts";
import { BoardUnderTest, document } from "../../support/board.ts";
import { sampleRun, sampleSummary, sampleVerdict } from "../../support/runs.ts";

const NOW = Date.UTC(2026, 5, 3);

function scoringOf(scoring: Exclude<CollabInput["scoring"], "none" | undefined>) {
  const parsed = CollabSchema.parse({
    collab: { slug: "demo", title: "Demo", org: "acme" },
    scoring,
  }).scoring;
  if (parsed === "none") throw new Error("a score is wanted");
  return parsed;
}

/** A board where runs measure, and the clock of its runs and results. */
class Measured extends BoardUnderTest {
  #minute = 0;

  constructor(scoring: Parameters<typeof scoringOf>[0] = {}) {
    super({ scoring: scoringOf({ statistic: "median", ...scoring }), selfReported: "unranked" });
  }

  #stamp(): string {
    this.#minute += 1;
    const pad = (value: number) => String(value).padStart(2, "0");
    return `20260601-${pad(Math.floor(this.#minute / 60))}${pad(this.#minute % 60)}00-000`;
  }

  run(agent: string, hash: string, score: number, change: Partial<Run> = {}): Run {
    const run = sampleRun({
      run_id: `${this.#stamp()}_${agent}`,
      agent_id: agent,
      hf_user: `u-${agent}`,
      runtime_hash: hash,
      summary: sampleSummary({ score }),
      ...change,
    });
    this.put({ [runPath(run.run_id)]: runText(run) });
    return run;
  }

  post(run: Run, fields = ""): string {
    const filename = `${this.#stamp()}_${run.agent_id}.md`;
    this.put({
      [`results/${filename}`]: document(
        `score: ${run.summary?.values.score}\nmethod: m\nstatus: agent-run\ndescription: d\nvia: run\nrun_id: ${run.run_id}\nruntime_hash: ${run.runtime_hash}\n${fields}`,
      ),
    });
    return filename;
  }

  /** So many draws of one submission, the first of which is posted. */
  submission(agent: string, hash: string, draws: readonly number[], fields = ""): string {
    const runs = draws.map((score) => this.run(agent, hash, score));
    return this.post(runs[0] as Run, fields);
  }

  claim(agent: string, score: number): string {
    const filename = `${this.#stamp()}_${agent}.md`;
    this.put({
      [`results/${filename}`]: document(
        `score: ${score}\nmethod: m\nstatus: agent-run\ndescription: d\nvia: bucket`,
      ),
    });
    return filename;
  }

  judge(states: Record<string, string>): void {
    this.put({ "results/verification_status.json": JSON.stringify(states) });
  }

  verdict(filename: string, change: Partial<Verdict>): void {
    const verdict = sampleVerdict({ filename, ...change });
    this.put({ [verdictPath(filename)]: verdictText(verdict) });
  }

  leaderboard(query: Partial<LeaderboardQuery> = {}) {
    return leaderboard(
      this.board,
      { bestPerAgent: true, states: DEFAULT_STATES, limit: null, ...query },
      NOW,
    );
  }

  rows(query: Partial<LeaderboardQuery> = {}): string[] {
    return this.leaderboard(query).rows.map(({ rank, agent, score }) => `${rank} ${agent} ${score}`);
  }
}

describe("several draws of one submission", () => {
  test("count by the median: the best of many draws no longer wins", () => {
    using under = new Measured({ draws: 3 });
    under.submission("lucky", "L", [506, 480, 481, 479, 482, 478, 480]);
    under.submission("steady", "S", [500, 499, 501]);
    const [first, second] = under.leaderboard().rows;
    expect(first).toMatchObject({
      agent: "steady",
      score: 500,
      n: 3,
      provisional: false,
      self_reported: false,
    });
    expect(second).toMatchObject({
      agent: "lucky",
      score: 480,
      n: 7,
      spread: { min: 478, max: 506, median: 480, plus_minus: expect.any(Number) },
    });
  });

  test.each([
    ["best", [506, 501]],
    ["median", [500, 480]],
  ] as const)("by %s: %j", (statistic, expected) => {
    using under = new Measured({ statistic });
    under.submission("lucky", "L", [480, 506, 480]);
    under.submission("steady", "S", [500, 499, 501]);
    expect(under.leaderboard().rows.map(({ score }) => score)).toEqual(expected);
  });

  test("by the lower bound a wide spread costs", () => {
    using under = new Measured({ statistic: "lower-bound" });
    under.submission("wide", "W", [480, 520, 503]);
    under.submission("narrow", "N", [500, 499, 501]);
    const { rows } = under.leaderboard();
    expect(rows.map(({ agent }) => agent)).toEqual(["narrow", "wide"]);
    expect(rows[0]?.score).toBeCloseTo(500 - (1.645 * 1) / Math.sqrt(3), 9);
  });

  test("count as soon as they are there, posted or not; a damaged or removed run counts no more", () => {
    using under = new Measured();
    under.submission("a", "A", [10]);
    expect(under.rows()).toEqual(["1 a 10"]);
    const run = under.run("a", "A", 30);
    expect(under.rows()).toEqual(["1 a 20"]);
    under.put({ [runPath(run.run_id)]: "no run" });
    expect(under.rows()).toEqual(["1 a 10"]);
    under.put({ [runPath(run.run_id)]: runText(run) });
    under.board.applyFound([], [runPath(run.run_id)]);
    expect(under.rows()).toEqual(["1 a 10"]);
  });

  test("only completed full benchmark runs with a score are draws", () => {
    using under = new Measured();
    under.submission("a", "A", [10]);
    under.run("a", "A", 99, { lane: "smoke" });
    under.run("a", "A", 99, { status: "failed" });
    under.run("a", "A", 99, { status: "launched" });
    under.run("a", "A", 99, { kind: "verification", result: "r.md" });
    under.run("a", "A", 99, { summary: null });
    under.run("a", "A", -1);
    under.run("a", "other", 99);
    expect(under.leaderboard().rows).toMatchObject([{ score: 10, n: 1 }]);
  });

  test("a run that turns out to be of another submission moves", () => {
    using under = new Measured();
    under.submission("a", "A", [10]);
    under.submission("b", "B", [20]);
    const run = under.run("a", "A", 30);
    expect(under.rows()).toEqual(["1 a 20", "2 b 20"]);
    under.put({ [runPath(run.run_id)]: runText({ ...run, runtime_hash: "B" }) });
    expect(under.rows()).toEqual(["1 b 25", "2 a 10"]);
  });

  test("with too few of them a row is provisional and stands behind complete ones", () => {
    using under = new Measured({ draws: 3 });
    under.submission("new", "N", [900]);
    under.submission("a", "A", [10, 11, 12]);
    expect(under.leaderboard().rows).toMatchObject([
      { rank: 1, agent: "a", provisional: false },
      { rank: 2, agent: "new", provisional: true, n: 1, draws_wanted: 3 },
    ]);
    under.run("new", "N", 901);
    under.run("new", "N", 902);
    expect(under.rows()).toEqual(["1 new 901", "2 a 11"]);
  });

  test("of one agent, a complete submission stands before a provisional one with a better number", () => {
    using under = new Measured({ draws: 2 });
    under.submission("a", "lucky", [100]);
    under.submission("a", "sound", [50, 51]);
    expect(under.rows()).toEqual(["1 a 50.5"]);
    expect(under.rows({ bestPerAgent: false })).toEqual(["1 a 50.5", "2 a 100"]);
  });

  test("a result of a run whose file is gone keeps the number it was posted with", () => {
    using under = new Measured();
    const run = under.run("a", "A", 10);
    under.post(run);
    under.board.applyFound([], [runPath(run.run_id)]);
    expect(under.leaderboard().rows).toMatchObject([{ score: 10, n: 0, spread: null }]);
  });

  test("a changed configuration counts them anew", () => {
    using under = new Measured();
    under.submission("a", "A", [10, 30, 20]);
    under.submission("b", "B", [22]);
    under.claim("c", 99);
    expect(under.rows()).toEqual(["1 b 22", "2 a 20"]);
    under.board.setScoring(scoringOf({ statistic: "best" }), "ranked");
    expect(under.rows()).toEqual(["1 c 99", "2 a 30", "3 b 22"]);
    under.board.setScoring(scoringOf({ statistic: "best", direction: "lower" }), "unranked");
    expect(under.rows()).toEqual(["1 a 10", "2 b 22"]);
    under.board.setScoring(scoringOf({ field: "tps" }), "unranked");
    expect(under.leaderboard()).toMatchObject({ rows: [], meta: { excluded: { malformed: 3 } } });
  });

  test("a board filled at the start is the same as one that was told file by file", () => {
    using told = new Measured({ draws: 2, noise: 1 });
    told.submission("a", "A", [10, 12]);
    told.submission("b", "A", [11]);
    told.submission("c", "C", [11.5]);
    told.claim("d", 50);
    const files = told.board.sql.all<{ id: string; doc: string }>("SELECT id, doc FROM runs");
    using filled = new Measured({ draws: 2, noise: 1 });
    const results = told.board.sql.all<{ path: string; frontmatter: string }>(
      "SELECT d.path, c.frontmatter FROM docs d JOIN contents c ON c.id = d.content WHERE d.path LIKE 'results/%' ORDER BY d.path DESC",
    );
    filled.board.applyFound([
      ...results.map(({ path, frontmatter }) => ({ path, text: document(yaml(frontmatter)), size: 1 })),
      ...files.reverse().map(({ id, doc }) => ({ path: runPath(id), text: doc, size: 1 })),
    ]);
    expect(filled.leaderboard()).toEqual(told.leaderboard());
  });
});

const yaml = (json: string) =>
  Object.entries(JSON.parse(json) as Record<string, unknown>)
    .map(([key, value]) => `${key}: ${typeof value === "string" ? JSON.stringify(value) : value}`)
    .join("\n");

describe("statistical ties", () => {
  test("share a rank and say with whom", () => {
    using under = new Measured();
    const first = under.submission("a", "A", [500, 501, 499]);
    under.submission("b", "B", [499.8, 500.8, 498.8]);
    under.submission("c", "C", [400, 401, 399]);
    expect(under.leaderboard().rows).toMatchObject([
      { rank: 1, agent: "a", tied: 2, tied_with: null },
      { rank: 1, agent: "b", tied: 2, tied_with: first },
      { rank: 3, agent: "c", tied: 1, tied_with: null },
    ]);
    expect(under.leaderboard({ agent: "b" }).rows).toMatchObject([{ rank: 1, tied_with: first }]);
  });

  test("with single draws the configured noise tells", () => {
    using under = new Measured({ noise: 0.5 });
    under.submission("a", "A", [10]);
    under.submission("b", "B", [9.6]);
    under.submission("c", "C", [9.3]);
    expect(under.rows()).toEqual(["1 a 10", "1 b 9.6", "3 c 9.3"]);
  });
});

describe("verification", () => {
  test("valid rows stand first, each agent with its best of them and its better claim beside", () => {
    using under = new Measured();
    const sound = under.submission("a", "A", [10]);
    const better = under.submission("a", "A2", [30]);
    under.submission("b", "B", [20]);
    under.judge({ [sound]: "valid" });
    expect(under.rows()).toEqual(["1 a 10", "2 b 20"]);
    expect(under.leaderboard().rows[0]).toMatchObject({
      verification: "valid",
      contender: { filename: better, score: 30, verification: "pending" },
    });
    expect(under.rows({ validFirst: false })).toEqual(["1 a 30", "2 b 20"]);
    expect(under.rows({ states: ["pending"] })).toEqual(["1 a 30", "2 b 20"]);
  });

  test("states before a verdict rank as pending and are named; disputed ones too", () => {
    using under = new Measured();
    const names = ["queued", "running", "needs_pointer"] as const;
    for (const [at, state] of names.entries()) {
      under.verdict(under.submission(state.replace("_", "-"), state, [10 - at]), { state });
    }
    const disputed = under.submission("d", "D", [1]);
    under.judge({ [disputed]: "disputed" });
    expect(under.leaderboard().rows.map(({ verification }) => verification)).toEqual([...names, "disputed"]);
  });

  test.each(["invalid", "expired", "withdrawn"])("%s leaves the board, but not the view", (state) => {
    using under = new Measured();
    const filename = under.submission("a", "A", [10]);
    under.verdict(filename, {
      state: state === "withdrawn" ? "pending" : (state as "invalid" | "expired"),
      reason_code: "some_code",
      reason: "because",
    });
    under.judge({ [filename]: state });
    const { rows, unranked, meta } = under.leaderboard();
    expect(rows).toEqual([]);
    expect(unranked).toMatchObject([{ filename, why: state, verification: state, score: 10 }]);
    // The file's reason is for the file's state; a person's word has none here.
    expect(unranked[0]?.reason_code).toBe(state === "withdrawn" ? null : "some_code");
    expect(meta.excluded).toMatchObject({ [`verification_${state}`]: 1 });
    expect(under.leaderboard({ unrankedLimit: 0 }).unranked).toEqual([]);
  });

  test("a person's edit of the index wins over the verdict file", () => {
    using under = new Measured();
    const filename = under.submission("a", "A", [10]);
    under.verdict(filename, {
      state: "invalid",
      reason_code: "score_differs",
      reason: "478.9 against 508.3",
    });
    under.judge({ [filename]: "invalid" });
    expect(under.leaderboard().unranked).toMatchObject([{ reason: "478.9 against 508.3" }]);
    under.judge({ [filename]: "valid" });
    expect(under.leaderboard()).toMatchObject({
      rows: [{ verification: "valid", reason: null }],
      unranked: [],
    });
    under.judge({});
    expect(under.leaderboard().rows).toMatchObject([{ verification: "pending" }]);
  });

  test("the verified number stands beside the public one, which ranks", () => {
    using under = new Measured();
    const filename = under.submission("a", "A", [10]);
    const check = { field: "score", claimed: 10, measured: 9.7, limit: null, comparison: "", ok: true };
    under.verdict(filename, { state: "valid", checks: [check] });
    under.judge({ [filename]: "valid" });
    expect(under.leaderboard().rows).toMatchObject([{ score: 10, verified_score: 9.7 }]);
  });

  test("moves the tallies with the classes", () => {
    using under = new Measured();
    const filename = under.submission("a", "A", [10]);
    const copy = under.submission("b", "A", [10]);
    expect(under.leaderboard().meta.excluded).toEqual({ status_negative: 0, malformed: 0, reproductions: 1 });
    under.judge({ [filename]: "invalid" });
    expect(under.leaderboard().meta.excluded).toEqual({
      status_negative: 0,
      malformed: 0,
      verification_invalid: 1,
    });
    under.judge({ [filename]: "invalid", [copy]: "invalid" });
    expect(under.leaderboard().meta.excluded).toMatchObject({ verification_invalid: 2 });
    under.judge({});
    expect(under.leaderboard().meta.excluded).toEqual({ status_negative: 0, malformed: 0, reproductions: 1 });
  });
});

describe("the same submission from somebody else", () => {
  test("is a reproduction: it adds a draw and credit to the first, and does not rank", () => {
    using under = new Measured();
    const first = under.submission("ada", "A", [100, 102]);
    const copy = under.submission("eve", "A", [110]);
    expect(under.leaderboard()).toMatchObject({
      rows: [{ filename: first, agent: "ada", score: 102, n: 3, reproductions: 1 }],
      unranked: [{ filename: copy, agent: "eve", why: "reproduction", reproduction_of: first, score: 110 }],
    });
    expect(under.rows({ bestPerAgent: false })).toHaveLength(1);
    expect(resultDetail(under.board, copy)).toMatchObject({
      standing: { reproduction_of: first, score: 102 },
      draws: [
        { agent: "ada", result: first },
        { agent: "ada", result: null },
        { agent: "eve", result: copy },
      ],
    });
  });

  test("a copy that is posted in a hurry gains nothing: who ran it first ranks", () => {
    using under = new Measured();
    const original = under.run("ada", "A", 100);
    const copy = under.post(under.run("eve", "A", 101));
    expect(under.rows()).toEqual(["1 eve 100.5"]);
    const first = under.post(original);
    expect(under.leaderboard()).toMatchObject({
      rows: [{ agent: "ada", filename: first }],
      unranked: [{ filename: copy, reproduction_of: first }],
    });
  });

  test("another agent of the same user is no independent reproduction", () => {
    using under = new Measured();
    under.submission("ada", "A", [100]);
    under.run("ada-2", "A", 101, { hf_user: "u-ada" });
    expect(under.leaderboard().rows).toMatchObject([{ n: 2, reproductions: 0 }]);
  });

  test("several results of one's own submission are one row", () => {
    using under = new Measured();
    const first = under.submission("ada", "A", [100]);
    const again = under.submission("ada", "A", [120]);
    expect(under.leaderboard({ bestPerAgent: false })).toMatchObject({
      rows: [{ filename: first, score: 110, n: 2 }],
      unranked: [{ filename: again, reproduction_of: first }],
    });
  });

  test("takes the place of a first one that an organiser has ruled out, and gives it back", () => {
    using under = new Measured();
    const stolen = under.submission("eve", "A", [100]);
    const own = under.submission("ada", "A", [100]);
    under.judge({ [stolen]: "invalid" });
    expect(under.leaderboard()).toMatchObject({
      rows: [{ agent: "ada", filename: own }],
      unranked: [{ agent: "eve", why: "invalid" }],
    });
    under.judge({ [stolen]: "pending" });
    expect(under.rows()).toEqual(["1 eve 100"]);
    under.board.applyFound([], [`results/${stolen}`]);
    expect(under.rows()).toEqual(["1 ada 100"]);
  });
});

describe("self-reported scores", () => {
  test("stand beside the board, and are judged there as well", () => {
    using under = new Measured();
    const claim = under.claim("a", 99);
    const judged = under.claim("b", 98);
    under.judge({ [judged]: "invalid" });
    under.submission("c", "C", [5]);
    expect(under.leaderboard()).toMatchObject({
      rows: [{ agent: "c" }],
      unranked: [
        { filename: judged, why: "invalid" },
        { filename: claim, why: "self_reported" },
      ],
      meta: { ranked: 1, excluded: { self_reported: 2 } },
    });
    expect(under.leaderboard({ unrankedLimit: 1 }).unranked).toHaveLength(1);
    expect(under.leaderboard({ agent: "a" }).unranked).toMatchObject([{ filename: claim }]);
  });
});

describe("tracks", () => {
  test("each have their own board, by what they require and by their limits", () => {
    using under = new Measured({
      guardrails: [{ field: "ppl", max: 2.42 }],
      columns: [{ field: "identity" }],
      tracks: [
        { id: "lossless", title: "L", requires: ["identity"] },
        { id: "strict", title: "S", limits: [{ field: "ppl", max: 2.1 }] },
        { id: "open", title: "O" },
      ],
    });
    under.submission("fast", "F", [500], "ppl: 2.4");
    under.submission("exact", "E", [300], "ppl: 2.0\nidentity: exact");
    under.submission("tied", "T", [200], "ppl: 2.1\nidentity: tie-only");
    under.submission("unknown", "U", [100]);
    expect(under.rows({ track: "lossless" })).toEqual(["1 exact 300", "2 tied 200"]);
    expect(under.rows({ track: "strict" })).toEqual(["1 exact 300", "2 tied 200"]);
    expect(under.rows({ track: "open" })).toEqual(under.rows());
    expect(under.leaderboard().rows[1]).toMatchObject({
      tracks: ["lossless", "open", "strict"],
      values: { ppl: 2, identity: "exact" },
      guardrails_ok: true,
    });
  });

  test("an agent has its best of the track there, not its best of all", () => {
    using under = new Measured({
      columns: [{ field: "identity" }],
      tracks: [{ id: "l", title: "L", requires: ["identity"] }],
    });
    under.submission("a", "A1", [500]);
    under.submission("a", "A2", [300], "identity: exact");
    expect(under.rows({ track: "l" })).toEqual(["1 a 300"]);
    expect(under.rows()).toEqual(["1 a 500"]);
  });

  test("follow a changed configuration", () => {
    using under = new Measured({
      columns: [{ field: "x" }],
      tracks: [{ id: "t", title: "T", requires: ["x"] }],
    });
    under.submission("a", "A", [5], "y: 1");
    expect(under.rows({ track: "t" })).toEqual([]);
    under.board.setScoring(
      scoringOf({ columns: [{ field: "y" }], tracks: [{ id: "t", title: "T", requires: ["y"] }] }),
      "unranked",
    );
    expect(under.rows({ track: "t" })).toEqual(["1 a 5"]);
  });
});

test("collapsed by user, the best agent of each stands and names the others", () => {
  using under = new Measured();
  const user = (agent: string, name: string) =>
    under.put({ [`agents/${agent}.md`]: document(`agent_name: ${agent}\nhf_user: ${name}`) });
  user("a1", "ann");
  user("a2", "ann");
  user("b", "bob");
  under.submission("a1", "A1", [10]);
  under.submission("a2", "A2", [30]);
  under.submission("b", "B", [20]);
  under.submission("stranger", "X", [1]);
  under.submission("other", "Y", [2]);
  expect(under.rows({ collapseUsers: true })).toEqual(["1 a2 30", "2 b 20", "3 other 2", "4 stranger 1"]);
  expect(under.leaderboard({ collapseUsers: true }).rows[0]?.collapsed).toEqual(["a1"]);
  expect(under.leaderboard().rows[0]).not.toHaveProperty("collapsed");
  expect(under.rows()).toHaveLength(5);
});

test("the Pareto view marks what another result beats in both numbers", () => {
  const scoring = scoringOf({ statistic: "median", guardrails: [{ field: "ppl", max: 2.42 }] });
  using under = new Measured({ guardrails: [{ field: "ppl", max: 2.42 }] });
  under.submission("fast", "F", [500, 502], "ppl: 2.4");
  under.submission("good", "G", [300], "ppl: 2.0");
  under.submission("beaten", "B", [290], "ppl: 2.1");
  under.submission("silent", "S", [600]);
  const out = under.submission("out", "O", [900], "ppl: 1.0");
  under.judge({ [out]: "invalid" });
  const points = (query = {}) =>
    paretoPoints(under.board, scoring, {
      x: "ppl",
      y: "score",
      states: DEFAULT_STATES,
      bestPerAgent: false,
      ...query,
    });
  expect(points()).toMatchObject([
    { agent: "fast", x: 2.4, y: 501, rank: 2, dominated: false },
    { agent: "good", x: 2, y: 300, dominated: false },
    { agent: "beaten", x: 2.1, y: 290, dominated: true },
  ]);
  expect(points({ better: { x: "higher" } }).map(({ dominated }) => dominated)).toEqual([false, true, true]);
});

test("the history of the record knows no lucky draw", () => {
  using under = new Measured({ draws: 2 });
  under.submission("a", "A", [10, 12]);
  under.submission("b", "B", [99]);
  under.submission("c", "C", [20, 24]);
  expect(recordHistory(under.board).map(({ score }) => score)).toEqual([11, 22]);
});
