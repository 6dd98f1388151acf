import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Board } from "../../../template/spaces/backend/board/board.ts";
import {
  drawsOf,
  findRun,
  listRuns,
  unfinishedRuns,
} from "../../../template/spaces/backend/board/queries/runs.ts";
import {
  findVerdict,
  unappliedVerdicts,
  verdictsIn,
} from "../../../template/spaces/backend/board/queries/verdicts.ts";
import { type Run, runPath, runText } from "../../../template/spaces/backend/documents/run.ts";
import {
  shownState,
  type Verdict,
  verdictPath,
  verdictText,
} from "../../../template/spaces/backend/documents/verdict.ts";
import { describeFile } from "../../../template/spaces/backend/events/event.ts";
import { sampleRun, sampleVerdict } from "../../support/runs.ts";

let board: Board;

beforeEach(() => {
  board = new Board({ scoring: "none" });
  board.startFrom(0);
});
afterEach(() => board.close());

const file = (path: string, text: string) => ({ path, text, size: Buffer.byteLength(text) });
const put = (run: Run) => board.applyFound([file(runPath(run.run_id), runText(run))]);
const judge = (verdict: Verdict) =>
  board.applyFound([file(verdictPath(verdict.filename), verdictText(verdict))]);

describe("runs on the board", () => {
  it("shows the state that was written last, and is unchanged by the same file again", () => {
    const run = sampleRun({ status: "reserved" });
    put(run);
    const { version } = board;
    put(run);
    expect(board.version).toBe(version);
    put({ ...run, status: "launched" });
    expect(findRun(board, run.run_id)?.status).toBe("launched");
    expect(unfinishedRuns(board).map(({ run_id }) => run_id)).toEqual([run.run_id]);
    put({ ...run, status: "completed", cost_dollars: 0.4 });
    expect(unfinishedRuns(board)).toEqual([]);
  });

  it("ignores a file that is no run, and forgets a run whose file is gone or damaged", () => {
    const run = sampleRun();
    board.applyFound([file("runs/20260601-100000-000_ada.json", "{}")]);
    expect(listRuns(board, { limit: 10 })).toEqual([]);
    put(run);
    board.applyFound([file(runPath(run.run_id), "not json")]);
    expect(findRun(board, run.run_id)).toBeUndefined();
    put(run);
    board.applyFound([], [runPath(run.run_id)]);
    expect(findRun(board, run.run_id)).toBeUndefined();
  });

  it("does not take a run under another run's name", () => {
    const run = sampleRun();
    board.applyFound([file("runs/20270101-000000-000_eve.json", runText(run))]);
    expect(listRuns(board, { limit: 10 })).toEqual([]);
  });

  it("lists newest first, filtered, and finds the draws of what was really run", () => {
    const at = (n: number) => `20260601-10000${n}-000`;
    put(sampleRun({ run_id: `${at(1)}_ada`, runtime_hash: "same" }));
    put(sampleRun({ run_id: `${at(2)}_bob`, agent_id: "bob", runtime_hash: "same" }));
    put(sampleRun({ run_id: `${at(3)}_ada`, runtime_hash: "same", lane: "smoke" }));
    put(sampleRun({ run_id: `${at(4)}_ada`, runtime_hash: "same", status: "failed" }));
    put(sampleRun({ run_id: `${at(5)}_ada`, runtime_hash: "same", kind: "verification", result: "r.md" }));
    expect(listRuns(board, { agent: "ada", limit: 2 }).map(({ run_id }) => run_id)).toEqual([
      `${at(5)}_ada`,
      `${at(4)}_ada`,
    ]);
    expect(listRuns(board, { before: `${at(2)}_bob`, limit: 9 }).map(({ run_id }) => run_id)).toEqual([
      `${at(1)}_ada`,
    ]);
    expect(drawsOf(board, "same").map(({ run_id }) => run_id)).toEqual([`${at(1)}_ada`, `${at(2)}_bob`]);
  });

  it("tells followers", () => {
    const run = sampleRun();
    put(run);
    expect(describeFile(board, runPath(run.run_id))).toEqual({
      kind: "run",
      path: runPath(run.run_id),
      agent: "ada",
      run_id: run.run_id,
      state: run.status,
    });
  });
});

describe("verdicts on the board", () => {
  it("are found by result, by state, and when the index lacks them", () => {
    const verdict = sampleVerdict({ state: "valid", applied: false });
    judge(verdict);
    expect(findVerdict(board, verdict.filename)?.state).toBe("valid");
    expect(unappliedVerdicts(board)).toHaveLength(1);
    judge({ ...verdict, applied: true });
    expect(unappliedVerdicts(board)).toEqual([]);
    expect(verdictsIn(board, ["valid", "queued"])).toHaveLength(1);
    expect(verdictsIn(board, ["queued"])).toEqual([]);
    expect(describeFile(board, verdictPath(verdict.filename))).toMatchObject({
      kind: "verdict",
      state: "valid",
    });
  });

  it.each([
    ["pending", undefined, "pending"],
    ["pending", "queued", "queued"],
    ["pending", "needs_pointer", "needs_pointer"],
    ["valid", "valid", "valid"],
    ["invalid", "valid", "invalid"],
    ["pending", "valid", "pending"],
    ["valid", "running", "valid"],
    ["a word of theirs", "valid", "a word of theirs"],
  ] as const)("index %s and verdict %s show %s: a person's edit wins", (index, state, shown) => {
    expect(shownState(index, state && { state })).toBe(shown);
  });
});
