import fc from "fast-check";
import { expect, test } from "vitest";
import { dominated, type Point } from "../../../template/spaces/backend/ranking/pareto.ts";

const at = (...points: [x: number, y: number][]): Point[] => points.map(([x, y]) => ({ x, y }));

test("a point is dominated by one that is as good in both numbers and better in one", () => {
  const points = at([2.0, 100], [2.4, 500], [2.4, 400], [2.3, 300], [2.2, 300], [2.0, 100]);
  expect(dominated(points, { x: "lower", y: "higher" })).toEqual([false, false, true, true, false, false]);
  expect(dominated([], { x: "lower", y: "lower" })).toEqual([]);
});

test("is what comparing every pair says", () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -3, max: 3, noNaN: true }));
  const side = fc.constantFrom("higher", "lower");
  const points = fc.array(fc.record({ x: value, y: value }), { maxLength: 30 });
  fc.assert(
    fc.property(points, fc.record({ x: side, y: side }), (points, better) => {
      const good = (a: number, b: number, which: "higher" | "lower") => (which === "higher" ? a - b : b - a);
      const expected = points.map((point) =>
        points.some((other) => {
          const [x, y] = [good(other.x, point.x, better.x), good(other.y, point.y, better.y)];
          return x >= 0 && y >= 0 && (x > 0 || y > 0);
        }),
      );
      expect(dominated(points, better)).toEqual(expected);
    }),
  );
});
