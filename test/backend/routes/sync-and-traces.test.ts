import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent } from "../../support/backend.ts";

let under: BackendUnderTest;
let a: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start({
    collab: { board: { limits: { sync_files: 5, sync_bytes: 2000 } } },
  });
  a = await under.agent("a");
  await a.upload("exp/a.txt", "1");
  await a.upload("exp/deep/b.txt", "22");
  await a.upload("exp2/c.txt", "333");
});
afterAll(() => under?.[Symbol.asyncDispose]());

const uri = (path: string) => `hf://buckets/demo/gemma-a${path === "" ? "" : `/${path}`}`;

describe("artifacts:sync", () => {
  const sync = (path: string, slug = "my-exp") =>
    under.post("/v1/artifacts:sync", { source: uri(path), dest_slug: slug }, a.key);

  test("copies a folder, and only that folder", async () => {
    const expected = {
      dest: "artifacts/my-exp_a/",
      files: [
        { src_path: "exp/a.txt", dest_path: "artifacts/my-exp_a/a.txt", bytes: 1 },
        { src_path: "exp/deep/b.txt", dest_path: "artifacts/my-exp_a/deep/b.txt", bytes: 2 },
      ],
      bytes_copied: 3,
    };
    expect(await sync("exp")).toMatchObject({ status: 200, body: expected });
    expect((await sync("exp/")).body).toEqual(expected);
    expect(await under.central.readText("artifacts/my-exp_a/deep/b.txt")).toBe("22");
  });

  test("a single file keeps its name; nothing is no error; the handshake stays at home", async () => {
    expect((await sync("exp/deep/b.txt", "one")).body.files).toEqual([
      { src_path: "exp/deep/b.txt", dest_path: "artifacts/one_a/b.txt", bytes: 2 },
    ]);
    expect((await sync("none")).body).toEqual({ dest: "artifacts/my-exp_a/", files: [], bytes_copied: 0 });
    const whole = (await sync("", "all")).body.files.map((f: { src_path: string }) => f.src_path);
    expect(whole.sort()).toEqual(["exp/a.txt", "exp/deep/b.txt", "exp2/c.txt"]);
  });

  test("too many files are told before too many bytes", async () => {
    for (let n = 0; n < 6; n += 1) await a.upload(`many/${n}`, "x".repeat(500));
    const many = await sync("many");
    expect([many.status, many.body.error.code]).toEqual([413, "SYNC_TOO_LARGE"]);
    expect(many.body.error.message).toContain("5 files");
    await a.upload("large/x", "x".repeat(2001));
    expect((await sync("large")).body.error.message).toContain("2000");
  });
});

describe("shared-resources:sync", () => {
  const sync = (path: string, dest: string) =>
    under.post("/v1/shared-resources:sync", { source: uri(path), dest_path: dest }, a.key);

  test("copies a folder or one file to a path with the agent's marker", async () => {
    expect((await sync("exp", "tools_a/")).body).toMatchObject({
      dest: "shared_resources/tools_a/",
      files: [{ dest_path: "shared_resources/tools_a/a.txt" }, {}],
    });
    expect((await sync("exp/a.txt", "plots/curve_a.txt")).body.files).toEqual([
      { src_path: "exp/a.txt", dest_path: "shared_resources/plots/curve_a.txt", bytes: 1 },
    ]);
  });

  test.each(["tools", "tools_ab", "/tools_a", "x/../tools_a", "harness/__a__/x", ""])(
    "%j is no place for it",
    async (dest) => {
      expect((await sync("exp", dest)).body.error.code).toBe("INVALID_PATH");
    },
  );
});

