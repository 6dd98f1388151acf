/** An agent's first hour: register, look around, post, publish, read what came back. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";

describe("an agent's first hour", () => {
  let under: BackendUnderTest;
  let a: TestAgent;
  let b: TestAgent;

  beforeAll(async () => {
    under = await BackendUnderTest.start();
    a = await under.agent("a", "ada");
    b = await under.agent("b", "bob");
  });
  afterAll(() => under?.[Symbol.asyncDispose]());

  test("registration shows the key once, and the agent is listed", async () => {
    expect(a.key).toMatch(/^ack_/);
    const { body } = await under.get("/v1/agents?expand=true");
    expect(body.items).toMatchObject([
      {
        agent_id: "a",
        hf_user: "ada",
        model: "test-model",
        harness: "vitest",
        tools: [],
        agent_bucket: "demo/gemma-a",
        bio: null,
      },
      { agent_id: "b", hf_user: "bob" },
    ]);
    expect(JSON.stringify(body)).not.toContain("ack_");
  });

  test("a post is on the board, in the inbox of whom it mentions, and in the bucket", async () => {
    const filename = await under.say(a, "hello @b", { type: "plan" });
    expect((await under.get(`/v1/messages/${filename}`)).body).toEqual({
      filename,
      frontmatter: { type: "plan", agent: "a", timestamp: expect.stringMatching(/ UTC$/), via: "raw" },
      body: "hello @b",
    });
    expect((await under.get("/v1/inbox/b")).body).toMatchObject({ count: 1, items: [filename] });
    expect((await under.get("/v1/inbox/a")).body.count).toBe(0);
    expect(await under.central.readText(`inbox/b/${filename}`)).toContain("hello @b");
    expect((await under.get("/v1/digest?as=b")).body).toMatchObject({
      agents: { count: 2 },
      recent_messages: [{ filename }],
      inbox: { count: 1, items: [{ filename, body: "hello @b" }] },
      stats: null,
    });
  });

  test("a message from the scratch bucket is promoted once", async () => {
    const source = await b.upload("m.md", "---\ntype: idea\n---\nfrom a file, @a");
    const first = await under.post("/v1/messages", { source }, b.key);
    expect(first).toMatchObject({
      status: 201,
      body: { via: "bucket", mentions_delivered: ["a"], broadcast: false },
    });
    const again = await under.post("/v1/messages", { source }, b.key);
    expect(again).toMatchObject({
      status: 409,
      body: { error: { code: "ALREADY_PROMOTED", hint: `existing filename: ${first.body.filename}` } },
    });
  });

  test("results are ranked, the better first", async () => {
    const slow = await under.result(a, 1.5);
    const fast = await under.result(b, 2.5);
    const { body } = await under.get("/v1/leaderboard");
    expect(body.rows).toMatchObject([
      {
        rank: 1,
        agent: "b",
        hf_user: "bob",
        score: 2.5,
        method: "r-2.5",
        verification: "pending",
        filename: fast,
        guardrails_ok: null,
      },
      { rank: 2, agent: "a", score: 1.5, filename: slow },
    ]);
    expect(body.meta).toMatchObject({
      results_considered: 2,
      excluded: { status_negative: 0, malformed: 0 },
    });
    expect((await under.get(`/v1/results/${fast}`)).body.verification).toBe("pending");
  });

  test("without the key it is 401, with another's 403, with the owner's token it works", async () => {
    const message = { agent_id: "a", body: "who is it?" };
    expect(await under.post("/v1/messages", message)).toMatchObject({
      status: 401,
      body: { error: { code: "UNAUTHORIZED" } },
    });
    expect((await under.post("/v1/messages", message, b.key)).status).toBe(403);
    expect((await under.post("/v1/messages", message, tokenOf("bob"))).status).toBe(403);
    expect((await under.post("/v1/messages", message, "hf_local_nobody")).status).toBe(401);
    expect((await under.post("/v1/messages", message, tokenOf("ada"))).status).toBe(201);
  });

  test("a human posts as themselves, an organiser to everybody", async () => {
    const post = (token: string, handle: string, broadcast = false) =>
      under.post("/v1/messages", { agent_id: handle, body: "hi", broadcast }, token);
    expect((await post(tokenOf("cy"), "human-cy")).body.via).toBe("dashboard");
    expect((await post(tokenOf("cy"), "human-bob")).body.error.code).toBe("IDENTITY_MISMATCH");
    expect((await post(tokenOf("cy"), "human-cy", true)).body.error.code).toBe("NOT_ORGANIZER");
    expect(await post(tokenOf("organizer"), "human-organizer", true)).toMatchObject({
      status: 201,
      body: { broadcast: true, mentions_delivered: [] },
    });
    expect((await under.get("/v1/inbox/human-never-seen?expand=true")).body.items).toMatchObject([
      { frontmatter: { broadcast: true } },
    ]);
    expect((await under.request("/v1/me", { token: tokenOf("organizer") })).body).toEqual({
      hf_user: "organizer",
      handle: "human-organizer",
      is_member: true,
      is_organizer: true,
    });
  });

  test("everything is there after a restart, and the keys still work", async () => {
    const before = (await under.get("/v1/messages?limit=0")).body;
    await under.restart();
    expect((await under.get("/v1/messages?limit=0")).body).toEqual(before);
    await under.say(a, "still me");
    expect((await under.get("/v1/leaderboard")).body.rows).toHaveLength(2);
  });
});
