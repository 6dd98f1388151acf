import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isTie,
  type Place,
  places,
  type Scored,
  tieMargin,
} from "../../../template/spaces/backend/ranking/ties.ts";

const single = (score: number): Scored => ({ score, n: 1, sd: null });
const noTier = () => 0;
const ranks = (found: readonly Place[]) => found.map(({ rank }) => rank);

describe("statistical ties", () => {
  test("share a rank, and the next one counts them all", () => {
    const rows = [500, 499.8, 499.6, 480, 479.9].map((score) => ({ score, n: 3, sd: 1 }));
    expect(places(rows, 0, noTier)).toEqual([
      { rank: 1, first: 0, size: 3 },
      { rank: 1, first: 0, size: 3 },
      { rank: 1, first: 0, size: 3 },
      { rank: 4, first: 3, size: 2 },
      { rank: 4, first: 3, size: 2 },
    ]);
  });

  test("are told from the first row of the group, not from the neighbour", () => {
    const slope = [10, 9.9, 9.8, 9.7, 9.6, 9.5].map(single);
    expect(ranks(places(slope, 0.25, noTier))).toEqual([1, 1, 1, 4, 4, 4]);
  });

  test("a decimal distance equal to the noise is a tie", () => {
    expect(isTie(single(1.1), single(1), 0.1)).toBe(true);
    expect(isTie(single(1.1001), single(1), 0.1)).toBe(false);
  });

  test("equal scores without any spread are none: the earlier stands first, as without runs", () => {
    expect(ranks(places([5, 5, 5].map(single), 0, noTier))).toEqual([1, 2, 3]);
    const exact = { score: 5, n: 3, sd: 0 };
    expect(ranks(places([exact, exact], 0, noTier))).toEqual([1, 2]);
  });

  test("the margin is that of Student's test with a pooled deviation, and the noise where one draw is too few", () => {
    const [a, b] = [
      { score: 0, n: 3, sd: 2 },
      { score: 0, n: 5, sd: 1 },
    ];
    const pooled = Math.sqrt((2 * 4 + 4 * 1) / 6);
    expect(tieMargin(a, b, 99)).toBeCloseTo(2.447 * pooled * Math.sqrt(1 / 3 + 1 / 5), 12);
    expect(tieMargin(a, single(0), 0.7)).toBe(0.7);
    expect(tieMargin({ score: 0, n: 0, sd: null }, b, 0.7)).toBe(0.7);
  });

  test("rows of different tiers never tie", () => {
    const rows = [5, 5, 5].map((score, tier) => ({ ...single(score), tier: tier > 1 ? "pending" : "valid" }));
    expect(ranks(places(rows, 1, ({ tier }) => tier))).toEqual([1, 1, 3]);
  });

  test("whatever the rows: ranks rise, groups are whole, members tie with their first row and the next does not", () => {
    const row = fc.record({
      score: fc.double({ min: 0, max: 20, noNaN: true }),
      n: fc.integer({ min: 0, max: 6 }),
      sd: fc.option(fc.double({ min: 0, max: 3, noNaN: true })),
      tier: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), fc.constantFrom(0, 0.5), (unsorted, noise) => {
        const rows = [...unsorted].sort((a, b) => a.tier - b.tier || b.score - a.score);
        const found = places(rows, noise, ({ tier }) => tier);
        expect(found).toHaveLength(rows.length);
        for (const [at, place] of found.entries()) {
          const leader = rows[place.first];
          const member = rows[at];
          if (!leader || !member) throw new Error("a place without a row");
          expect(place.rank).toBe(place.first + 1);
          expect(at).toBeLessThan(place.first + place.size);
          if (at !== place.first) expect(isTie(leader, member, noise)).toBe(true);
          expect(member.tier).toBe(leader.tier);
          const next = rows[place.first + place.size];
          if (next && next.tier === leader.tier) expect(isTie(leader, next, noise)).toBe(false);
        }
      }),
    );
  });
});
