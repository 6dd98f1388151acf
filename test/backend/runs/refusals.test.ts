import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestAgent, tokenOf } from "../../support/backend.ts";
import { RunsBed, waitFor } from "./support.ts";

describe("jobs:run, refused in the order of the v1 API", () => {
  let bed: RunsBed;
  let ada: TestAgent;
  let bob: TestAgent;

  beforeAll(async () => {
    bed = await RunsBed.start({
      // Money is never spent for somebody who is not known, even where writes are open.
      collab: { board: { writes: "open" } },
      jobs: {
        per_agent_per_day: 2,
        per_user_per_day: 3,
        per_submission_per_day: 3,
        submission_files: 5,
        submission_bytes: 10_000,
        manifest: {},
        smoke: { enabled: false },
      },
    });
    ada = await bed.backend.agent("ada-1");
    bob = await bed.backend.agent("bob-1", "bob");
    const schema = {
      type: "object",
      required: ["serve"],
      properties: { serve: { type: "array" } },
      additionalProperties: false,
    };
    await bed.backend.central.write([
      { path: "harness/manifest.schema.json", content: JSON.stringify(schema) },
    ]);
    await ada.upload("good/manifest.json", '{"serve": ["x"]}');
    await ada.upload("good/behave.json", '{"score": 1}');
    await ada.upload("bad/manifest.json", '{\n  "serv": 3\n}');
    await ada.upload("none/behave.json", "{}");
    for (let n = 0; n < 6; n++) await ada.upload(`many/${n}`, "x");
    await ada.upload("large/a", "x".repeat(10_001));
  });
  afterAll(() => bed[Symbol.asyncDispose]());

  const good = { agent_id: "ada-1", submission_prefix: "good", run_prefix: "runs/x" };

  it.each<[string, Record<string, unknown>, string | undefined, number, string]>([
    ["a body that is none", { agent_id: 3 }, undefined, 422, "INVALID_REQUEST"],
    ["an unknown lane", { ...good, lane: "fast" }, undefined, 422, "INVALID_REQUEST"],
    ["a lane that is off", { ...good, agent_id: "NO", lane: "smoke" }, undefined, 404, "JOBS_DISABLED"],
    [
      "an id, before prefixes",
      { ...good, agent_id: "NO", submission_prefix: "../x" },
      undefined,
      400,
      "INVALID_PATH",
    ],
    [
      "a submission_prefix",
      { ...good, agent_id: "ghost", submission_prefix: "../x" },
      undefined,
      400,
      "INVALID_PATH",
    ],
    ["a run_prefix", { ...good, agent_id: "ghost", run_prefix: "a//b" }, undefined, 400, "INVALID_PATH"],
    ["a dot path", { ...good, run_prefix: ".bucket-sync-handshake" }, undefined, 400, "INVALID_PATH"],
    ["an agent nobody has registered", { ...good, agent_id: "ghost" }, undefined, 404, "NOT_REGISTERED"],
    ["no bearer", good, undefined, 401, "UNAUTHORIZED"],
    ["a token nobody has", good, "hf_nobody", 401, "UNAUTHORIZED"],
    ["another agent's key", good, "bob", 403, "IDENTITY_MISMATCH"],
    ["another user's token", good, tokenOf("bob"), 403, "IDENTITY_MISMATCH"],
    ["an organiser's token", good, tokenOf("organizer"), 403, "IDENTITY_MISMATCH"],
    ["nothing to measure", { ...good, submission_prefix: "nowhere" }, "ada", 404, "SOURCE_NOT_FOUND"],
    [
      "a file as submission",
      { ...good, submission_prefix: "good/manifest.json" },
      "ada",
      404,
      "SOURCE_NOT_FOUND",
    ],
    ["too many files", { ...good, submission_prefix: "many" }, "ada", 413, "TOO_LARGE"],
    ["too many bytes", { ...good, submission_prefix: "large" }, "ada", 413, "TOO_LARGE"],
    ["no manifest", { ...good, submission_prefix: "none" }, "ada", 400, "INVALID_SUBMISSION"],
    ["a manifest with faults", { ...good, submission_prefix: "bad" }, "ada", 400, "INVALID_SUBMISSION"],
  ])("%s", async (_name, body, bearer, status, code) => {
    const token = bearer === "ada" ? ada.key : bearer === "bob" ? bob.key : bearer;
    const before = bed.backend.board.version;
    const answer = await bed.backend.post("/v1/jobs:run", body, token);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(bed.backend.board.version).toBe(before);
  });

  it("names every fault of a manifest with its line", async () => {
    const { body } = await bed.launch(ada, "bad");
    expect(body.error.problems).toMatchObject([
      { file: "manifest.json", path: "serve", message: "is missing" },
      { file: "manifest.json", line: 2, column: 3, path: "serv", suggestion: "serve" },
    ]);
    expect(body.error.message).toContain("manifest.json:2:3 serv: is not a known key");
  });

  it("counts per agent, then per user, then per submission, and says when there is room again", async () => {
    const run = async (agent: TestAgent) => (await bed.launch(agent, "good")).status;
    expect([await run(ada), await run(ada)]).toEqual([202, 202]);
    const refused = await bed.launch(ada, "good");
    expect(refused.status).toBe(429);
    expect(refused.body.error.message).toContain("ada-1 has had its 2 full runs");
    const wait = Number(refused.headers.get("retry-after"));
    expect(wait).toBeGreaterThan(86_000);
    expect(wait).toBeLessThanOrEqual(86_401);

    const second = await bed.backend.agent("ada-2");
    await second.upload("good/manifest.json", '{"serve": ["x"]}');
    await second.upload("good/behave.json", '{"score": 1}');
    expect(await run(second)).toBe(202);
    const user = await bed.launch(second, "good");
    expect([user.status, user.body.error.message]).toEqual([
      429,
      expect.stringContaining("The user ada has had 3"),
    ]);

    await bob.upload("good/manifest.json", '{"serve": ["x"]}');
    await bob.upload("good/behave.json", '{"score": 1}');
    const copy = await bed.launch(bob, "good");
    expect([copy.status, copy.body.error.message]).toEqual([
      429,
      expect.stringContaining("This very submission"),
    ]);
    await bob.upload("good/behave.json", '{"score": 2}');
    expect(await run(bob)).toBe(202);
  });
});

