import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CollabSchema } from "../../../template/schema/collab.ts";
import { createLimiters, RateLimiter } from "../../../template/spaces/backend/access/limiter.ts";

const limits = CollabSchema.parse({ collab: { slug: "s", title: "T", org: "o" } }).board.limits;

function clock() {
  const time = { now: 1_000_000 };
  return { time, limiters: createLimiters(limits, () => time.now) };
}

function taken(limiter: RateLimiter, key: string, times: number): number {
  let count = 0;
  for (let i = 0; i < times; i += 1) if (limiter.tryTake(key) === 0) count += 1;
  return count;
}

describe("the allowances of api-v1.md 1.9", () => {
  test.each([
    ["rawPosts", 5, 13],
    ["bucketWrites", 20, 4],
    ["registration", 3, 21],
  ] as const)("%s grants %i from cold, then asks to wait %i s", (name, burst, wait) => {
    const { limiters } = clock();
    expect(taken(limiters[name], "k", burst)).toBe(burst);
    expect(() => limiters[name].take("k")).toThrow(
      expect.objectContaining({
        code: "RATE_LIMITED",
        retryAfterSeconds: wait,
        message: expect.stringContaining(`${wait} s`),
      }),
    );
    expect(limiters[name].tryTake("other")).toBe(0);
  });

  test("the wait it asks for is enough", () => {
    const { time, limiters } = clock();
    taken(limiters.rawPosts, "k", 5);
    time.now += limiters.rawPosts.tryTake("k") * 1000;
    expect(limiters.rawPosts.tryTake("k")).toBe(0);
  });

  test("raw posts: 5 at once, 5 a minute, then 1 a minute: 89 in the first hour", () => {
    const { time, limiters } = clock();
    let posted = 0;
    for (let second = 0; second < 3600; second += 1, time.now += 1000)
      posted += taken(limiters.rawPosts, "k", 6);
    expect(posted).toBe(89);
  });

  test("bucket writes settle at 20 a minute", () => {
    const { time, limiters } = clock();
    taken(limiters.bucketWrites, "k", 25);
    let written = 0;
    for (let second = 0; second < 600; second += 1) {
      time.now += 1000;
      written += taken(limiters.bucketWrites, "k", 25);
    }
    expect(written).toBe(200);
  });

  test("a refusal of one bucket costs nothing in the other", () => {
    const time = { now: 0 };
    const limiter = new RateLimiter(
      "x",
      [
        { capacity: 1, perMinute: 60 },
        { capacity: 3, perMinute: 0.001 },
      ],
      () => time.now,
    );
    taken(limiter, "k", 50);
    time.now += 1000;
    expect(limiter.tryTake("k")).toBe(0);
    taken(limiter, "k", 50);
    time.now += 1000;
    expect(limiter.tryTake("k")).toBe(0);
  });

  test("never more than capacity plus refill, whatever the rhythm, also when the clock steps back", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 20_000 }), { maxLength: 200 }), (steps) => {
        const time = { now: 0 };
        const limiter = new RateLimiter("x", [{ capacity: 5, perMinute: 5 }], () => time.now);
        let forward = 0;
        let granted = 0;
        for (const step of steps) {
          time.now += step;
          forward += Math.max(0, step);
          if (limiter.tryTake("k") === 0) granted += 1;
        }
        expect(granted).toBeLessThanOrEqual(5 + (forward / 60_000) * 5 + 1e-9);
      }),
    );
  });
});
