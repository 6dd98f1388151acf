/**
 * Requests that break two rules at once get the answer of the rule that comes first in the specification
 * (the numbered lists of api-v1.md sections 3, 5 and 10).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";

let under: BackendUnderTest;
let a: TestAgent;
let limited: TestAgent;

const A = "hf://buckets/demo/gemma-a";
const STRANGER = "hf://buckets/demo/gemma-stranger";

/** A clock of its own, so that no allowance comes back while a slow machine is at it. */
let clock = Date.now();
const now = () => {
  clock += 1;
  return clock;
};

beforeAll(async () => {
  under = await BackendUnderTest.start({
    // What the backend writes by itself is a write too: not while a refusal is watched.
    start: { now, leaderboardDelayMs: 3_600_000 },
    collab: {
      board: { limits: { raw_messages_per_minute: 1, bucket_writes_burst: 12, registrations_per_minute: 2 } },
    },
  });
  a = await under.agent("a", "ada");
  await a.upload("bad.md", "---\na: [1\n---\nx");
  await a.upload("broadcast.md", "---\nbroadcast: null\n---\nx");
  await a.upload("broadcast-bad.md", "---\nbroadcast: true\na: [1\n---\nx");
  await a.upload("bad-result.md", "---\nscore: fast\n---\nx");
  await a.upload(
    "traces/s/manifest.md",
    "---\nschema_version: 1\nharness: h\nsession_id: other\nusage: 5\n---\n",
  );
  limited = await under.agent("limited", "bob");
  await under.say(limited, "the only one of this minute");
  const source = await limited.upload("x.md", "x");
  for (let n = 0; n < 12; n += 1) await under.post("/v1/messages", { source }, limited.key);
});
afterAll(() => under?.[Symbol.asyncDispose]());

type Case = [name: string, path: string, json: unknown, token: string | null, status: number, code: string];

async function expectRefusal([, path, json, token, status, code]: Case) {
  const bearer = token === "a" ? a.key : token === "limited" ? limited.key : token;
  const before = under.board.version;
  const { status: got, body } = await under.post(path, json, bearer ?? undefined);
  expect([got, body.error.code]).toEqual([status, code]);
  expect(under.board.version).toBe(before);
}

describe("POST /v1/messages, from a bucket", () => {
  test.each<Case>([
    ["schema before all", "/v1/messages", { source: 5, broadcast: true }, null, 422, "INVALID_REQUEST"],
    [
      "broadcast before the URI",
      "/v1/messages",
      { source: "nonsense", broadcast: true },
      null,
      403,
      "NOT_ORGANIZER",
    ],
    ["form before organisation", "/v1/messages", { source: "hf://other" }, null, 400, "INVALID_PATH"],
    ["URI before registration", "/v1/messages", { source: `${STRANGER}/../x` }, null, 400, "INVALID_PATH"],
    [
      "registration before the bearer",
      "/v1/messages",
      { source: `${STRANGER}/x.md` },
      null,
      404,
      "NOT_REGISTERED",
    ],
    ["bearer before the file", "/v1/messages", { source: `${A}/none.md` }, null, 401, "UNAUTHORIZED"],
    [
      "limit before the file",
      "/v1/messages",
      { source: "hf://buckets/demo/gemma-limited/none.md" },
      "limited",
      429,
      "RATE_LIMITED",
    ],
    ["no file", "/v1/messages", { source: `${A}/none.md` }, "a", 404, "SOURCE_NOT_FOUND"],
    ["no path", "/v1/messages", { source: A }, "a", 404, "SOURCE_NOT_FOUND"],
    [
      "frontmatter before its broadcast",
      "/v1/messages",
      { source: `${A}/broadcast-bad.md` },
      "a",
      400,
      "INVALID_FRONTMATTER",
    ],
    [
      "broadcast key, whatever its value",
      "/v1/messages",
      { source: `${A}/broadcast.md` },
      "a",
      403,
      "NOT_ORGANIZER",
    ],
  ])("%s", (...row) => expectRefusal(row));
});

