/** From an uploaded submission to the board, with Jobs that really run. */
import { expect, test } from "vitest";
import { RunsBed } from "../runs/support.ts";

test("smoke, then full twice, another's copy, and an honest dead end", async () => {
  await using bed = await RunsBed.start({
    collab: { scoring: { statistic: "median", draws: 2, guardrails: [{ field: "ppl", max: 3 }] } },
  });
  const { backend: under } = bed;
  const ada = await under.agent("ada-1");
  const eve = await under.agent("eve-1", "bob");
  const words = { method: "m", description: "d", announce: true };
  const post = (agent: typeof ada, runId: string, extra = {}) =>
    under.post("/v1/results", { run_id: runId, ...words, ...extra }, agent.key);
  const measure = async (agent: typeof ada, prefix: string, extra = {}) => {
    const { body } = await bed.launch(agent, prefix, extra);
    return (await bed.over(body.run_id)).run_id;
  };

  const honest = { score: 5, summary: { ppl: 2 } };
  const prefix = await bed.submission(ada, honest);
  const smoke = await measure(ada, prefix, { lane: "smoke" });
  expect((await post(ada, smoke)).body.error.code).toBe("RUN_CANNOT_RANK");

  const first = await measure(ada, prefix);
  const posted = await post(ada, first);
  expect(posted).toMatchObject({ status: 201, body: { score: 5, verification: "pending" } });
  expect((await post(eve, first)).status).toBe(403);
  await measure(ada, prefix);
  const copied = await measure(eve, await bed.submission(eve, honest));
  const copy = await post(eve, copied);
  expect(copy.status).toBe(201);

  const broken = await measure(eve, await bed.submission(eve, { exit: 10 }, "broken"));
  expect((await post(eve, broken)).body.error.code).toBe("RUN_CANNOT_RANK");
  expect((await post(eve, broken, { status: "negative" })).status).toBe(201);

  const { rows, unranked, meta } = (await under.get("/v1/leaderboard")).body;
  expect(rows).toMatchObject([
    { rank: 1, agent: "ada-1", score: 5, n: 3, provisional: false, reproductions: 1, guardrails_ok: true },
  ]);
  expect(unranked).toMatchObject([{ filename: copy.body.filename, reproduction_of: posted.body.filename }]);
  expect(meta.excluded).toMatchObject({ status_negative: 1, reproductions: 1 });
}, 180_000);
