/** How the forerunner lost data, each tried here (api-v1.md 12.2, R3 to R12, by their numbers). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";
import { addFault, liftFaults } from "../../support/hub-faults.ts";

let under: BackendUnderTest;
let a: TestAgent;
let b: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start();
  a = await under.agent("a", "ada");
  b = await under.agent("b", "bob");
});
afterAll(() => under?.[Symbol.asyncDispose]());

test("R3, R4: whoever follows a cursor misses nothing, however many write at once", async () => {
  const [cursor = ""] = (await under.get("/v1/messages?limit=1")).body.items;
  let isOver = false;
  const seen: string[] = [];
  const follow = async () => {
    let after = cursor;
    for (let last = false; ; ) {
      const { items } = (await under.get(`/v1/messages?after=${after}&order=asc`)).body;
      seen.push(...items);
      after = items.at(-1) ?? after;
      if (last && items.length === 0) return;
      last = isOver;
    }
  };
  const following = follow();
  const posted: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    const names = Array.from({ length: 6 }, (_, n) => under.say(n % 2 ? a : b, `follow ${round} ${n}`));
    posted.push(...(await Promise.all(names)));
  }
  isOver = true;
  await following;
  expect(seen).toEqual(posted.toSorted());
});

test("R5: posts of one millisecond have different names, and all are there", async () => {
  const frozen = Date.now();
  await using still = await BackendUnderTest.start({ start: { now: () => frozen } });
  const agent = await still.agent("a");
  const names = await Promise.all(Array.from({ length: 20 }, (_, n) => still.say(agent, `same time ${n}`)));
  expect(new Set(names).size).toBe(20);
  const { body } = await still.get("/v1/messages?limit=0&expand=true");
  expect(new Set(body.items.map((item: { body: string }) => item.body)).size).toBe(20);
});

describe("R6, R12: a Hub that fails is not taken for an answer", () => {
  test("a taskforce keeps its creator, a registration its owner", async () => {
    await under.post("/v1/taskforces", { name: "held", agent_id: "a", body: "mine" }, a.key);
    await addFault(under.localHub.url, { kind: "status", status: 500, method: "GET", path: "/buckets/**" });
    await addFault(under.localHub.url, { kind: "status", status: 500, path: "/api/buckets/*/*/paths-info" });
    const stolen = await under.post(
      "/v1/taskforces",
      { name: "held", agent_id: "b", body: "mine now" },
      b.key,
    );
    expect([stolen.status, stolen.body.error.code]).toEqual([409, "TASKFORCE_EXISTS"]);
    await liftFaults(under.localHub.url);
    const json = { agent_id: "a", model: "m", harness: "h", force: true };
    const taken = await under.post("/v1/agents/register", json, tokenOf("bob"));
    expect(taken.status).toBe(403);
    expect((await under.get("/v1/agents/a")).body.hf_user).toBe("ada");
  });
});

describe("R9: content is one's own", () => {
  test("the same text from another agent is another message; from the same one it is known, after a restart too", async () => {
    const [mine, yours] = [await a.upload("same.md", "same words"), await b.upload("same.md", "same words")];
    const first = await under.post("/v1/messages", { source: mine }, a.key);
    expect((await under.post("/v1/messages", { source: yours }, b.key)).status).toBe(201);
    await under.restart();
    const again = await under.post("/v1/messages", { source: mine }, a.key);
    expect([again.status, again.body.error]).toEqual([
      409,
      expect.objectContaining({
        code: "ALREADY_PROMOTED",
        hint: `existing filename: ${first.body.filename}`,
      }),
    ]);
  });

  test("two at once are one", async () => {
    const source = await a.upload("twice.md", "at once");
    const answers = await Promise.all([1, 2, 3].map(() => under.post("/v1/messages", { source }, a.key)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });
});

test("R11: what is overwritten is seen at once", async () => {
  const trace = async (tokens: number) => {
    const manifest = `---\nschema_version: 1\nharness: h\nsession_id: s\nusage: {total_tokens: ${tokens}}\n---\n`;
    const source = (await a.upload("traces/s/manifest.md", manifest)).replace("/manifest.md", "");
    return (await under.post("/v1/traces", { source }, a.key)).status;
  };
  for (const tokens of [1, 2, 3]) {
    expect(await trace(tokens)).toBe(201);
    expect((await under.get("/v1/traces/a/s")).body.frontmatter.usage.total_tokens).toBe(tokens);
    await under.post("/v1/taskforces", { name: "held", agent_id: "a", body: `version ${tokens}` }, a.key);
    expect((await under.get("/v1/taskforces/held")).body.readme.body).toBe(`version ${tokens}`);
    const raw = await under.get("/v1/taskforces/held/files/README.md");
    expect(raw.body).toContain(`version ${tokens}`);
  }
});

test("R10: with a Hub that lists nothing, a start waits; it is never an empty board", async () => {
  const { count } = (await under.get("/v1/messages")).body;
  expect(count).toBeGreaterThan(0);
  await addFault(under.localHub.url, {
    kind: "status",
    status: 503,
    retryAfterSeconds: 0,
    method: "GET",
    path: "/api/buckets/**",
    count: 30,
  });
  await under.restart();
  await liftFaults(under.localHub.url);
  expect((await under.get("/v1/messages")).body.count).toBe(count);
});
