import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StoredFile } from "../../../wizard/local-hub/xet/file-store.ts";
import { fetchesFor, planSpan } from "../../../wizard/local-hub/xet/reconstruction.ts";
import { XorbIndex } from "../../../wizard/local-hub/xet/xorb-index.ts";

/** Xorbs whose chunks have the sizes given, stored with a header of 8 bytes each. */
function indexes(sizes: Record<string, readonly number[]>) {
  const made = new Map(
    Object.entries(sizes).map(([xorb, chunks]) => {
      let start = 0;
      const records = chunks.map((unpackedBytes) => {
        start += unpackedBytes + 8;
        return { hash: new Uint8Array(32), start: start - unpackedBytes - 8, unpackedBytes };
      });
      return [xorb, XorbIndex.of(records, start)];
    }),
  );
  return (xorb: string) => made.get(xorb) as XorbIndex;
}

function fileOf(indexOf: (xorb: string) => XorbIndex, runs: readonly [string, number, number][]): StoredFile {
  const terms = runs.map(([xorb, first, end]) => ({
    xorb,
    first,
    end,
    unpackedBytes: indexOf(xorb).unpackedRange(first, end),
  }));
  return { hash: "", size: terms.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0), terms };
}

describe("a reconstruction", () => {
  const indexOf = indexes({ a: [10, 20, 30, 40], b: [5, 5, 5] });
  const file = fileOf(indexOf, [
    ["a", 0, 2],
    ["b", 1, 3],
    ["a", 1, 4],
  ]);

  test("of a range narrows the terms to the chunks that overlap it", () => {
    expect(planSpan(file, { start: 0, end: 130 }, indexOf)).toEqual({ offset: 0, terms: file.terms });
    expect(planSpan(file, { start: 12, end: 13 }, indexOf)).toEqual({
      offset: 2,
      terms: [{ xorb: "a", first: 1, end: 2, unpackedBytes: 20 }],
    });
    expect(planSpan(file, { start: 29, end: 41 }, indexOf)).toEqual({
      offset: 19,
      terms: [
        { xorb: "a", first: 1, end: 2, unpackedBytes: 20 },
        { xorb: "b", first: 1, end: 3, unpackedBytes: 10 },
        { xorb: "a", first: 1, end: 2, unpackedBytes: 20 },
      ],
    });
  });

  test("merges touching and overlapping runs of a xorb, and keeps apart what lies apart", () => {
    const term = (xorb: string, first: number, end: number) => ({ xorb, first, end, unpackedBytes: 0 });
    const fetches = fetchesFor(
      [term("a", 3, 4), term("b", 0, 1), term("a", 0, 1), term("b", 1, 3), term("a", 0, 2)],
      indexOf,
    );
    expect([...fetches.values()].flat()).toEqual([
      { xorb: "a", first: 0, end: 2, bytes: { start: 0, end: 46 } },
      { xorb: "a", first: 3, end: 4, bytes: { start: 84, end: 132 } },
      { xorb: "b", first: 0, end: 3, bytes: { start: 0, end: 39 } },
    ]);
  });

  test("covers exactly the range asked for, whatever the file looks like", () => {
    const runs = fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.nat(2), fc.integer({ min: 1, max: 3 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(runs, fc.nat(), fc.nat(), (chosen, x, y) => {
        const any = fileOf(
          indexOf,
          chosen.map(([xorb, first, count]) => [xorb, first, Math.min(first + count, xorb === "a" ? 4 : 3)]),
        );
        const [start, last] = [x % any.size, y % any.size].sort((p, q) => p - q) as [number, number];
        const { offset, terms } = planSpan(any, { start, end: last + 1 }, indexOf);
        const covered = terms.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
        const [first, final] = [terms[0], terms.at(-1)];
        if (first === undefined || final === undefined) throw new Error("a range has at least one term");
        expect(offset).toBeLessThan(indexOf(first.xorb).unpackedBytes(first.first));
        const behind = covered - offset - (last + 1 - start);
        expect(behind).toBeGreaterThanOrEqual(0);
        expect(behind).toBeLessThan(indexOf(final.xorb).unpackedBytes(final.end - 1));
        const fetches = fetchesFor(terms, indexOf);
        for (const term of terms) {
          expect(term.unpackedBytes).toBe(indexOf(term.xorb).unpackedRange(term.first, term.end));
          const holding = fetches.get(term.xorb)?.filter((f) => f.first <= term.first && f.end >= term.end);
          expect(holding).toHaveLength(1);
        }
      }),
    );
  });
});
