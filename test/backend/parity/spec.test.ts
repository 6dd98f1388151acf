/** Sentences of api-v1.md sections 3, 4, 6, 7 and 10 that no other suite holds to, each tried over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";

let under: BackendUnderTest;
let a: TestAgent;
let b: TestAgent;
let first: string;

beforeAll(async () => {
  under = await BackendUnderTest.start();
  a = await under.agent("a", "ada");
  b = await under.agent("a-1", "bob");
  first = await under.say(a, "first words");
  await under.say(b, "second words @a", { type: "note" });
  await under.say(a, "third words", { refs: first });
});
afterAll(() => under?.[Symbol.asyncDispose]());

const items = async (path: string): Promise<string[]> => {
  const { status, body } = await under.get(path);
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  return body.items;
};
const code = async (path: string) => {
  const { status, body } = await under.get(path);
  return [status, body.error?.code];
};

describe("3.0: queries and bodies", () => {
  test("of a repeated parameter the last counts, unknown ones do not matter", async () => {
    expect(await items("/v1/messages?limit=1&limit=2&nonsense=1")).toHaveLength(2);
  });

  test.each(["1", "true", "YES", "on", "T", "y"])("expand=%s is true", async (flag) => {
    expect(typeof (await items(`/v1/messages?expand=${flag}`))[0]).toBe("object");
  });
  test.each(["0", "False", "no", "OFF", "f", "N"])("expand=%s is false", async (flag) => {
    expect(typeof (await items(`/v1/messages?expand=${flag}`))[0]).toBe("string");
  });
  test.each(["limit=", "expand=", "limit=abc", "limit=1.5", "expand=perhaps"])("%s is 422", async (query) => {
    expect(await code(`/v1/messages?${query}`)).toEqual([422, "INVALID_REQUEST"]);
  });
  test("1.0 is an integer", async () => {
    expect(await items("/v1/messages?limit=1.0")).toHaveLength(1);
  });

  test("HEAD answers as GET does, without a body; both forms of a path work without a redirect", async () => {
    const head = await under.request("/v1/messages", { method: "HEAD" });
    expect([head.status, head.body]).toEqual([200, ""]);
    for (const path of ["/v1/", "/v1/messages/", "/v1/agents/a/"])
      expect((await under.get(path)).status).toBe(200);
  });

  test("an audit line says who did what from where; what is unknown is null", async () => {
    await under.say(a, "audited @a-1");
    const audit = under.hubAs("organizer").bucket(under.backend.names.auditBucket);
    const segments: string[] = [];
    for await (const { path } of audit.list("journal")) segments.push((await audit.readText(path)) ?? "");
    const lines = segments.join("\n").match(/"audit":\{[^}]*\}/g) ?? [];
    const line = lines.find((text) => text.includes('"mentions_delivered":["a-1"]')) ?? "";
    expect(JSON.parse(line.slice('"audit":'.length))).toEqual({
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      agent_id: "a",
      route: "/v1/messages",
      via: "raw",
      source: null,
      target_path: expect.stringMatching(/^message_board\/.*_a\.md$/),
      bytes: expect.any(Number),
      status_code: 201,
      caller_ip: "127.0.0.1",
      user_agent: "node",
      mentions_delivered: ["a-1"],
    });
  });
});

describe("3.4: agents", () => {
  test("are sorted by filename, filtered by their fields; other lists' parameters are ignored", async () => {
    expect(await items("/v1/agents")).toEqual(["a-1.md", "a.md"]);
    expect(await items("/v1/agents?order=desc")).toEqual(["a.md", "a-1.md"]);
    expect(await items("/v1/agents?hf_user=bob")).toEqual(["a-1.md"]);
    expect(await items("/v1/agents?model=none")).toEqual([]);
    expect(await items("/v1/agents?harness=vitest&since=garbage&agent=NONE")).toHaveLength(2);
  });

  test("empty model and harness are taken; a forced registration keeps `joined`, and erases a bio it does not bring", async () => {
    const scratch = await under.scratch("fresh", "cy");
    const source = await scratch.upload("bio.md", "---\nx: 1\n---\nI like kernels.\n");
    const register = (json: object) =>
      under.post(
        "/v1/agents/register",
        { agent_id: "fresh", model: "", harness: "", ...json },
        tokenOf("cy"),
      );
    expect((await register({ bio_source: source, tools: ["bash"] })).body).toMatchObject({
      filename: "fresh.md",
      agent_bucket: "demo/gemma-fresh",
      hf_user: "cy",
    });
    const before = (await under.get("/v1/agents/fresh")).body;
    expect(before).toEqual({
      agent_id: "fresh",
      hf_user: "cy",
      model: "",
      harness: "",
      tools: ["bash"],
      agent_bucket: "demo/gemma-fresh",
      joined: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/),
      bio: "I like kernels.",
    });
    const again = await register({});
    expect([again.status, again.body.error.code, again.body.error.hint]).toEqual([
      409,
      "AGENT_ID_TAKEN",
      expect.stringContaining('"force": true'),
    ]);
    expect((await register({ force: "yes" })).status).toBe(201);
    expect((await under.get("/v1/agents/fresh")).body).toMatchObject({
      joined: before.joined,
      bio: null,
      tools: [],
    });
  });

  test("a human, a README and a bad id are no agents", async () => {
    expect(await code("/v1/agents/human-ada")).toEqual([404, "NOT_REGISTERED"]);
    expect(await code("/v1/agents/README")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/agents/a_b")).toEqual([400, "INVALID_PATH"]);
  });
});

describe("3.5, 3.7: messages", () => {
  test("refs must be text, an empty body is a body, null is as good as absent", async () => {
    const list = await under.post("/v1/messages", { agent_id: "a", body: "x", refs: ["y.md"] }, a.key);
    expect([list.status, list.body.detail[0].loc]).toEqual([422, ["body", "refs"]]);
    const empty = await under.post(
      "/v1/messages",
      { agent_id: "a", body: "", source: null, refs: null },
      a.key,
    );
    expect(empty.status).toBe(201);
    const { body } = await under.get(`/v1/messages/${empty.body.filename}`);
    expect(body).toEqual({
      filename: empty.body.filename,
      frontmatter: { type: "agent", agent: "a", timestamp: expect.any(String), via: "raw" },
      body: "",
    });
  });

  test.each([
    [{}],
    [{ agent_id: "a" }],
    [{ body: "x" }],
    [{ source: "hf://buckets/demo/gemma-a/x", body: "x" }],
    [{ source: "hf://buckets/demo/gemma-a/x", agent_id: "a", body: "x" }],
  ])("%j is neither variant", async (json) => {
    const { status, body } = await under.post("/v1/messages", json, a.key);
    expect([status, body.detail[0].type, body.detail[0].loc]).toEqual([422, "value_error", ["body"]]);
  });

  test("a file's own type null stays, the request's type is ignored, its refs are set", async () => {
    const source = await a.upload("typed.md", "---\ntype:\nextra: [1, yes]\n---\nwords");
    const posted = await under.post("/v1/messages", { source, type: "ignored", refs: first }, a.key);
    const { body } = await under.get(`/v1/messages/${posted.body.filename}`);
    expect(body.frontmatter).toEqual({
      type: null,
      extra: [1, true],
      refs: first,
      agent: "a",
      timestamp: expect.any(String),
      via: "bucket",
    });
  });

  test("what is no stamped message is not served as one", async () => {
    await under.central.write([
      { path: "message_board/README.md", content: "about" },
      { path: "message_board/notes.txt", content: "x" },
    ]);
    expect(await code("/v1/messages/README.md")).toEqual([404, "NOT_FOUND"]);
    expect(await code("/v1/messages/notes.txt")).toEqual([404, "NOT_FOUND"]);
    const slash = await under.get("/v1/messages/a/b.md");
    expect([slash.status, slash.body.detail]).toEqual([404, "Not Found"]);
  });

  test("a human's post has the type user unless it says otherwise, and reaches whom it names", async () => {
    const json = { agent_id: "human-ada", body: "@a @human-bob @human @ada hello" };
    const { body } = await under.post("/v1/messages", json, tokenOf("ada"));
    expect(body).toMatchObject({
      via: "dashboard",
      mentions_delivered: ["a", "human-bob"],
      broadcast: false,
    });
    expect((await under.get(`/v1/messages/${body.filename}`)).body.frontmatter.type).toBe("user");
  });
});

describe("3.8 to 3.11: results, inbox, digest", () => {
  test("verification is checked after agent and before since; unknown and empty states are refused", async () => {
    expect(await code("/v1/results?agent=A&verification=bogus&since=x")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/results?agent=&verification=valid")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/results?verification=bogus&since=x")).toEqual([400, "INVALID_QUERY"]);
    for (const states of ["", "Valid", "valid,,pending"])
      expect((await code(`/v1/results?verification=${states}`))[0]).toBe(400);
    expect((await code("/v1/results?verification=valid,%20pending"))[0]).toBe(200);
    expect(await code("/v1/results/verification_status.json")).toEqual([404, "NOT_FOUND"]);
  });

  test("an inbox: form, then registration; a human's is open and may be empty; agent= is the author", async () => {
    expect(await code("/v1/inbox/A")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/inbox/nobody")).toEqual([404, "NOT_REGISTERED"]);
    expect(await code("/v1/inbox/human")).toEqual([404, "NOT_REGISTERED"]);
    expect(await items("/v1/inbox/human-nobody-at-all")).toEqual([]);
    expect(await items("/v1/inbox/a?agent=a-1")).toHaveLength(1);
    expect(await items("/v1/inbox/a?agent=zz")).toEqual([]);
  });

  test("a digest: since, then the form of as, then who it is", async () => {
    expect(await code("/v1/digest?since=x&as=A")).toEqual([400, "INVALID_QUERY"]);
    expect(await code("/v1/digest?as=A")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/digest?as=nobody")).toEqual([404, "NOT_REGISTERED"]);
    const { body } = await under.get("/v1/digest");
    expect(body).toMatchObject({ inbox: null, stats: null, agents: { count: expect.any(Number) } });
    expect((await under.get("/v1/digest?as=a&since=2999-01-01")).body).toMatchObject({
      recent_messages: [],
      inbox: { count: 0, items: [] },
    });
  });
});

describe("4: the list grammar over HTTP", () => {
  test("order is desc only by that very word; bounds are exclusive text", async () => {
    const all = await items("/v1/messages?order=asc&limit=0");
    expect(await items("/v1/messages?order=DESC&limit=0")).toEqual(all);
    expect(await items("/v1/messages?limit=-3")).toEqual(all.toReversed());
    expect(await items("/v1/messages?before=")).toEqual([]);
    expect(await items("/v1/messages?after=&order=asc&limit=0")).toEqual(all);
    expect(await items(`/v1/messages?after=${first}&order=asc&limit=0`)).toEqual(all.slice(1));
  });

  test("a filter compares text; a missing key is empty text; q looks at lines of the frontmatter too", async () => {
    expect(await items("/v1/messages?type=note")).toHaveLength(1);
    expect(await items("/v1/messages?q=TYPE: NOTE")).toHaveLength(1);
    expect(await items(`/v1/messages?q=refs: ${first}&via=raw`)).toHaveLength(1);
    expect(await items("/v1/messages?q=THIRD Words")).toHaveLength(1);
    expect(await items("/v1/messages?type=")).toEqual([]);
    const broadcast = await under.post(
      "/v1/messages",
      { agent_id: "human-organizer", body: "all", broadcast: "true" },
      tokenOf("organizer"),
    );
    expect(broadcast.body.broadcast).toBe(true);
    expect(await items("/v1/messages?q=broadcast: true")).toEqual([broadcast.body.filename]);
    expect(await items("/v1/inbox/human-never-seen")).toEqual([broadcast.body.filename]);
  });

  test("count is the folder, matched what the filters leave, whatever the cursor", async () => {
    const { body } = await under.get("/v1/messages?agent=a-1&after=2&limit=1");
    expect([body.matched, body.next]).toEqual([1, null]);
    expect(body.count).toBeGreaterThan(3);
  });
});

describe("3.12 to 3.15: copies, taskforces, traces", () => {
  test("a sync of nothing is done with nothing; dest keeps its slash as sent", async () => {
    const nothing = await under.post(
      "/v1/artifacts:sync",
      { source: "hf://buckets/demo/gemma-a/none/", dest_slug: "x" },
      a.key,
    );
    expect([nothing.status, nothing.body]).toEqual([
      200,
      { dest: "artifacts/x_a/", files: [], bytes_copied: 0 },
    ]);
    await a.upload("plots/p.txt", "p");
    const shared = await under.post(
      "/v1/shared-resources:sync",
      { source: "hf://buckets/demo/gemma-a/plots/", dest_path: "plots_a/" },
      a.key,
    );
    expect(shared.body).toEqual({
      dest: "shared_resources/plots_a/",
      files: [{ src_path: "plots/p.txt", dest_path: "shared_resources/plots_a/p.txt", bytes: 1 }],
      bytes_copied: 1,
    });
  });

  test("taskforces: newest activity first, q over name and README, no cursor", async () => {
    for (const [name, text] of [
      ["tf-old", "# Old\n\nabout decoding"],
      ["tf-new", "# New"],
    ])
      await under.post("/v1/taskforces", { name, agent_id: "a", body: text }, a.key);
    await under.post(
      "/v1/taskforces/tf-old/files",
      { agent_id: "a-1", body: "a note makes it the newest" },
      b.key,
    );
    const { body } = await under.get("/v1/taskforces?limit=0");
    expect(Object.keys(body)).toEqual(["count", "matched", "items"]);
    expect(body.items.map((item: { name: string }) => item.name)).toEqual(["tf-old", "tf-new"]);
    expect((await under.get("/v1/taskforces?q=DECODING")).body).toMatchObject({ count: 2, matched: 1 });
    expect(await code("/v1/taskforces/tf-old/files/")).toEqual([200, undefined]);
    expect(await code("/v1/taskforces/tf-old/files/x//y")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/taskforces/none/files/.x")).toEqual([404, "TASKFORCE_NOT_FOUND"]);
    expect(await code("/v1/taskforces/TF")).toEqual([400, "INVALID_PATH"]);
  });

  test("traces: their own cursor; a YAML time as text; null and empty result_ref alike", async () => {
    for (const [session, line] of [
      ["s1", "started_at: 2026-01-02T10:00:00Z\nresult_ref: ''"],
      ["s2", "started_at: 2026-01-02\nresult_ref: r.md"],
    ]) {
      const source = await a.upload(
        `traces/${session}/manifest.md`,
        `---\nschema_version: 1\nharness: codex\nsession_id: ${session}\nusage: {total_tokens: 5}\n${line}\n---\nsum\n`,
      );
      expect(
        (await under.post("/v1/traces", { source: source.replace("/manifest.md", "/") }, a.key)).status,
      ).toBe(201);
    }
    const { body } = await under.get("/v1/traces?expand=true&order=asc&limit=1");
    expect(body).toMatchObject({
      count: 2,
      matched: 2,
      next: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC\|a\/s1$/),
    });
    expect(body.items[0]).toMatchObject({
      started_at: "2026-01-02 10:00:00+00:00",
      result_ref: null,
      summary_excerpt: "sum",
      tool_calls: null,
    });
    expect(await items(`/v1/traces?order=asc&after=${encodeURIComponent(body.next)}`)).toEqual(["a/s2"]);
    expect(await items("/v1/traces?since=garbage&harness=codex&share=stats&order=asc")).toEqual([
      "a/s1",
      "a/s2",
    ]);
    expect(await code("/v1/traces?agent=A")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/traces/a/.s")).toEqual([400, "INVALID_PATH"]);
    expect(await code("/v1/traces/a/none")).toEqual([404, "NOT_FOUND"]);
    const stats = (await under.get("/v1/stats")).body;
    expect(stats).toMatchObject({
      tokens: { total: 10, input: 0 },
      cost_usd: null,
      sessions_counted: 2,
      by_model: { unknown: { total: 10 } },
      by_day: { "2026-01-02": { total: 10 } },
    });
  });
});

describe("7: the leaderboard over HTTP", () => {
  test("agent= keeps the rank, limit cuts last, states replace the default", async () => {
    await under.result(a, 3);
    await under.result(b, 5);
    await under.result(a, 4);
    const rows = async (query: string) =>
      (await under.get(`/v1/leaderboard?${query}`)).body.rows.map(
        (row: { rank: number; agent: string; score: number }) => [row.rank, row.agent, row.score],
      );
    expect(await rows("")).toEqual([
      [1, "a-1", 5],
      [2, "a", 4],
    ]);
    expect(await rows("agent=a")).toEqual([[2, "a", 4]]);
    expect(await rows("best_per_agent=no&limit=2")).toEqual([
      [1, "a-1", 5],
      [2, "a", 4],
    ]);
    expect(await rows("best_per_agent=0&limit=0")).toHaveLength(3);
    expect(await rows("verification=valid")).toEqual([]);
    const { meta } = (await under.get("/v1/leaderboard?verification=valid")).body;
    expect(meta).toMatchObject({
      results_considered: 3,
      excluded: { status_negative: 0, malformed: 0, verification_pending: 3 },
    });
    expect(await code("/v1/leaderboard?verification=x&agent=A")).toEqual([400, "INVALID_PATH"]);
  });
});