describe("traces", () => {
  const manifest = (session: string, fields = "") =>
    `---\nschema_version: 1\nharness: codex\nsession_id: ${session}\nmodel: m1\nstarted_at: 2026-01-02T10:00:00Z\nusage: {total_tokens: 5, input_tokens: 2}\nactivity: {tool_calls: 0}\ncost_usd: 0.25\n${fields}---\ndid things\n`;
  const share = (session: string, kind?: string) =>
    under.post("/v1/traces", { source: uri(`traces/${session}`), ...(kind ? { share: kind } : {}) }, a.key);

  test("are shared as statistics, then in full, then as statistics again", async () => {
    await a.upload("traces/s1/manifest.md", manifest("s1", "native_log_file: session.jsonl\n"));
    await a.upload("traces/s1/session.jsonl", "{}\n");
    expect((await share("s1")).body).toEqual({
      session_id: "s1",
      agent: "a",
      share: "stats",
      path: "traces/a/s1/",
      files_copied: 0,
      bytes_copied: 0,
      completeness: "full",
    });
    expect((await share("s1", "full")).body).toMatchObject({
      share: "full",
      files_copied: 1,
      bytes_copied: 3,
    });
    expect((await under.get("/v1/traces/a/s1")).body).toMatchObject({
      agent: "a",
      session_id: "s1",
      body: "did things",
      path: "traces/a/s1/",
      log_files: ["traces/a/s1/session.jsonl"],
    });
    expect((await under.get("/v1/traces?expand=true")).body).toMatchObject({
      count: 1,
      items: [
        {
          agent: "a",
          session_id: "s1",
          harness: "codex",
          model: "m1",
          share: "full",
          started_at: "2026-01-02 10:00:00+00:00",
          total_tokens: 5,
          tool_calls: 0,
          result_ref: null,
          summary_excerpt: "did things",
          primary_log_file: "traces/a/s1/session.jsonl",
        },
      ],
    });
    await share("s1");
    expect((await under.get("/v1/traces/a/s1")).body.log_files).toEqual([]);
    expect(await under.central.readText("traces/a/s1/session.jsonl")).toBeNull();
  });

  test("add up in the statistics", async () => {
    await a.upload("traces/s2/manifest.md", "---\nschema_version: 1\nharness: other\nsession_id: s2\n---\n");
    expect((await share("s2")).body.completeness).toBe("partial");
    expect((await under.get("/v1/stats")).body).toMatchObject({
      tokens: { total: 5, input: 2, output: 0 },
      cost_usd: 0.25,
      sessions_counted: 1,
      sessions_missing_tokens: 1,
      agents_reporting: 1,
      by_model: { m1: { total: 5 } },
      by_day: { "2026-01-02": { total: 5 } },
    });
    expect((await under.get("/v1/digest")).body.stats).toEqual({
      total_tokens: 5,
      sessions_counted: 1,
      agents_reporting: 1,
    });
  });

  test("are paged by time and name", async () => {
    const first = (await under.get("/v1/traces?limit=1&order=asc")).body;
    const second = (await under.get(`/v1/traces?limit=1&order=asc&after=${encodeURIComponent(first.next)}`))
      .body;
    expect([...first.items, ...second.items].sort()).toEqual(["a/s1", "a/s2"]);
    expect(second.next).toBeNull();
  });

  test.each<[string, string, string]>([
    ["results/x", "stats", "INVALID_PATH"],
    ["traces/a/b", "stats", "INVALID_PATH"],
    ["traces/none", "stats", "INVALID_PATH"],
    ["traces/wrong-name", "stats", "INVALID_PATH"],
    ["traces/bad-usage", "stats", "INVALID_FRONTMATTER"],
    ["traces/no-log", "full", "INVALID_PATH"],
    ["traces/unnamed-log", "full", "INVALID_FRONTMATTER"],
    ["traces/outside-log", "full", "INVALID_PATH"],
  ])("%s as %s is %s", async (path, kind, code) => {
    await a.upload("traces/wrong-name/manifest.md", manifest("other"));
    await a.upload("traces/bad-usage/manifest.md", manifest("bad-usage", "activity: {tool_calls: 1.5}\n"));
    await a.upload("traces/no-log/manifest.md", manifest("no-log", "native_log_file: x.jsonl\n"));
    await a.upload("traces/unnamed-log/manifest.md", manifest("unnamed-log"));
    await a.upload(
      "traces/outside-log/manifest.md",
      manifest("outside-log", "native_log_file: ../s1/session.jsonl\n"),
    );
    const { body } = await under.post("/v1/traces", { source: uri(path), share: kind }, a.key);
    expect(body.error.code).toBe(code);
  });
});
