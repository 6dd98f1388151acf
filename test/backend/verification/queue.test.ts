/** Whose turn it is, and when. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Candidate,
  type Capacity,
  forecast,
  inOrder,
} from "../../../template/spaces/backend/verification/queue.ts";

const candidate = (
  filename: string,
  hfUser: string,
  rank: number,
  change: Partial<Candidate> = {},
): Candidate => ({
  filename,
  agent: hfUser,
  hfUser,
  rank,
  isRerun: false,
  ranks: true,
  ...change,
});
const names = (candidates: Candidate[]) => inOrder(candidates).map(({ filename }) => filename);

describe("the order", () => {
  test("the best claim first", () => {
    expect(names([candidate("a", "x", -1), candidate("b", "y", -3), candidate("c", "z", -2)])).toEqual([
      "b",
      "c",
      "a",
    ]);
  });

  test("nobody fills the queue alone", () => {
    const flood = [10, 9, 8, 7].map((score) => candidate(`f${score}`, "x", -score));
    expect(names([...flood, candidate("b", "y", -1), candidate("c", "z", -2)])).toEqual([
      "f10",
      "c",
      "b",
      "f9",
      "f8",
      "f7",
    ]);
  });

  test("what was begun is finished first, what does not rank comes last", () => {
    expect(
      names([
        candidate("claimed", "x", -9, { ranks: false }),
        candidate("new", "y", -5),
        candidate("again", "z", -1, { isRerun: true }),
      ]),
    ).toEqual(["again", "new", "claimed"]);
  });
});

const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const capacity = (change: Partial<Capacity> = {}): Capacity => ({
  now: NOW,
  perDay: 10,
  atOnce: 2,
  begun: [],
  running: [],
  runMs: HOUR,
  ...change,
});
const starts = (count: number, change: Partial<Capacity> = {}) =>
  forecast(count, capacity(change)).map(({ startsAt }) => (startsAt - NOW) / HOUR);

describe("the forecast", () => {
  test("as many at once as may run, the next when one is over", () => {
    expect(starts(5)).toEqual([0, 0, 1, 1, 2]);
  });

  test("what runs now ends first", () => {
    expect(starts(3, { running: [NOW - HOUR / 2, NOW - HOUR / 4] })).toEqual([0.5, 0.75, 1.5]);
  });

  test("a run that takes longer than most ends now, as far as anybody knows", () => {
    expect(starts(1, { atOnce: 1, running: [NOW - 5 * HOUR] })).toEqual([0]);
  });

  test("the day's runs are used up: when the oldest is a day old", () => {
    const begun = [NOW - 20 * HOUR, NOW - 10 * HOUR];
    expect(starts(4, { perDay: 2, begun })).toEqual([4, 14, 28, 38]);
  });

  test("the verdict comes a run later", () => {
    expect(forecast(1, capacity())).toEqual([{ position: 1, startsAt: NOW, verdictAt: NOW + HOUR }]);
  });

  test("never more than the day allows, in any 24 hours; never more at once", () => {
    const options = fc.record({
      perDay: fc.integer({ min: 1, max: 6 }),
      atOnce: fc.integer({ min: 1, max: 4 }),
      runMs: fc.integer({ min: 60_000, max: 30 * HOUR }),
      begun: fc.array(fc.integer({ min: NOW - 24 * HOUR + 1, max: NOW }), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(options, fc.integer({ min: 0, max: 30 }), (given, count) => {
        const begun = given.begun.slice(0, given.perDay);
        const turns = forecast(count, capacity({ ...given, begun })).map(({ startsAt }) => startsAt);
        const all = [...begun, ...turns].sort((a, b) => a - b);
        for (const [index, at] of all.entries()) {
          const earlier = all[index - given.perDay];
          if (earlier !== undefined) expect(at - earlier).toBeGreaterThanOrEqual(24 * HOUR);
        }
        for (const [index, at] of turns.entries()) {
          const before = turns[index - given.atOnce];
          if (before !== undefined) expect(at).toBeGreaterThanOrEqual(before + given.runMs);
        }
      }),
    );
  });
});
