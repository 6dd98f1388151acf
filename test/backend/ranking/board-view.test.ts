/** What readers see of the ranking: over HTTP, on the page, in the digest and in the bucket. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { BackendUnderTest, type TestAgent } from "../../support/backend.ts";
import { keepRun, sampleRun, sampleSummary } from "../../support/runs.ts";

let under: BackendUnderTest;
let agents: Record<"ada" | "bob" | "cy", TestAgent>;
let over: string;
let copy: string;
let best: string;
let n = 0;

async function draws(agent: TestAgent, hash: string, tps: readonly number[], ppl: number): Promise<string> {
  const runs = [];
  for (const score of tps) {
    n += 1;
    runs.push(
      await keepRun(
        under,
        sampleRun({
          run_id: `20260601-1000${String(n).padStart(2, "0")}-000_${agent.id}`,
          agent_id: agent.id,
          hf_user: agent.user,
          runtime_hash: hash,
          summary: sampleSummary({ tps: score, ppl, ...(ppl < 2.1 ? { identity: "exact" } : {}) }),
        }),
      ),
    );
  }
  const body = { run_id: runs[0]?.run_id, method: `m-${hash}`, description: "d" };
  const answer = await under.post("/v1/results", body, agent.key);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.filename;
}

beforeAll(async () => {
  under = await BackendUnderTest.start({
    collab: {
      collab: { slug: "gemma", title: "Test | collab", org: "demo" },
      scoring: {
        field: "tps",
        unit: "tok/s",
        statistic: "median",
        draws: 2,
        guardrails: [{ field: "ppl", max: 2.42 }],
        columns: [{ field: "identity" }],
        tracks: [
          { id: "lossless", title: "Lossless", description: "the same tokens", requires: ["identity"] },
        ],
      },
      jobs: { enabled: true },
    },
    start: { leaderboardDelayMs: 100 },
  });
  agents = {
    ada: await under.agent("ada", "ada"),
    bob: await under.agent("bob", "bob"),
    cy: await under.agent("cy", "cy"),
  };
  best = await draws(agents.ada, "A", [500, 502], 2.4);
  copy = await draws(agents.bob, "A", [501], 2.4);
  await draws(agents.bob, "B", [300, 301], 2.0);
  await draws(agents.cy, "C", [700], 2.3);
  over = await draws(agents.cy, "D", [900, 901], 2.43);
  await under.backend.record.verification.update((entries) => new Map([...entries, [best, "valid"]]));
});
afterAll(() => under[Symbol.asyncDispose]());

const get = async (path: string) => (await under.get(path)).body;

describe("GET /v1/leaderboard", () => {
  test("shows the whole of each row, and what stands beside", async () => {
    const { rows, unranked, statistic, meta } = await get("/v1/leaderboard");
    expect(statistic).toBe("median");
    expect(rows).toMatchObject([
      {
        rank: 1,
        agent: "ada",
        score: 501,
        n: 3,
        draws_wanted: 2,
        verification: "valid",
        reproductions: 1,
        provisional: false,
      },
      {
        rank: 2,
        agent: "bob",
        score: 300.5,
        n: 2,
        tracks: ["lossless"],
        values: { ppl: 2, identity: "exact" },
      },
      { rank: 3, agent: "cy", score: 700, n: 1, provisional: true },
    ]);
    expect(unranked).toMatchObject([
      { filename: over, why: "invalid", reason: expect.stringContaining("2.43") },
      { filename: copy, why: "reproduction", reproduction_of: best },
    ]);
    expect(meta).toMatchObject({
      ranked: 3,
      results_considered: 5,
      excluded: { verification_invalid: 1, reproductions: 1 },
    });
  });

  test.each([
    ["?track=lossless", ["bob"]],
    ["?valid_first=false", ["ada", "bob", "cy"]],
    ["?verification=invalid", ["cy"]],
    ["?collapse=user&limit=1", ["ada"]],
    ["?agent=cy", ["cy"]],
  ])("%s gives %j", async (query, expected) => {
    const { rows } = await get(`/v1/leaderboard${query}`);
    expect(rows.map(({ agent }: { agent: string }) => agent)).toEqual(expected);
  });

  test("cuts what stands beside, and gives all of it", async () => {
    expect((await get("/v1/leaderboard?unranked=1")).unranked).toHaveLength(1);
    expect((await get("/v1/leaderboard?unranked=0")).unranked).toHaveLength(2);
  });

  test.each([
    ["/v1/leaderboard?track=fast", "lossless"],
    ["/v1/leaderboard?collapse=agent", "user"],
    ["/v1/leaderboard/pareto?x=vibes", "tps, ppl, identity"],
    ["/v1/leaderboard/pareto?x_better=more", "higher or lower"],
    ["/v1/leaderboard/pareto?track=fast", "lossless"],
  ])("%s is refused with what is allowed: %s", async (path, allowed) => {
    const { status, body } = await under.get(path);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "INVALID_QUERY", hint: expect.stringContaining(allowed) });
  });

  test("has a Pareto view, by default the first guardrail against the score", async () => {
    expect(await get("/v1/leaderboard/pareto")).toMatchObject({
      x: { field: "ppl", better: "lower" },
      y: { field: "tps", better: "higher" },
      points: [
        { agent: "ada", x: 2.4, y: 501, dominated: true },
        { agent: "bob", x: 2, y: 300.5, dominated: false },
        { agent: "cy", x: 2.3, y: 700, dominated: false },
      ],
    });
    expect((await get("/v1/leaderboard/pareto?track=lossless")).points).toHaveLength(1);
  });

  test("describes itself", async () => {
    const { endpoints, conventions } = await get("/v1");
    const described = endpoints.find(
      ({ path, method }: { path: string; method: string }) => path === "/v1/results" && method === "POST",
    );
    expect(described.params).toContain("run_id");
    expect(conventions.leaderboard).toContain("median");
    expect(conventions.leaderboard).toContain("lossless");
    expect(conventions.results_by_run).toContain("POST /v1/results {run_id");
    const { paths, components } = await get("/openapi.json");
    const names = paths["/v1/leaderboard"].get.parameters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(["track", "collapse", "valid_first", "unranked"]));
    expect(paths["/v1/leaderboard/pareto"]).toBeDefined();
    expect(Object.keys(components.schemas.PostResult.properties)).toEqual(
      expect.arrayContaining(["source", "run_id", "announce"]),
    );
  });
});

test("the page shows ranks, spread, draws, verdicts, tracks and what stands beside the board", async () => {
  const page = await get("/");
  for (const text of [
    "501 ± ",
    "reproduced by 1",
    "1 of 2, provisional",
    "Lossless",
    "Beside the board",
    "ppl is 2.43",
    `reproduction of ${best}`,
  ]) {
    expect(page, text).toContain(text);
  }
});

test("the digest says it too, and keeps to its budget", async () => {
  const digest = await under.request("/v1/digest", { headers: { accept: "text/markdown" } });
  expect(digest.body).toMatch(/1\. ada: 501 ± .* \(valid, reproduced by 1, draws: 3\)/);
  expect(digest.body).toContain("in lossless");
  const { leaderboard, budget } = await get("/v1/digest?budget=900");
  expect(budget.used).toBeLessThanOrEqual(900);
  expect(leaderboard[0]).toMatchObject({ rank: 1, agent: "ada", n: 3, provisional: false, tied: 1 });
  expect(leaderboard[0]).not.toHaveProperty("spread");
});

test("leaderboard/ in the bucket follows", async () => {
  await vi.waitFor(
    async () => {
      const readme = await under.central.readText("leaderboard/README.md");
      for (const text of [
        "# Leaderboard of Test \\| collab",
        "the median of its draws",
        "| 1 | ada | 501 ±",
        "| valid, reproduced by 1 |",
        "1 of 2, provisional",
        "## Track Lossless",
        "## Beside the board",
        "ppl is 2.43",
      ]) {
        expect(readme).toContain(text);
      }
      const json = JSON.parse((await under.central.readText("leaderboard/leaderboard.json")) ?? "{}");
      expect(json.rows[0]).toMatchObject({ agent: "ada", n: 3, verification: "valid" });
      expect(json.unranked).toHaveLength(2);
      const history = JSON.parse((await under.central.readText("leaderboard/history.json")) ?? "[]");
      expect(history.map(({ score }: { score: number }) => score)).toEqual([501]);
    },
    { timeout: 20_000, interval: 100 },
  );
});
