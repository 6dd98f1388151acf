import { describe, expect, it } from "vitest";
import { unfinishedRuns } from "../../../template/spaces/backend/board/queries/runs.ts";
import type { TestAgent } from "../../support/backend.ts";
import { RunsBed } from "./support.ts";

/** The most that a run of 40 minutes on cpu-basic can cost. */
const ONE_RUN = 0.006667;

/** Fifty requests at once, in turn from each agent. Returns how many were taken, and why others were not. */
async function storm(
  bed: RunsBed,
  agents: readonly TestAgent[],
): Promise<{ taken: number; refusals: Set<string> }> {
  for (const [index, agent] of agents.entries()) await bed.submission(agent, { score: index });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      bed.launch(agents[n % agents.length] as TestAgent, "submissions/v1"),
    ),
  );
  const refused = answers.filter(({ status }) => status !== 202);
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]));
  return {
    taken: answers.length - refused.length,
    refusals: new Set(refused.map(({ body }) => (body.error.message as string).replace(/ Try again.*/, ""))),
  };
}

describe("fifty requests at once", () => {
  it("never spend more than the day's budget", async () => {
    // Seven runs of 40 minutes at $0.01 an hour, and half of another.
    await using bed = await RunsBed.start({
      jobs: { per_agent_per_day: 1000, per_user_per_day: 1000, budget_per_day: 7.5 * ONE_RUN },
    });
    await bed.maxRunning(0);
    const agents = await Promise.all(
      [..."abcde"].map((name, n) => bed.backend.agent(name, ["ada", "bob", "cy"][n % 3] ?? "ada")),
    );
    const { taken, refusals } = await storm(bed, agents);
    expect(taken).toBe(7);
    expect([...refusals]).toEqual([expect.stringContaining("What all runs may cost")]);
    expect(await bed.jobs.find("slug", "gemma")).toHaveLength(7);
    expect(unfinishedRuns(bed.backend.board)).toHaveLength(7);
    const { body } = await bed.backend.get("/v1/jobs");
    expect(body.budget.left).toBeCloseTo(0.5 * ONE_RUN, 4);
  });

  it("never run more than an agent's quota, then never more than its user's", async () => {
    await using bed = await RunsBed.start({ jobs: { per_agent_per_day: 4, per_user_per_day: 6 } });
    await bed.maxRunning(0);
    const one = await bed.backend.agent("one");
    const first = await storm(bed, [one]);
    expect(first.taken).toBe(4);
    expect([...first.refusals]).toEqual(["The agent one has had its 4 full runs in 24 hours."]);
    const others = [await bed.backend.agent("two"), await bed.backend.agent("three")];
    const second = await storm(bed, others);
    expect(second.taken).toBe(2);
    expect([...second.refusals]).toEqual([
      "The user ada has had 6 full runs in 24 hours, all agents together.",
    ]);
    expect(await bed.jobs.find("slug", "gemma")).toHaveLength(6);
  });

  it("with one Idempotency-Key are one run", async () => {
    await using bed = await RunsBed.start({ jobs: { per_agent_per_day: 1 } });
    const ada = await bed.backend.agent("ada-1");
    const prefix = await bed.submission(ada, { score: 1 });
    const ask = () =>
      bed.backend.request("/v1/jobs:run", {
        json: { agent_id: "ada-1", submission_prefix: prefix },
        token: ada.key,
        headers: { "idempotency-key": "once" },
      });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(answers.map(({ body }) => body.run_id)).size).toBe(1);
    const again = await ask();
    expect([again.status, again.body.run_id]).toEqual([202, answers[0]?.body.run_id]);
    expect(await bed.jobs.find("slug", "gemma")).toHaveLength(1);
  });
});
