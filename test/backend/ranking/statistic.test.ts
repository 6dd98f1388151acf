import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scoreOfDraws, spreadOf, studentT } from "../../../template/spaces/backend/ranking/statistic.ts";

const draw = fc.double({ min: 0.001, max: 10_000, noNaN: true });
const draws = fc.array(draw, { minLength: 1, maxLength: 20 });
const rules = fc.record({
  statistic: fc.constantFrom("best", "median", "lower-bound"),
  direction: fc.constantFrom("higher", "lower"),
  noise: fc.constantFrom(0, 0.5),
} as const);

describe("several draws of one submission", () => {
  test("are described by what they are", () => {
    expect(spreadOf([4, 2, 9])).toEqual({
      n: 3,
      mean: 5,
      median: 4,
      sd: Math.sqrt(13),
      min: 2,
      max: 9,
      plus_minus: expect.closeTo((4.303 * Math.sqrt(13)) / Math.sqrt(3), 9),
    });
    expect(spreadOf([1, 2, 3, 10]).median).toBe(2.5);
    expect(spreadOf([7])).toEqual({ n: 1, mean: 7, median: 7, sd: null, min: 7, max: 7, plus_minus: null });
    expect(() => spreadOf([])).toThrow();
  });

  test.each([
    ["best", "higher", 9],
    ["best", "lower", 2],
    ["median", "higher", 4],
    ["lower-bound", "higher", 5 - 1.645 * Math.sqrt(13 / 3)],
    ["lower-bound", "lower", 5 + 1.645 * Math.sqrt(13 / 3)],
  ] as const)("%s, %s is better: %f", (statistic, direction, expected) => {
    expect(scoreOfDraws(spreadOf([4, 2, 9]), { statistic, direction, noise: 0 })).toBeCloseTo(expected, 12);
  });

  test("a single draw has the configured noise for a spread", () => {
    const rules = { statistic: "lower-bound", direction: "higher", noise: 2 } as const;
    expect(scoreOfDraws(spreadOf([10]), rules)).toBeCloseTo(10 - 3.29, 12);
    expect(scoreOfDraws(spreadOf([10]), { ...rules, noise: 0 })).toBe(10);
  });

  test("their order does not matter, and numbers stay between the extremes", () => {
    fc.assert(
      fc.property(draws, rules, fc.infiniteStream(fc.nat()), (values, how, keys) => {
        const order = values.map((value) => ({ value, key: keys.next().value as number }));
        const shuffled = order.sort((a, b) => a.key - b.key).map(({ value }) => value);
        const spread = spreadOf(values);
        expect(spreadOf(shuffled)).toEqual(spread);
        expect(scoreOfDraws(spreadOf(shuffled), how)).toBe(scoreOfDraws(spread, how));
        for (const middle of [spread.mean, spread.median]) {
          expect(middle).toBeGreaterThanOrEqual(spread.min);
          expect(middle).toBeLessThanOrEqual(spread.max);
        }
      }),
    );
  });

  test("one lucky draw moves the median by one place at most, however lucky", () => {
    fc.assert(
      fc.property(draws, draw, (values, lucky) => {
        const rules = { statistic: "median", direction: "higher", noise: 0 } as const;
        const before = spreadOf(values);
        const after = spreadOf([...values, before.max + lucky]);
        // One draw above all others moves the median by one place at most.
        const sorted = [...values].sort((a, b) => a - b);
        const bound = sorted[Math.ceil(sorted.length / 2)] ?? before.max + lucky;
        expect(scoreOfDraws(after, rules)).toBeLessThanOrEqual(bound);
      }),
    );
  });

  test("the lower bound is never better than the mean", () => {
    fc.assert(
      fc.property(draws, fc.constantFrom("higher", "lower"), (values, direction) => {
        const spread = spreadOf(values);
        const bound = scoreOfDraws(spread, { statistic: "lower-bound", direction, noise: 0.1 });
        expect(direction === "higher" ? bound <= spread.mean : bound >= spread.mean).toBe(true);
      }),
    );
  });

  test("the factor of an interval falls with every draw, towards 1.96", () => {
    for (let degrees = 1; degrees < 200; degrees += 1) {
      expect(studentT(degrees + 1)).toBeLessThan(studentT(degrees));
    }
    expect(studentT(60)).toBeCloseTo(2.0, 2);
    expect(studentT(100_000)).toBeCloseTo(1.96, 3);
  });
});
