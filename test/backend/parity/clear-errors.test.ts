/** What the forerunner answered unclearly or with 500 (api-v1.md 12.4), answered clearly here. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";
import { addFault } from "../../support/hub-faults.ts";

let under: BackendUnderTest;
let a: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start();
  a = await under.agent("a", "ada");
  await under
    .hubAs("ada")
    .bucket(a.bucket)
    .write([{ path: "latin.md", content: new Uint8Array([0x2d, 0xe9, 0x20]) }]);
});
afterAll(() => under?.[Symbol.asyncDispose]());

const HEAD = "score: 1\nmethod: m\ndescription: d\n";

describe("V1, V2: a source that cannot be used", () => {
  test.each<[string, string | null, number, string, RegExp]>([
    ["none.md", null, 404, "SOURCE_NOT_FOUND", /hf:\/\/buckets\/demo\/gemma-a\/none\.md/],
    ["", null, 404, "SOURCE_NOT_FOUND", /gemma-a/],
    ["latin.md", null, 400, "INVALID_FRONTMATTER", /UTF-8/],
    ["date.md", `---\n${HEAD}status: agent-run\nwhen: 2026-13-45\n---\n`, 400, "INVALID_FRONTMATTER", /./],
    [
      "long.md",
      `---\n${HEAD}status: agent-run\nn: ${"1".repeat(4301)}\n---\n`,
      400,
      "INVALID_FRONTMATTER",
      /./,
    ],
    [
      "list.md",
      `---\n${HEAD}status: [agent-run]\n---\n`,
      400,
      "INVALID_FRONTMATTER",
      /"status" must be agent-run or negative/,
    ],
    [
      "exp.md",
      "---\nscore: 1e5\nmethod: m\nstatus: agent-run\ndescription: d\n---\n",
      400,
      "INVALID_FRONTMATTER",
      /1\.0e\+5/,
    ],
    [
      "text.md",
      "---\nscore: '5'\nmethod: m\nstatus: agent-run\ndescription: d\n---\n",
      400,
      "INVALID_FRONTMATTER",
      /the text "5"/,
    ],
    [
      "blank.md",
      `---\n${HEAD.replace("method: m", "method: ' '")}status: agent-run\n---\n`,
      400,
      "INVALID_FRONTMATTER",
      /"method" is blank/,
    ],
    [
      "less.md",
      "---\nscore: 1\n---\n",
      400,
      "INVALID_FRONTMATTER",
      /"method" is missing. Required: score, method, status, description/,
    ],
  ])("%s", async (path, text, status, code, message) => {
    if (text !== null) await a.upload(path, text);
    const answer = await under.post(
      "/v1/results",
      { source: `hf://buckets/demo/gemma-a${path && "/"}${path}` },
      a.key,
    );
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(`${answer.body.error.message} ${answer.body.error.hint ?? ""}`).toMatch(message);
  });
});

describe("V4, V5: what is wrong, and not something else", () => {
  test("whose registration it is, and how to change it", async () => {
    const json = { agent_id: "a", model: "m", harness: "h" };
    const own = await under.post("/v1/agents/register", json, tokenOf("ada"));
    expect([own.body.error.code, own.body.error.hint]).toEqual([
      "AGENT_ID_TAKEN",
      expect.stringContaining('"force": true'),
    ]);
    expect(own.body.error.message).not.toMatch(/another|different/);
  });

  test("a marker hint shows a path that is taken", async () => {
    const source = await a.upload("p.json", "{}");
    const send = (dest_path: string) => under.post("/v1/shared-resources:sync", { source, dest_path }, a.key);
    const { error } = (await send("a_bpe.json")).body;
    const example = /plots\/\S+\.png/.exec(error.hint)?.[0] ?? "";
    expect((await send(example)).status).toBe(200);
  });

  test("a bucket that is missing names the command; the command's words are what clients parse", async () => {
    const answer = await under.post(
      "/v1/agents/register",
      { agent_id: "new", model: "m", harness: "h" },
      tokenOf("bob"),
    );
    expect([answer.status, answer.body.error.code, answer.body.error.hint]).toEqual([
      412,
      "BUCKET_MISSING",
      "run: hf buckets create demo/gemma-new",
    ]);
    await under.hubAs("bob").bucket("demo/gemma-new").create({ private: true });
    const handshake = await under.post(
      "/v1/agents/register",
      { agent_id: "new", model: "m", harness: "h" },
      tokenOf("bob"),
    );
    expect([handshake.status, handshake.body.error.code]).toEqual([403, "BUCKET_NOT_OWNED_BY_CALLER"]);
    expect(handshake.body.error.hint).toContain("hf://buckets/demo/gemma-new/.bucket-sync-handshake");
    expect(handshake.body.error.hint).toContain("bob");
  });

  test("an outage of the Hub is an outage, at every step of a registration", async () => {
    await under.scratch("outage", "cy");
    for (const path of [
      "/api/whoami-v2",
      "/api/buckets/demo/gemma-outage",
      "/buckets/demo/gemma-outage/**",
      "/api/buckets/demo/gemma-outage/paths-info",
    ]) {
      const rule = { kind: "status", status: 503, retryAfterSeconds: 0, path } as const;
      const lift = await addFault(under.localHub.url, rule);
      const answer = await under.post(
        "/v1/agents/register",
        { agent_id: "outage", model: "m", harness: "h", force: true },
        tokenOf("cy"),
      );
      await lift();
      expect([path, answer.status]).toEqual([path, answer.status === 201 ? 201 : 503]);
      if (answer.status === 503) expect(answer.body.error.code).toBe("HUB_UNAVAILABLE");
    }
  });
});

test("V7: refs with a folder deliver; V8: a body that begins with a rule stays whole", async () => {
  const first = await under.say(a, "first");
  const b = await under.agent("b", "bob");
  const answer = await under.post(
    "/v1/messages",
    { agent_id: "b", body: "---\nnot frontmatter\n---\nmore", refs: `message_board/${first}` },
    b.key,
  );
  expect([answer.status, answer.body.mentions_delivered]).toEqual([201, ["a"]]);
  expect((await under.get(`/v1/messages/${answer.body.filename}`)).body.body).toBe(
    "---\nnot frontmatter\n---\nmore",
  );
});

test("V9: a body reads the same before and after a restart", async () => {
  const bodies = [
    "plain",
    "\nleading",
    "trailing\n",
    "\n\ntwo\n\n",
    " spaces ",
    "tab\t",
    "a\r\nb",
    "---",
    "x\n---\ny",
  ];
  const names = await Promise.all(bodies.map((body) => under.say(a, body)));
  const read = () =>
    Promise.all(names.map(async (name) => (await under.get(`/v1/messages/${name}`)).body.body));
  const before = await read();
  await under.restart();
  expect(await read()).toEqual(before);
});