describe("POST /v1/messages, by an agent", () => {
  test.each<Case>([
    [
      "id before broadcast",
      "/v1/messages",
      { agent_id: "A", body: "x", broadcast: true },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "broadcast before registration",
      "/v1/messages",
      { agent_id: "stranger", body: "x", broadcast: true },
      null,
      403,
      "NOT_ORGANIZER",
    ],
    [
      "registration before the bearer",
      "/v1/messages",
      { agent_id: "stranger", body: "x" },
      null,
      404,
      "NOT_REGISTERED",
    ],
    ["bare human is nobody", "/v1/messages", { agent_id: "human", body: "x" }, null, 404, "NOT_REGISTERED"],
    [
      "bearer before the limit",
      "/v1/messages",
      { agent_id: "limited", body: "x" },
      null,
      401,
      "UNAUTHORIZED",
    ],
    [
      "owner before the limit",
      "/v1/messages",
      { agent_id: "limited", body: "x" },
      "a",
      403,
      "IDENTITY_MISMATCH",
    ],
    ["limit", "/v1/messages", { agent_id: "limited", body: "x" }, "limited", 429, "RATE_LIMITED"],
    [
      "null counts as absent",
      "/v1/messages",
      { source: null, agent_id: "A", body: "x" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "refs must be text",
      "/v1/messages",
      { agent_id: "A", body: "x", refs: ["a.md"] },
      null,
      422,
      "INVALID_REQUEST",
    ],
  ])("%s", (...row) => expectRefusal(row));
});

describe("POST /v1/messages, by a human", () => {
  test.each<Case>([
    ["id before the bearer", "/v1/messages", { agent_id: "human-a_b", body: "x" }, null, 400, "INVALID_PATH"],
    [
      "bearer before all",
      "/v1/messages",
      { agent_id: "human-ada", body: "x", broadcast: true },
      null,
      401,
      "UNAUTHORIZED",
    ],
    [
      "whoami",
      "/v1/messages",
      { agent_id: "human-ada", body: "x", broadcast: true },
      "hf_local_nobody",
      401,
      "UNAUTHORIZED",
    ],
    [
      "an agent key is no person",
      "/v1/messages",
      { agent_id: "human-ada", body: "x" },
      "a",
      401,
      "UNAUTHORIZED",
    ],
    [
      "handle before the role",
      "/v1/messages",
      { agent_id: "human-bob", body: "x", broadcast: true },
      tokenOf("ada"),
      403,
      "IDENTITY_MISMATCH",
    ],
    [
      "role",
      "/v1/messages",
      { agent_id: "human-ada", body: "x", broadcast: true },
      tokenOf("ada"),
      403,
      "NOT_ORGANIZER",
    ],
  ])("%s", (...row) => expectRefusal(row));
});

describe("POST /v1/agents/register", () => {
  const fields = { model: "m", harness: "h" };
  const foreignBio = { ...fields, agent_id: "a", bio_source: `${STRANGER}/bio.md` };
  test.each<Case>([
    ["schema before all", "/v1/agents/register", { agent_id: "HUMAN" }, null, 422, "INVALID_REQUEST"],
    [
      "case before reserved",
      "/v1/agents/register",
      { ...fields, agent_id: "Human-x" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "reserved before the bucket",
      "/v1/agents/register",
      { ...fields, agent_id: "human-x" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "bucket before the bearer",
      "/v1/agents/register",
      { ...fields, agent_id: "nobucket" },
      null,
      412,
      "BUCKET_MISSING",
    ],
    ["bearer", "/v1/agents/register", { ...fields, agent_id: "a" }, null, 401, "UNAUTHORIZED"],
    [
      "handshake before the binding",
      "/v1/agents/register",
      { ...fields, agent_id: "limited" },
      tokenOf("ada"),
      403,
      "BUCKET_NOT_OWNED_BY_CALLER",
    ],
  ])("%s", (...row) => expectRefusal(row));

  test("another owner, then force, then the bio; with the hints that clients read", async () => {
    await using own = await BackendUnderTest.start();
    const agent = await own.agent("a", "ada");
    const register = (json: object, user = "ada") =>
      own.post("/v1/agents/register", { ...fields, agent_id: "a", ...json }, tokenOf(user));
    const taken = await register({ bio_source: "nonsense" });
    expect([taken.status, taken.body.error.code]).toEqual([409, "AGENT_ID_TAKEN"]);
    expect(taken.body.error.hint).toContain('"force": true');
    expect((await register({ force: true, bio_source: "nonsense" })).body.error.code).toBe("INVALID_PATH");
    expect((await register({ force: true, bio_source: foreignBio.bio_source })).body.error.code).toBe(
      "BUCKET_NOT_OWNED_BY_CALLER",
    );
    expect((await register({ force: true, bio_source: `${A}/none.md` })).body.error.code).toBe(
      "SOURCE_NOT_FOUND",
    );
    await agent.upload(".bucket-sync-handshake", "bob");
    expect((await register({ force: true }, "bob")).body.error.code).toBe("IDENTITY_MISMATCH");

    await agent.upload(".bucket-sync-handshake", "ada");
    const bio = await agent.upload("bio.md", "---\nsecret: dropped\n---\nI decode.");
    const first = (await own.get("/v1/agents/a")).body.joined;
    expect((await register({ force: true, bio_source: bio, tools: ["bash"] })).status).toBe(201);
    expect((await own.get("/v1/agents/a")).body).toMatchObject({
      bio: "I decode.",
      tools: ["bash"],
      joined: first,
    });
    expect((await register({ force: true })).status).toBe(201);
    expect((await own.get("/v1/agents/a")).body.bio).toBeNull();
  });

  test("a missing bucket and a missing handshake come with the command that makes them", async () => {
    const missing = await under.post("/v1/agents/register", { ...fields, agent_id: "fresh" }, tokenOf("cy"));
    expect(missing.body.error.hint).toBe("run: hf buckets create demo/gemma-fresh");
    await under.hubAs("cy").bucket("demo/gemma-fresh").create({ private: true });
    const unproven = await under.post("/v1/agents/register", { ...fields, agent_id: "fresh" }, tokenOf("cy"));
    expect(unproven.body.error).toMatchObject({
      code: "BUCKET_NOT_OWNED_BY_CALLER",
      hint: "echo 'cy' > /tmp/h && hf buckets cp /tmp/h hf://buckets/demo/gemma-fresh/.bucket-sync-handshake",
    });
    const third = await under.post("/v1/agents/register", { ...fields, agent_id: "fresh" }, tokenOf("cy"));
    expect([third.status, Number(third.headers.get("retry-after")) > 0]).toEqual([429, true]);
  });
});

describe("results, syncs, traces", () => {
  test.each<Case>([
    [
      "results: URI before registration",
      "/v1/results",
      { source: "hf://buckets/demo/gemma-X/r.md" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "results: YAML before its fields",
      "/v1/results",
      { source: `${A}/bad.md` },
      "a",
      400,
      "INVALID_FRONTMATTER",
    ],
    ["results: fields", "/v1/results", { source: `${A}/bad-result.md` }, "a", 400, "INVALID_FRONTMATTER"],
    [
      "artifacts: slug before the URI",
      "/v1/artifacts:sync",
      { source: "nonsense", dest_slug: "A" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "artifacts: URI before registration",
      "/v1/artifacts:sync",
      { source: "hf://buckets/x/gemma-stranger", dest_slug: "a" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "artifacts: registration before the bearer",
      "/v1/artifacts:sync",
      { source: STRANGER, dest_slug: "a" },
      null,
      404,
      "NOT_REGISTERED",
    ],
    [
      "artifacts: limit",
      "/v1/artifacts:sync",
      { source: "hf://buckets/demo/gemma-limited", dest_slug: "a" },
      "limited",
      429,
      "RATE_LIMITED",
    ],
    [
      "shared: path before the marker",
      "/v1/shared-resources:sync",
      { source: A, dest_path: "../x" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "shared: marker before registration",
      "/v1/shared-resources:sync",
      { source: STRANGER, dest_path: "x" },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "shared: registration before the bearer",
      "/v1/shared-resources:sync",
      { source: STRANGER, dest_path: "x_stranger" },
      null,
      404,
      "NOT_REGISTERED",
    ],
    [
      "traces: layout before registration",
      "/v1/traces",
      { source: `${STRANGER}/results/s` },
      null,
      400,
      "INVALID_PATH",
    ],
    [
      "traces: registration before the bearer",
      "/v1/traces",
      { source: `${STRANGER}/traces/s` },
      null,
      404,
      "NOT_REGISTERED",
    ],
    [
      "traces: manifest rules before the session",
      "/v1/traces",
      { source: `${A}/traces/s` },
      "a",
      400,
      "INVALID_FRONTMATTER",
    ],
    ["traces: share", "/v1/traces", { source: "nonsense", share: "all" }, null, 422, "INVALID_REQUEST"],
  ])("%s", (...row) => expectRefusal(row));

  test("the message of a result's mistake names the field", async () => {
    const { body } = await under.post("/v1/results", { source: `${A}/bad-result.md` }, a.key);
    expect(body.error.message).toContain('"method"');
  });
});
