/** Verdicts from numbers: every limit at its edge, and what holds for all numbers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Run, RunSummary } from "../../../template/spaces/backend/documents/run.ts";
import { type JudgeRules, judgeRuns } from "../../../template/spaces/backend/verification/judge.ts";
import { sampleRun } from "../../support/runs.ts";

const RULES: JudgeRules = {
  scoring: {
    field: "tps",
    guardrails: [{ field: "ppl", max: 2.42, unit: "", description: "" }],
  },
  verification: { tolerance: 0.05, grey_band: 0, max_runs: 3, isolation: ["files", "network"] },
};
const ISOLATED = { user: true, files: true, network: true };

function summary(values: Record<string, number | string>, change: Partial<RunSummary> = {}): RunSummary {
  return {
    sha256: "0",
    values: { ppl: 2.4, ...values },
    gates: [],
    gates_ok: null,
    harness_version: null,
    harness_sha256: null,
    isolation: ISOLATED,
    ...change,
  };
}

const measured = (tps: number, change: Partial<RunSummary> = {}, values = {}): Run =>
  sampleRun({ kind: "verification", status: "completed", summary: summary({ tps, ...values }, change) });

const failed = (
  kind: "submission_error" | "infra_error" | "timeout" | "canceled",
  code = "server_exited",
): Run =>
  sampleRun({
    status: kind === "canceled" ? "canceled" : "failed",
    failure: { kind, reason_code: code, message: "secret words", next_step: "" },
  });

const rules = (verification: Partial<JudgeRules["verification"]> = {}): JudgeRules => ({
  ...RULES,
  verification: { ...RULES.verification, ...verification },
});

const say = (runs: Run[], score = 100, how = RULES) => {
  const judgement = judgeRuns(runs, { score, fields: { ppl: 2.3 } }, how);
  if (judgement.kind === "verdict") return [judgement.state, judgement.reason_code];
  return [judgement.kind, judgement.kind === "undecidable" ? judgement.reason_code : null];
};

describe("the score", () => {
  test.each([
    [100, 100, "valid"],
    [100, 95, "valid"],
    [100, 105, "valid"],
    [100, 94.999, "invalid"],
    [100, 105.001, "invalid"],
    // What doubles make of decimals at the very limit.
    [1.1, 1.155, "valid"],
    [1.1, 1.045, "valid"],
    [0.3, 0.315, "valid"],
    [0.0003, 0.000285, "valid"],
    [489.63, 489.63 * 1.05, "valid"],
    [1e9, 1.05e9, "valid"],
    [1e9, 1.0500001e9, "invalid"],
  ])("%d claimed, %d measured: %s", (claimed, again, state) => {
    expect(say([measured(again)], claimed)[0]).toBe(state);
  });

  test("off by more says so with both numbers and the limit", () => {
    const judgement = judgeRuns([measured(90)], { score: 100, fields: {} }, RULES);
    expect(judgement).toMatchObject({
      state: "invalid",
      reason_code: "score_differs",
      reason: "one run gave 90 where 100 was claimed: 10 % apart, and 5 % is the limit (included).",
      checks: [
        { field: "tps", claimed: 100, measured: 90, limit: 0.05, ok: false },
        {
          field: "ppl",
          claimed: null,
          measured: 2.4,
          limit: 2.42,
          comparison: "<= (limit included)",
          ok: true,
        },
      ],
    });
  });

  test.each([
    ["no number", { tps: "fast" }],
    ["not above 0", { tps: 0 }],
    ["not finite", { tps: Number.NaN }],
  ])("%s: nothing can be said", (_name, values) => {
    expect(say([measured(1, {}, values)])).toEqual(["undecidable", "score_missing"]);
  });

  test("tolerance 0 wants the very number, and no second run", () => {
    const exact = rules({ tolerance: 0, grey_band: 0.02 });
    expect(say([measured(100)], 100, exact)).toEqual(["valid", null]);
    expect(say([measured(100.001)], 100, exact)).toEqual(["invalid", "score_differs"]);
  });
});

describe("guardrails and gates", () => {
  test.each([
    [2.42, "valid", null],
    [2.4200000001, "invalid", "guardrail_broken"],
    [2, "valid", null],
  ])("a perplexity of %d where 2.42 is allowed: %s", (ppl, state, code) => {
    expect(say([measured(100, {}, { ppl })])).toEqual([state, code]);
  });

  test("a guardrail that was not measured leaves it undecided", () => {
    expect(say([measured(100, {}, { ppl: "?" })])).toEqual(["undecidable", "guardrail_missing"]);
  });

  test("a gate that failed in any run gives its own reason, and the numbers", () => {
    const gate = (ok: boolean) => ({
      gates: [
        { name: "loops", ok, reason_code: "repetition_loop", value: 0.3, limit: 0.1, comparison: "<=" },
      ],
      gates_ok: ok,
    });
    expect(say([measured(100, gate(true)), measured(100, gate(false)), measured(100, gate(true))])).toEqual([
      "invalid",
      "repetition_loop",
    ]);
    const judgement = judgeRuns([measured(100, gate(false))], { score: 100, fields: {} }, RULES);
    expect(judgement).toMatchObject({
      reason: expect.stringContaining("0.3, which is not <= 0.1"),
      checks: [{}, {}, { field: "loops", measured: 0.3, limit: 0.1, comparison: "<=", ok: false }],
    });
  });

  test("a broken limit needs no second run, however close the score", () => {
    expect(say([measured(95, {}, { ppl: 3 })], 100, rules({ grey_band: 0.02 }))).toEqual([
      "invalid",
      "guardrail_broken",
    ]);
  });
});

describe("the grey band", () => {
  const grey = rules({ grey_band: 0.02 });
  test.each([
    [100, "valid"],
    [97.1, "valid"],
    [97, "again"],
    [95, "again"],
    [93, "again"],
    [92.9, "invalid"],
    [107, "again"],
    [107.1, "invalid"],
  ])("one run that gave %d of 100: %s", (again, expected) => {
    expect(say([measured(again)], 100, grey)[0]).toBe(expected);
  });

  test("the mean is judged, and the last run decides", () => {
    expect(say([measured(94), measured(99)], 100, grey)).toEqual(["again", null]);
    expect(say([measured(94), measured(100)], 100, grey)).toEqual(["again", null]);
    expect(say([measured(94), measured(101)], 100, grey)).toEqual(["valid", null]);
    expect(say([measured(94), measured(95), measured(95.9)], 100, grey)).toEqual([
      "invalid",
      "score_differs",
    ]);
    expect(say([measured(94), measured(95), measured(96)], 100, grey)).toEqual(["valid", null]);
    expect(say([measured(94)], 100, rules({ grey_band: 0.02, max_runs: 1 }))).toEqual([
      "invalid",
      "score_differs",
    ]);
  });
});

describe("isolation", () => {
  test.each([
    ["says nothing", undefined, ["undecidable", "isolation_missing"]],
    ["could not close the network", { ...ISOLATED, network: false }, ["undecidable", "isolation_missing"]],
    ["had no other user, which is not asked for", { files: true, network: true }, ["valid", null]],
  ])("a run that %s", (_name, isolation, expected) => {
    const change = isolation === undefined ? {} : { isolation };
    const { isolation: _, ...rest } = summary({ tps: 100 });
    expect(say([sampleRun({ status: "completed", summary: { ...rest, ...change } })])).toEqual(expected);
  });

  test("is not asked for where collab.yaml says so", () => {
    const { isolation: _, ...rest } = summary({ tps: 100 });
    expect(say([sampleRun({ status: "completed", summary: rest })], 100, rules({ isolation: [] }))[0]).toBe(
      "valid",
    );
  });
});

describe("runs that fail", () => {
  test.each<[name: string, runs: Run[], expected: (string | null)[]]>([
    ["once", [failed("submission_error")], ["again", null]],
    ["twice", [failed("submission_error"), failed("submission_error")], ["invalid", "server_exited"]],
    [
      "twice by time",
      [failed("timeout", "run_timeout"), failed("timeout", "run_timeout")],
      ["invalid", "run_timeout"],
    ],
    ["once, and then run well", [failed("timeout"), measured(100)], ["valid", null]],
    ["through no fault of theirs", [failed("infra_error")], ["again", null]],
    [
      "… three times",
      [failed("infra_error"), failed("infra_error"), failed("infra_error")],
      ["undecidable", "infra_error"],
    ],
    ["… and then run well", [failed("infra_error"), measured(90)], ["invalid", "score_differs"]],
    ["because somebody canceled them", [failed("canceled")], ["undecidable", "run_canceled"]],
  ])("%s", (_name, runs, expected) => {
    expect(say(runs)).toEqual(expected);
  });

  test("say nothing that a submission could have written", () => {
    const judgement = judgeRuns([failed("timeout"), failed("timeout")], { score: 1, fields: {} }, RULES);
    expect(JSON.stringify(judgement)).not.toContain("secret words");
  });

  test("one run only: its failure decides", () => {
    expect(say([failed("submission_error")], 100, rules({ max_runs: 1 }))[0]).toBe("invalid");
  });
});

describe("for all numbers", () => {
  const score = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
  const share = fc.double({ min: 0, max: 0.5, noNaN: true });

  test("runs end: after max_runs there is a verdict", () => {
    fc.assert(
      fc.property(
        score,
        fc.array(score, { minLength: 3, maxLength: 3 }),
        share,
        share,
        (claim, runs, tolerance, band) => {
          const [kind] = say(
            runs.map((tps) => measured(tps)),
            claim,
            rules({ tolerance, grey_band: band }),
          );
          expect(["valid", "invalid"]).toContain(kind);
        },
      ),
    );
  });

  test("a wider tolerance never makes a valid one invalid", () => {
    fc.assert(
      fc.property(score, score, share, share, (claim, run, a, b) => {
        const [narrow, wide] = a < b ? [a, b] : [b, a];
        if (say([measured(run)], claim, rules({ tolerance: narrow }))[0] !== "valid") return;
        expect(say([measured(run)], claim, rules({ tolerance: wide }))[0]).toBe("valid");
      }),
    );
  });

  test("the unit of the score does not matter", () => {
    fc.assert(
      fc.property(score, share, fc.integer({ min: -8, max: 8 }), (claim, tolerance, power) => {
        const scale = 2 ** power;
        const how = rules({ tolerance });
        expect(say([measured(claim * 1.03 * scale)], claim * scale, how)).toEqual(
          say([measured(claim * 1.03)], claim, how),
        );
      }),
    );
  });
});
