import { describe, expect, it } from "vitest";
import {
  benchmarkRefusal,
  budgetLeft,
  type Charge,
  remaining,
  verificationRefusal,
} from "../../../template/spaces/backend/runs/quotas.ts";
import { Reservations } from "../../../template/spaces/backend/runs/reservations.ts";

const NOW = Date.UTC(2026, 5, 2);
const HOUR = 3_600_000;
const charge = (change: Partial<Charge> = {}): Charge => ({
  at: NOW - HOUR,
  kind: "benchmark",
  lane: "full",
  agentId: "ada",
  hfUser: "u",
  contentHash: "c",
  charged: true,
  dollars: 1,
  ...change,
});
const times = (n: number, change: (index: number) => Partial<Charge> = () => ({})) =>
  Array.from({ length: n }, (_, index) => charge(change(index)));
const wish = (change: Partial<Charge> = {}) => charge({ at: NOW, ...change });
const LIMITS = { plan: { perAgent: 3, perUser: 5, perSubmission: 4 }, budget: null };

describe("quotas", () => {
  it("count per agent first, then per user, then per submission", () => {
    expect(benchmarkRefusal(times(2), wish(), LIMITS)).toBeNull();
    expect(benchmarkRefusal(times(3), wish(), LIMITS)?.limit).toBe("agent");
    const others = times(5, (index) => ({ agentId: `a${index}`, contentHash: `c${index}` }));
    expect(benchmarkRefusal(others, wish(), LIMITS)?.limit).toBe("user");
    const copies = times(4, (index) => ({ agentId: `a${index}`, hfUser: `u${index}` }));
    expect(benchmarkRefusal(copies, wish(), LIMITS)?.limit).toBe("submission");
    expect(benchmarkRefusal(copies, wish({ contentHash: "other" }), LIMITS)).toBeNull();
  });

  it("count each lane for itself and no verifications", () => {
    expect(
      benchmarkRefusal(
        times(9, () => ({ lane: "smoke" })),
        wish(),
        LIMITS,
      ),
    ).toBeNull();
    expect(
      benchmarkRefusal(
        times(9, () => ({ kind: "verification" })),
        wish(),
        LIMITS,
      ),
    ).toBeNull();
  });

  it("look at 24 hours and say when a place becomes free", () => {
    const runs = [
      charge({ at: NOW - 25 * HOUR }),
      charge({ at: NOW - 24 * HOUR }),
      ...times(3, (index) => ({ at: NOW - (3 - index) * HOUR })),
    ];
    expect(benchmarkRefusal(runs, wish(), LIMITS)?.retryAfterSeconds).toBe(21 * 3600 + 1);
    expect(
      benchmarkRefusal(
        times(3, () => ({ at: NOW })),
        wish(),
        LIMITS,
      )?.retryAfterSeconds,
    ).toBe(86_401);
    // A cap that was lowered: two have to leave.
    const lowered = times(4, (index) => ({ at: NOW - (4 - index) * HOUR }));
    expect(benchmarkRefusal(lowered, wish(), LIMITS)?.retryAfterSeconds).toBe(21 * 3600 + 1);
  });

  it("do not count what was refunded, until there is more of it than the quota", () => {
    const refunded = (n: number) => times(n, () => ({ charged: false }));
    expect(benchmarkRefusal([...times(2), ...refunded(3)], wish(), LIMITS)).toBeNull();
    expect(benchmarkRefusal([...times(2), ...refunded(4)], wish(), LIMITS)?.limit).toBe("agent");
    expect(remaining([...times(1), ...refunded(3)], wish(), LIMITS.plan, NOW)).toEqual({
      agent_remaining: 2,
      user_remaining: 4,
    });
  });

  it("keep the dollars of everything within the budget", () => {
    const runs = [
      charge({ dollars: 4, kind: "verification", at: NOW - 3 * HOUR }),
      charge({ dollars: 3, charged: false, lane: "smoke", at: NOW - 2 * HOUR }),
      charge({ dollars: 2, kind: "extra", at: NOW - HOUR }),
    ];
    const within = (dollars: number, budget: number) =>
      benchmarkRefusal(runs, wish({ dollars }), { ...LIMITS, budget });
    expect(within(1, 10)).toBeNull();
    expect(within(1.1, 10)).toMatchObject({ limit: "budget", cap: 10, retryAfterSeconds: 21 * 3600 + 1 });
    expect(within(5, 10)?.retryAfterSeconds).toBe(21 * 3600 + 1);
    expect(within(6, 10)?.retryAfterSeconds).toBe(22 * 3600 + 1);
    expect(within(11, 10)?.retryAfterSeconds).toBe(86_401);
    expect(budgetLeft(runs, 10, NOW)).toBe(1);
    expect(budgetLeft(runs, null, NOW)).toBeNull();
  });

  it("of verifications count verifications, and the same budget", () => {
    const runs = [...times(9), charge({ kind: "verification" })];
    expect(verificationRefusal(runs, wish(), { perDay: 2, budget: null })).toBeNull();
    expect(verificationRefusal(runs, wish(), { perDay: 1, budget: null })?.limit).toBe("verification");
    expect(verificationRefusal(runs, wish(), { perDay: 2, budget: 10 })?.limit).toBe("budget");
  });
});

describe("reservations", () => {
  it("count until the board has them, once a request, and for an hour where nobody knows", () => {
    let now = NOW;
    const board = new Set<string>();
    const reservations = new Reservations(
      (id) => board.has(id),
      () => now,
    );
    const [first, second] = [{}, {}];
    reservations.take(first, "r1", charge());
    reservations.take(first, "r2", charge());
    reservations.take(second, "r3", charge());
    expect(reservations.charges()).toHaveLength(2);
    expect(reservations.charges(first)).toHaveLength(1);
    board.add("r2");
    expect(reservations.charges()).toHaveLength(1);
    reservations.doubt(second);
    now += HOUR - 1;
    expect(reservations.charges()).toHaveLength(1);
    now += 1;
    expect(reservations.charges()).toHaveLength(0);
  });
});