describe("a collab", () => {
  it("without Jobs has none", async () => {
    await using bed = await RunsBed.start({ jobs: { enabled: false } });
    const ada = await bed.backend.agent("ada-1");
    const prefix = await bed.submission(ada, { score: 1 });
    for (const answer of [await bed.launch(ada, prefix), await bed.backend.get("/v1/jobs")]) {
      expect([answer.status, answer.body.error.code]).toEqual([404, "JOBS_DISABLED"]);
    }
    expect((await bed.backend.get("/v1/runs")).body).toEqual({ items: [], next: null });
  });

  it.each(["paused", "frozen", "closed"] as const)("that is %s launches nothing", async (status) => {
    await using bed = await RunsBed.start();
    const ada = await bed.backend.agent("ada-1");
    const prefix = await bed.submission(ada, { score: 1 });
    const { collab } = bed.backend.backend;
    bed.backend.backend.live.replace({ ...collab, collab: { ...collab.collab, status } });
    const answer = await bed.launch(ada, prefix);
    expect([answer.status, answer.body.error.code]).toEqual([403, "COLLAB_CLOSED"]);
    expect(await bed.jobs.find("slug", "gemma")).toEqual([]);
  });

  it("asks the Hub for nothing while nothing runs, and once a turn for each running Job", async () => {
    await using bed = await RunsBed.start({ runs: { pollMs: 200 }, start: { leaderboardDelayMs: 60_000 } });
    const calls = async () => {
      const { requests } = (await (
        await fetch(`${bed.backend.localHub.url}/_emulator/requests?limit=1000`)
      ).json()) as {
        requests: { path: string; method: string }[];
      };
      return requests.filter(({ path }) => path.startsWith("/api/jobs")).length;
    };
    const ada = await bed.backend.agent("ada-1");
    // At its start it has looked once for Jobs that belong to no run, in each namespace.
    const idle = await waitFor(async () => (await calls()) === 2 && 2);
    await sleep(1_000);
    expect(await calls()).toBe(idle);
    const id = await bed.run(ada, { score: 1, sleep: 60 });
    const launched = await calls();
    await sleep(2_100);
    const looks = (await calls()) - launched;
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThanOrEqual(11);
    await bed.backend.post(`/v1/runs/${id}:cancel`, {}, ada.key);
    const run = await bed.over(id);
    await bed.when(run.run_id, ({ mirrored }) => mirrored);
    const over = await calls();
    await sleep(1_000);
    expect(await calls()).toBe(over);
  });
});
