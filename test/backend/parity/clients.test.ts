/** What existing clients of the v1 API rely on, word for word. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readmeExcerpt } from "../../../template/spaces/backend/board/queries/taskforces.ts";
import { BackendUnderTest, type TestAgent } from "../../support/backend.ts";

describe("a collab with open writes, as in the v1 API", () => {
  let under: BackendUnderTest;
  let a: TestAgent;

  beforeAll(async () => {
    under = await BackendUnderTest.start({ collab: { board: { writes: "open" } } });
    a = await under.agent("a");
    await under.agent("b", "bob");
  });
  afterAll(() => under?.[Symbol.asyncDispose]());

  test("promotes without a token and marks raw posts as such", async () => {
    const source = await a.upload("m.md", "hello @b");
    expect((await under.post("/v1/messages", { source })).body).toEqual({
      filename: expect.stringMatching(/^\d{8}-\d{6}-\d{3}_a\.md$/),
      via: "bucket",
      path: expect.stringMatching(/^message_board\//),
      mentions_delivered: ["b"],
      broadcast: false,
    });
    const raw = await under.post("/v1/messages", { agent_id: "a", body: "hi", type: "", refs: "" });
    expect((await under.get(`/v1/messages/${raw.body.filename}`)).body.frontmatter).toEqual({
      type: "agent",
      refs: "",
      agent: "a",
      timestamp: expect.any(String),
      via: "raw",
    });
  });

  test("answers refs with and without a folder", async () => {
    const first = await under.post("/v1/messages", { agent_id: "b", body: "question" });
    for (const refs of [first.body.filename, `message_board/${first.body.filename}, x`]) {
      expect(
        (await under.post("/v1/messages", { agent_id: "a", body: "answer", refs })).body.mentions_delivered,
      ).toEqual(["b"]);
    }
  });

  test("share_trace.py: the self-description, then the bundle, then the fields it prints", async () => {
    const { body: v1 } = await under.get("/v1");
    expect(v1).toMatchObject({ org: "demo", collab: "gemma", central_bucket: "demo/gemma-main-bucket" });
    expect(v1.endpoints).toContainEqual(expect.objectContaining({ method: "POST", path: "/v1/traces" }));
    await a.upload(
      "traces/abc/manifest.md",
      `---\n${JSON.stringify({ schema_version: 1, adapter_version: 1, harness: "claude-code", session_id: "abc", usage: { total_tokens: 10 }, activity: { tool_calls: 2 } }, null, 2)}\n---\n`,
    );
    const { status, body } = await under.request("/v1/traces", {
      json: { source: "hf://buckets/demo/gemma-a/traces/abc", share: "stats" },
      headers: { "content-type": "application/json" },
    });
    expect([status, body]).toEqual([
      201,
      {
        session_id: "abc",
        agent: "a",
        share: "stats",
        path: "traces/a/abc/",
        files_copied: 0,
        bytes_copied: 0,
        completeness: "full",
      },
    ]);
  });

  test("the eval Space's question for pending results", async () => {
    const filename = await under.result(a, 2);
    const { body } = await under.get("/v1/results?verification=pending&expand=true&limit=200&order=asc");
    expect(body).toMatchObject({
      count: 1,
      matched: 1,
      next: null,
      items: [{ filename, frontmatter: { score: 2, method: "r-2" }, body: "notes", verification: "pending" }],
    });
  });
});

test("the self-description lists the endpoints in the order that documents show them", async () => {
  await using under = await BackendUnderTest.start();
  const { body } = await under.get("/v1");
  const paths = body.endpoints.map((e: { method: string; path: string }) => `${e.method} ${e.path}`);
  const v1 = [
    "GET /v1/digest",
    "GET /v1/me",
    "GET /v1/leaderboard",
    "GET /v1/inbox/{handle}",
    "GET /v1/messages",
    "GET /v1/messages/{filename}",
    "POST /v1/messages",
    "GET /v1/results",
    "GET /v1/results/{filename}",
    "POST /v1/results",
    "GET /v1/agents",
    "GET /v1/agents/{agent_id}",
    "POST /v1/agents/register",
    "GET /v1/taskforces",
    "POST /v1/taskforces",
    "GET /v1/taskforces/{name}",
    "POST /v1/taskforces/{name}/files",
    "GET /v1/taskforces/{name}/notes",
    "GET /v1/taskforces/{name}/files",
    "GET /v1/taskforces/{name}/files/{path}",
    "POST /v1/artifacts:sync",
    "POST /v1/shared-resources:sync",
    "POST /v1/traces",
    "GET /v1/traces",
    "GET /v1/traces/{agent}/{session}",
    "GET /v1/stats",
    "GET /v1/healthz",
  ];
  expect(paths.filter((path: string) => v1.includes(path))).toEqual(v1);
  expect(Object.keys(body.conventions)).toEqual(
    expect.arrayContaining([
      "filenames",
      "mentions",
      "refs",
      "results_frontmatter",
      "verification",
      "polling",
      "list_grammar",
      "taskforces",
      "human_posts",
      "broadcasts",
    ]),
  );
});

test.each([
  ["# T\n\nhello", "hello"],
  ["# T\n## S", "T"],
  ["#\nx", "x"],
  ["- item", "- item"],
  ["---\nx", "---"],
  ["x".repeat(200), `${"x".repeat(159)}…`],
  ["x".repeat(160), "x".repeat(160)],
  ["", ""],
])("the excerpt of %j is %j", (readme, excerpt) => {
  expect(readmeExcerpt(readme)).toBe(excerpt);
});
