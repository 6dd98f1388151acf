/** What makes the API easy on agents: one error shape, safe retries, stable pages, short answers, no redirects. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";

let under: BackendUnderTest;
let a: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start({
    collab: { board: { limits: { raw_messages_per_minute: 600, raw_messages_per_hour: 6_000 } } },
  });
  a = await under.agent("a");
});
afterAll(() => under?.[Symbol.asyncDispose]());

describe("errors", () => {
  test.each<[string, unknown, string | null, number]>([
    ["/v1/messages", { agent_id: "A", body: "x" }, null, 400],
    ["/v1/messages", { agent_id: "a", body: "x" }, null, 401],
    ["/v1/messages", { agent_id: "a", body: "x", broadcast: true }, "key", 403],
    ["/v1/messages", { agent_id: "nobody", body: "x" }, "key", 404],
    ["/v1/agents/register", { agent_id: "a", model: "m", harness: "h" }, tokenOf("ada"), 409],
    ["/v1/agents/register", { agent_id: "none", model: "m", harness: "h" }, tokenOf("ada"), 412],
    ["/v1/messages", { agent_id: "a", body: "x".repeat(300_000) }, "key", 413],
    ["/v1/messages", {}, null, 422],
    ["/v1/nothing", {}, null, 404],
    ["/v1/digest", {}, null, 405],
  ])("POST %s with %j has the one shape", async (path, json, token, status) => {
    const answer = await under.post(path, json, token === "key" ? a.key : (token ?? undefined));
    expect(answer.status).toBe(status);
    const { code, message, request_id, ...rest } = answer.body.error;
    expect(code).toMatch(/^[A-Z_]+$/);
    expect(message).toMatch(/^[A-Z"`].*\.$/s);
    expect(request_id).toBe(answer.headers.get("x-request-id"));
    for (const key of Object.keys(rest)) expect(["hint", "retry_after"]).toContain(key);
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  test("say what was there and what is allowed", async () => {
    const message = async (path: string) => (await under.get(path)).body.error.message;
    expect(await message("/v1/results?verification=bogus")).toMatch(/"bogus".*pending, valid, invalid/);
    expect(await message("/v1/messages?since=soon")).toMatch(/"soon".*2026-06-01/);
    expect(await message("/v1/messages?limit=ten")).toMatch(/"limit".*integer/);
    expect(await message("/v1/messages?agent=A_b")).toMatch(/"A_b"/);
    expect((await under.request("/v1/digest", { method: "POST", json: {} })).headers.get("allow")).toBe(
      "GET, HEAD",
    );
  });
});

describe("a repeated post", () => {
  test("with the same key, ten at once, is one message; with another body it is a conflict", async () => {
    const send = (body: string) =>
      under.request("/v1/messages", {
        json: { agent_id: "a", body },
        token: a.key,
        headers: { "idempotency-key": "k1" },
      });
    const answers = await Promise.all(Array.from({ length: 10 }, () => send("once")));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.filename}`)).size).toBe(1);
    expect((await under.get("/v1/messages?q=once")).body.matched).toBe(1);
    expect((await send("twice")).body.error.code).toBe("IDEMPOTENCY_CONFLICT");
  });

  test("another agent's same key is another key", async () => {
    const b = await under.agent("b", "bob");
    const send = (agent: TestAgent) =>
      under.request("/v1/messages", {
        json: { agent_id: agent.id, body: `shared key of ${agent.id}` },
        token: agent.key,
        headers: { "idempotency-key": "shared" },
      });
    const [first, second] = [await send(a), await send(b)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body.filename).not.toBe(second.body.filename);
  });
});

describe("pages", () => {
  test("have neither gaps nor repeats while others write", async () => {
    const before = await Promise.all(Array.from({ length: 12 }, (_, n) => under.say(a, `page ${n}`)));
    for (const order of ["asc", "desc"]) {
      const seen: string[] = [];
      let next: string | null = "";
      for (let page = 0; next !== null; page += 1) {
        const cursor = next === "" ? "" : `&${order === "asc" ? "after" : "before"}=${next}`;
        const { body } = await under.get(`/v1/messages?q=page&limit=5&order=${order}${cursor}`);
        seen.push(...body.items);
        next = body.next;
        if (page < 2) before.push(await under.say(a, `page while ${order} ${page}`));
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(order === "asc" ? seen.toSorted() : seen.toSorted().toReversed());
      // Newest first, what comes in meanwhile is before the first page; oldest first, it is still to come.
      const due = order === "asc" ? before.toSorted() : before.slice(0, -2);
      expect(seen).toEqual(expect.arrayContaining(due));
    }
  });

  test("excerpts are records with short bodies that say how long they are", async () => {
    const long = await under.say(a, `${"ü".repeat(99)}😀 and more`);
    const short = await under.say(a, "short");
    const { body } = await under.get("/v1/messages?excerpt=100&limit=2");
    expect(body.items).toEqual([
      { filename: short, frontmatter: expect.any(Object), body: "short" },
      { filename: long, frontmatter: expect.any(Object), body: `${"ü".repeat(99)}…`, body_length: 110 },
    ]);
    const source = await a.upload(
      "r.md",
      "---\nscore: 1\nmethod: m\nstatus: agent-run\ndescription: d\n---\nlong notes\n",
    );
    await under.post("/v1/results", { source }, a.key);
    expect((await under.get("/v1/results?excerpt=4")).body.items[0]).toMatchObject({
      body: "long…",
      body_length: 10,
      verification: "pending",
    });
    expect((await under.get("/v1/messages?excerpt=x")).status).toBe(422);
  });
});

describe("addresses", () => {
  test("never redirect, with or without a slash at the end, also where a token is sent", async () => {
    for (const path of ["/v1/messages", "/v1/messages/"]) {
      const { status } = await under.post(path, { agent_id: "a", body: "slash" }, a.key);
      expect(status).toBe(201);
      expect((await under.get(path)).status).toBe(200);
    }
    for (const path of ["//v1/messages", "/v1//messages", "/V1/messages", "/www/v1"]) {
      const answer = await under.get(path);
      expect([answer.status, answer.body.error.hint]).toEqual([404, "GET /v1 lists every endpoint."]);
    }
  });
});

describe("reading", () => {
  test("the routes as Markdown, for whoever asks for it", async () => {
    const { body, headers } = await under.request("/docs", { headers: { accept: "text/markdown" } });
    expect(headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    expect(headers.get("vary")).toContain("Accept");
    const { endpoints } = (await under.get("/v1")).body;
    for (const { method, path } of endpoints) expect(body).toContain(`| \`${method} ${path}\` |`);
    expect((await under.get("/docs")).headers.get("content-type")).toContain("text/html");
  });

  test("an unchanged board costs a 304, and how often to ask is written down", async () => {
    for (const path of [
      "/v1/messages",
      "/v1/digest",
      "/v1/leaderboard",
      "/v1/inbox/a",
      "/v1/agents",
      "/v1",
    ]) {
      const etag = (await under.get(path)).headers.get("etag") ?? "";
      const again = await under.request(path, { headers: { "if-none-match": etag } });
      expect([again.status, again.body, again.headers.get("etag")], path).toEqual([304, "", etag]);
    }
    expect((await under.get("/v1")).body.conventions.polling).toMatch(/Every \d+ s/);
    expect((await under.get("/agents.md")).body).toMatch(/every \d+ s at most/);
  });

  test("the digest of a large board stays within its budget and says what it left out", async () => {
    for (let n = 0; n < 30; n += 1) await under.say(a, `words `.repeat(200));
    const { body } = await under.request("/v1/digest?budget=1500", { headers: { accept: "text/markdown" } });
    expect(body.length / 4).toBeLessThan(1_650);
    expect(body).toContain("- Cut: ");
  });
});
