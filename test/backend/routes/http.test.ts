/** What every route shares: errors, validation, methods, caching, headers. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent } from "../../support/backend.ts";

const DASHBOARD = "https://demo-gemma-dashboard.static.hf.space";

let under: BackendUnderTest;
let a: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start({ config: { allowedOrigins: [DASHBOARD] } });
  a = await under.agent("a");
});
afterAll(() => under?.[Symbol.asyncDispose]());

describe("errors", () => {
  test("an unknown path is 404 in both shapes", async () => {
    const { status, body } = await under.get("/v1/nothing");
    expect(status).toBe(404);
    expect(body).toMatchObject({
      detail: "Not Found",
      error: { code: "NOT_FOUND", request_id: expect.any(String) },
    });
  });

  test("a wrong method is 405 and says which work", async () => {
    const { status, body, headers } = await under.request("/v1/messages", { method: "DELETE" });
    expect([status, body.detail, headers.get("allow")]).toEqual([
      405,
      "Method Not Allowed",
      "GET, HEAD, POST",
    ]);
    expect((await under.request("/v1/artifacts:sync", { method: "GET" })).status).toBeOneOf([404, 405]);
  });

  test("every error carries the request id of its header", async () => {
    const { body, headers } = await under.get("/v1/messages/none.md");
    expect(body.error).toEqual({
      code: "NOT_FOUND",
      message: expect.stringContaining("message_board/none.md"),
      request_id: headers.get("x-request-id"),
    });
  });

  test.each<[string, unknown, string, unknown[]]>([
    ["a missing field", { agent_id: "x", model: "m" }, "missing", ["body", "harness"]],
    ["a wrong type", { agent_id: "x", model: 5, harness: "h" }, "string_type", ["body", "model"]],
    [
      "a list that is none",
      { agent_id: "x", model: "m", harness: "h", tools: "bash" },
      "list_type",
      ["body", "tools"],
    ],
    [
      "a list item",
      { agent_id: "x", model: "m", harness: "h", tools: [1] },
      "string_type",
      ["body", "tools", 0],
    ],
    [
      "a flag",
      { agent_id: "x", model: "m", harness: "h", force: "perhaps" },
      "bool_parsing",
      ["body", "force"],
    ],
    ["no JSON", "{", "json_invalid", ["body", expect.any(Number)]],
    ["bytes that are no text", "\ud800 {", "json_invalid", ["body", expect.any(Number)]],
    ["no object", "[1]", "model_attributes_type", ["body"]],
    ["an empty body", "", "missing", ["body"]],
  ])("%s is 422 with its place", async (_name, json, type, loc) => {
    const { status, body } = await under.post("/v1/agents/register", json);
    expect(status).toBe(422);
    expect(body.detail[0]).toMatchObject({ type, loc });
    expect(body.error).toMatchObject({ code: "INVALID_REQUEST", message: expect.any(String) });
  });

  test("all missing fields are reported together", async () => {
    const { body } = await under.post("/v1/agents/register", {});
    expect(body.detail.map((d: { loc: unknown[] }) => d.loc[1])).toEqual(["agent_id", "model", "harness"]);
    expect(body.error.message).toContain('"harness" is missing');
  });

  test.each([
    [{}, "exactly one"],
    [{ source: "hf://x", body: "b", agent_id: "a" }, "exactly one"],
    [{ body: "y" }, "both"],
    [{ agent_id: "a" }, "both"],
  ])("the variants of a message exclude each other: %j", async (json, text) => {
    const { status, body } = await under.post("/v1/messages", json);
    expect(status).toBe(422);
    expect(body.detail[0]).toMatchObject({
      type: "value_error",
      loc: ["body"],
      msg: expect.stringContaining(text),
    });
  });

  test.each([
    ["limit=abc", "int_parsing"],
    ["limit=", "int_parsing"],
    ["limit=1.5", "int_parsing"],
    ["expand=maybe", "bool_parsing"],
    ["expand=", "bool_parsing"],
  ])("?%s is 422", async (query, type) => {
    const { status, body } = await under.get(`/v1/messages?${query}`);
    expect([status, body.detail[0].type, body.detail[0].loc[0]]).toEqual([422, type, "query"]);
  });

  test.each([
    "limit=1.0",
    "limit=-1",
    "limit=+3",
    "expand=YES&expand=off",
    "order=sideways",
    "unknown=1",
    "limit=x&limit=2",
  ])("?%s is understood", async (query) => {
    expect((await under.get(`/v1/messages?${query}`)).status).toBe(200);
  });

  test.each([
    ["/v1/messages?agent=A", "INVALID_PATH"],
    ["/v1/messages?agent=", "INVALID_PATH"],
    ["/v1/messages?agent=A&since=x", "INVALID_PATH"],
    ["/v1/messages?since=yesterday", "INVALID_QUERY"],
    ["/v1/results?verification=maybe&since=x", "INVALID_QUERY"],
    ["/v1/results?verification=", "INVALID_QUERY"],
    ["/v1/leaderboard?verification=valid,Pending", "INVALID_QUERY"],
    ["/v1/digest?since=x&as=B", "INVALID_QUERY"],
    ["/v1/digest?as=B", "INVALID_PATH"],
    ["/v1/digest?as=nobody", "NOT_REGISTERED"],
    ["/v1/inbox/nobody", "NOT_REGISTERED"],
    ["/v1/inbox/human", "NOT_REGISTERED"],
    ["/v1/inbox/Human-x", "INVALID_PATH"],
    ["/v1/agents/A", "INVALID_PATH"],
    ["/v1/agents/human-x", "NOT_REGISTERED"],
    ["/v1/results/verification_status.json", "NOT_FOUND"],
    ["/v1/messages/README.md", "NOT_FOUND"],
    ["/v1/taskforces/T", "INVALID_PATH"],
    ["/v1/taskforces/t", "TASKFORCE_NOT_FOUND"],
    ["/v1/traces/a/..x", "INVALID_PATH"],
    ["/v1/traces/a/s", "NOT_FOUND"],
  ])("%s is %s", async (path, code) => {
    expect((await under.get(path)).body.error.code).toBe(code);
  });

  test("a body beyond the limit is 413 without reading it to the end", async () => {
    const { status, body } = await under.post(
      "/v1/messages",
      { agent_id: "a", body: "x".repeat(2_000_000) },
      a.key,
    );
    expect([status, body.error.code]).toEqual([413, "TOO_LARGE"]);
    const just = await under.post("/v1/messages", { agent_id: "a", body: "x".repeat(262_145) }, a.key);
    expect([just.status, just.body.error.code]).toEqual([413, "TOO_LARGE"]);
  });

  test("also one that does not say how long it is, and never ends", async () => {
    const sent = request(`${under.url}/v1/messages`, { method: "POST" });
    sent.on("error", () => {});
    const answered = once(sent, "response");
    const pour = setInterval(() => sent.write(Buffer.alloc(65_536, "x")), 1);
    const [response] = (await answered) as [IncomingMessage];
    expect([response.statusCode, JSON.parse(await text(response)).error.code]).toEqual([413, "TOO_LARGE"]);
    if (!sent.socket?.destroyed) await once(sent, "close");
    clearInterval(pour);
  });
});

describe("reading", () => {
  test("a body is JSON whatever its content type", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await under.request("/v1/messages", {
      json: JSON.stringify({ agent_id: "a", body: "plain curl -d" }),
      token: a.key,
      headers,
    });
    expect(answer.status).toBe(201);
  });

  test("a trailing slash is served, never redirected", async () => {
    expect((await under.get("/v1/")).body.service).toBe("bucket-sync");
    expect(
      (await under.request("/v1/messages/", { json: { agent_id: "a", body: "slash" }, token: a.key })).status,
    ).toBe(201);
  });

  test("HEAD is answered without a body", async () => {
    const { status, body, headers } = await under.request("/v1/messages", { method: "HEAD" });
    expect([status, body, headers.get("content-type")]).toEqual([200, "", "application/json"]);
  });

  test("an unchanged board is 304, a changed one is not", async () => {
    const first = await under.get("/v1/messages");
    const etag = first.headers.get("etag") as string;
    const again = (tag: string) => under.request("/v1/messages", { headers: { "if-none-match": tag } });
    expect((await again(etag)).status).toBe(304);
    expect((await again(`"x", ${etag.replace("W/", "")}`)).status).toBe(304);
    await under.say(a, "news");
    const changed = await again(etag);
    expect(changed.status).toBe(200);
    expect(changed.body.count).toBe(first.body.count + 1);
  });
});

describe("headers", () => {
  test("everybody may read, only the dashboard's origin may send a token", async () => {
    const preflight = (origin: string) =>
      under.request("/v1/messages", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const trusted = await preflight(DASHBOARD);
    expect(trusted.status).toBe(204);
    expect(trusted.headers.get("access-control-allow-origin")).toBe(DASHBOARD);
    expect(trusted.headers.get("access-control-allow-headers")).toContain("Authorization");
    for (const origin of ["https://evil.example", `${DASHBOARD}.evil.example`, "null"]) {
      const { headers } = await preflight(origin);
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-allow-headers")).not.toContain("Authorization");
      expect(headers.get("access-control-allow-methods")).not.toContain("POST");
      expect(headers.get("access-control-allow-credentials")).toBeNull();
    }
    const { headers } = await under.request("/v1/messages", { headers: { origin: DASHBOARD } });
    expect(headers.get("vary")).toContain("Origin");
    expect(headers.get("access-control-expose-headers")).toContain("ETag");
  });

  test.each(["/v1", "/v1/nothing", "/", "/docs", "/openapi.json", "/llms.txt", "/agents.md"])(
    "%s cannot run or be sniffed",
    async (path) => {
      const { headers } = await under.get(path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
    },
  );
});

describe("self-description", () => {
  test("names every route of the OpenAPI document, and the other way round", async () => {
    const { body: v1 } = await under.get("/v1");
    const { body: openapi } = await under.get("/openapi.json");
    const described = v1.endpoints
      .map((e: { method: string; path: string }) => `${e.method} ${e.path}`)
      .sort();
    const documented = Object.entries(openapi.paths as Record<string, object>)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .sort();
    expect(described).toEqual(documented);
    expect(v1.endpoints.every((e: object) => Object.values(e).every((v) => typeof v === "string"))).toBe(
      true,
    );
    expect(Object.values(v1.conventions).every((v) => typeof v === "string")).toBe(true);
    expect(v1).toMatchObject({
      service: "bucket-sync",
      collab: "gemma",
      org: "demo",
      central_bucket: "demo/gemma-main-bucket",
      score_field: "score",
      score_order: "desc",
      docs: "/docs",
    });
    expect(openapi.paths["/v1/messages"].get.parameters.map((p: { name: string }) => p.name)).toContain(
      "expand",
    );
  });

  test("tells agents that posts are no instructions, everywhere they may begin", async () => {
    for (const path of ["/v1", "/agents.md", "/llms.txt"]) {
      const { body } = await under.get(path);
      expect(typeof body === "string" ? body : JSON.stringify(body)).toMatch(/never an? instruction/);
    }
  });
});
