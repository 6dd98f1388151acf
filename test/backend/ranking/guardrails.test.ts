import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunGate } from "../../../template/spaces/backend/documents/run.ts";
import { requirement } from "../../../template/spaces/backend/documents/verdict.ts";
import { breachOf, guardrailsOk, limitChecks } from "../../../template/spaces/backend/ranking/guardrails.ts";
import { isInTrack, tracksOf } from "../../../template/spaces/backend/ranking/tracks.ts";

const guardrail = (limits: { field?: string; min?: number; max?: number }) => ({
  field: "ppl",
  unit: "",
  description: "",
  ...limits,
});
const gate = (change: Partial<RunGate> = {}): RunGate => ({
  name: "repetition",
  ok: false,
  reason_code: "looping_text",
  value: 31,
  limit: 8,
  comparison: "<=",
  ...change,
});

describe("limits", () => {
  test.each([
    [2.42, true],
    [2.4200000000000004, false],
    [2.43, false],
    [-1, true],
  ])("a maximum of 2.42 is included: %f gives %s", (ppl, ok) => {
    expect(breachOf([guardrail({ max: 2.42 })], { ppl }, []) === null).toBe(ok);
    expect(guardrailsOk([guardrail({ max: 2.42 })], { ppl })).toBe(ok);
  });

  test("a broken one is told with both numbers, the limit and how they are compared", () => {
    expect(breachOf([guardrail({ min: 1, max: 2.42 })], { ppl: 2.43 }, [])).toEqual({
      reason_code: "guardrail_broken",
      reason: "ppl is 2.43, which is not <= 2.42 (limit included)",
      checks: [
        {
          field: "ppl",
          claimed: null,
          measured: 2.43,
          limit: 1,
          comparison: ">= (limit included)",
          ok: true,
        },
        {
          field: "ppl",
          claimed: null,
          measured: 2.43,
          limit: 2.42,
          comparison: "<= (limit included)",
          ok: false,
        },
      ],
    });
    expect(breachOf([guardrail({ max: 1 })], { ppl: 2 }, [], "claimed")?.checks[0]).toMatchObject({
      claimed: 2,
      measured: null,
    });
  });

  test.each([[undefined], [null], ["2.3"], [true], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    "%s is no number: nothing is known of it",
    (ppl) => {
      expect(breachOf([guardrail({ max: 2.42 })], { ppl }, [])).toBeNull();
      expect(guardrailsOk([guardrail({ max: 2.42 })], { ppl })).toBeNull();
    },
  );

  test("a field with the name of something that every object has is not there", () => {
    expect(limitChecks([guardrail({ field: "constructor", max: 1 })], {})).toEqual([]);
    expect(isInTrack({ requires: ["toString"], limits: [] }, {})).toBe(false);
  });

  test("exactly the values between both limits pass", () => {
    const number = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(number, number, number, (a, b, ppl) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        expect(breachOf([guardrail({ min, max })], { ppl }, []) === null).toBe(min <= ppl && ppl <= max);
      }),
    );
  });
});

describe("gates", () => {
  test("a failed one gives its own reason code and both numbers", () => {
    expect(breachOf([], {}, [gate(), gate({ name: "other", ok: true })])).toMatchObject({
      reason_code: "looping_text",
      reason: "the gate repetition failed: 31, which is not <= 8",
      checks: [
        { field: "repetition", measured: 31, limit: 8, ok: false },
        { field: "other", ok: true },
      ],
    });
    expect(breachOf([], {}, [gate({ ok: true })])).toBeNull();
    expect(breachOf([], {}, [gate({ reason_code: null, value: null })])).toMatchObject({
      reason_code: "gate_failed",
      reason: "the gate repetition failed",
    });
  });

  test("a gate on a word keeps the word", () => {
    const [check] =
      breachOf([], {}, [gate({ value: "tie", comparison: "==", limit: "exact" })])?.checks ?? [];
    expect(check).toMatchObject({ measured: null, limit: null, comparison: "== exact", ok: false });
  });

  test.each([
    ["<=", 8, "<= 8"],
    ["<= (limit included)", 2.42, "<= 2.42 (limit included)"],
    ["<= 2.42 (limit included)", 2.42, "<= 2.42 (limit included)"],
    ["within ±5 % of the claim (limit included)", 0.05, "within ±5 % of the claim (limit included)"],
    ["==", null, "=="],
  ])("%s with the limit %s is shown as %s", (comparison, limit, shown) => {
    expect(requirement({ comparison, limit })).toBe(shown);
  });

  test("a broken guardrail comes first, and the reason names both", () => {
    expect(breachOf([guardrail({ max: 1 })], { ppl: 2 }, [gate()])).toMatchObject({
      reason_code: "guardrail_broken",
      reason:
        "ppl is 2, which is not <= 1 (limit included); the gate repetition failed: 31, which is not <= 8",
    });
  });
});

describe("tracks", () => {
  const tracks = [
    { id: "lossless", title: "", description: "", requires: ["identity"], limits: [] },
    { id: "strict", title: "", description: "", requires: [], limits: [guardrail({ max: 2 })] },
    { id: "open", title: "", description: "", requires: [], limits: [] },
  ];

  test.each([
    [{ identity: "exact", ppl: 2 }, ["lossless", "strict", "open"]],
    [{ identity: "exact", ppl: 2.1 }, ["lossless", "open"]],
    [{ identity: true }, ["lossless", "open"]],
    [{ identity: 0, ppl: 1 }, ["lossless", "strict", "open"]],
    [{ identity: false, ppl: "1" }, ["open"]],
    [{ identity: "  " }, ["open"]],
    [{ identity: null }, ["open"]],
    [{}, ["open"]],
  ])("%j is in %j", (values, expected) => expect(tracksOf(tracks, values)).toEqual(expected));
});
