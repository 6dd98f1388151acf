/** Humans sign in through the dashboard and post with a session of this backend (dashboard.md 4.4, 4.5). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../../template/hub/client.ts";
import { clientIdIn } from "../../../template/spaces/backend/upkeep/dashboard.ts";
import { BackendUnderTest, tokenOf } from "../../support/backend.ts";
import { Dashboard } from "../../support/dashboard.ts";
import { eventually } from "../../support/eventually.ts";
import { addFault } from "../../support/hub-faults.ts";

/** Users whom the Hub no longer lists as members. */
const gone = new Set<string>();
/** Ids under which the Hub lists a name instead: the name went to somebody else. */
const renamed = new Map<string, string>();
let clockMs = 0;
const now = () => Date.now() + clockMs;

let under: BackendUnderTest;
let dashboard: Dashboard;

beforeAll(async () => {
  under = await BackendUnderTest.start({
    collab: { board: { limits: { address_failures_per_minute: 30 } } },
    async beforeStart(localHub) {
      dashboard = await Dashboard.create(localHub);
    },
    start: { now },
    hubOf: (endpoint) => {
      const hub = createHub({ endpoint, token: tokenOf("organizer"), attempts: 1 });
      return {
        ...hub,
        org: (name) => ({
          ...hub.org(name),
          members: async (options) => {
            const members = (await hub.org(name).members(options)).filter(({ user }) => !gone.has(user));
            return members.map((member) => ({ ...member, id: renamed.get(member.user) ?? member.id }));
          },
        }),
      };
    },
  });
  await eventually(() => under.backend.dashboardClientId !== null);
});
afterAll(() => under[Symbol.asyncDispose]());

const ROUTE = "/v1/auth/session";
const begin = (json: unknown, headers: Record<string, string> = {}) =>
  under.request(ROUTE, { json, headers: { origin: dashboard.origin, ...headers } });

async function sessionOf(user: string): Promise<string> {
  const { status, body } = await begin(await dashboard.signIn(user));
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.session_token;
}

let posts = 0;
const postAs = (token: string, json: object, headers: Record<string, string> = {}) =>
  under.request("/v1/messages", {
    token,
    json,
    headers: { origin: dashboard.origin, "idempotency-key": `post-${++posts}`, ...headers },
  });

describe("signing in", () => {
  test("GET /v1/auth says where and with which app, and asks for no scope that could write", async () => {
    const { body } = await under.get("/v1/auth");
    expect(body).toEqual({
      issuer: under.localHub.url,
      authorization_endpoint: `${under.localHub.url}/oauth/authorize`,
      client_id: dashboard.clientId,
      scope: "openid profile",
      code_challenge_method: "S256",
      session: ROUTE,
      session_seconds: 28_800,
    });
  });

  test("a code becomes a session: who, which handle, which roles, until when", async () => {
    const { status, headers, body } = await begin(await dashboard.signIn("ada"));
    expect(status).toBe(201);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("access-control-allow-origin")).toBe(dashboard.origin);
    expect(headers.get("access-control-allow-credentials")).toBeNull();
    expect(body).toEqual({
      session_token: expect.stringMatching(/^acs_[A-Za-z0-9_-]{43}$/),
      user: "ada",
      handle: "human-ada",
      roles: ["member"],
      expires_at: expect.any(String),
    });
    expect(Date.parse(body.expires_at) - now()).toBeGreaterThan(7.9 * 3_600_000);
    const organizer = await begin(await dashboard.signIn("organizer"));
    expect(organizer.body.roles).toEqual(["member", "organizer"]);
  });

  test("a page that redeemed the code itself hands over both tokens", async () => {
    const { status, body } = await begin(await dashboard.tokens("bob"));
    expect([status, body.user]).toEqual([201, "bob"]);
  });

  test("no Hub token and no session token is kept anywhere, only the hash of the session's", async () => {
    const tokens = await dashboard.tokens("ada");
    const { body } = await begin(tokens);
    const audit = under.hubAs("organizer").bucket(under.backend.names.auditBucket);
    const files: string[] = [];
    for await (const { path } of audit.list("sessions")) files.push(`${path} ${await audit.readText(path)}`);
    expect(files.length).toBeGreaterThan(0);
    for (const secret of [tokens.access_token, tokens.id_token, body.session_token])
      expect(files.join("\n")).not.toContain(secret);
  });

  test.each([
    [
      "a code that was used",
      async () => {
        const proof = await dashboard.signIn("ada");
        await begin(proof);
        return proof;
      },
      401,
      "UNAUTHORIZED",
    ],
    [
      "another verifier",
      async () => ({ ...(await dashboard.signIn("ada")), code_verifier: "x".repeat(64) }),
      401,
      "UNAUTHORIZED",
    ],
    [
      "another nonce",
      async () => ({ ...(await dashboard.signIn("ada")), nonce: "other" }),
      401,
      "UNAUTHORIZED",
    ],
    [
      "a made-up code",
      async () => ({ ...(await dashboard.signIn("ada")), code: "made-up" }),
      401,
      "UNAUTHORIZED",
    ],
    [
      "a redirect to another page",
      async () => ({ ...(await dashboard.signIn("ada")), redirect_uri: "https://evil.example/" }),
      403,
      "ORIGIN_NOT_ALLOWED",
    ],
    [
      "another app's id",
      async () => ({ ...(await dashboard.signIn("ada")), client_id: "somebody-elses" }),
      401,
      "UNAUTHORIZED",
    ],
    [
      "no nonce",
      async () => ({ ...(await dashboard.signIn("ada")), nonce: undefined }),
      422,
      "INVALID_REQUEST",
    ],
    ["half a proof", async () => ({ code: "x", nonce: "n" }), 422, "INVALID_REQUEST"],
    [
      "both kinds of proof",
      async () => ({ ...(await dashboard.signIn("ada")), id_token: "x", access_token: "y" }),
      422,
      "INVALID_REQUEST",
    ],
    [
      "an access token of another user",
      async () => ({ ...(await dashboard.tokens("ada")), access_token: tokenOf("bob") }),
      401,
      "UNAUTHORIZED",
    ],
    [
      "an id token with one letter changed",
      async () => {
        const tokens = await dashboard.tokens("ada");
        const [head, payload = "", signature] = tokens.id_token.split(".");
        const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
        const forged = Buffer.from(JSON.stringify({ ...claims, preferred_username: "organizer" }));
        return { ...tokens, id_token: [head, forged.toString("base64url"), signature].join(".") };
      },
      401,
      "UNAUTHORIZED",
    ],
    [
      "an unsigned id token",
      async () => {
        const tokens = await dashboard.tokens("ada");
        const none = Buffer.from(JSON.stringify({ alg: "none", kid: "local-1" })).toString("base64url");
        return { ...tokens, id_token: `${none}.${tokens.id_token.split(".")[1]}.` };
      },
      401,
      "UNAUTHORIZED",
    ],
    [
      "no JSON web token at all",
      async () => ({ ...(await dashboard.tokens("ada")), id_token: "nonsense" }),
      401,
      "UNAUTHORIZED",
    ],
  ] as const)("%s signs nobody in", async (_what, proof, status, code) => {
    const answer = await begin(await proof());
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(JSON.stringify(answer.body)).not.toMatch(/acs_|hf_oauth_/);
  });

  test("a token that a member gave to another app cannot be replayed here", async () => {
    const callback = "http://127.0.0.1:5000/callback";
    const clientId = await dashboard.foreignApp(callback);
    const stolen = await dashboard.tokens("organizer", { clientId, redirectUri: callback });
    const answer = await begin(stolen);
    expect([answer.status, answer.body.error.message]).toEqual([401, "The id token is for another app."]);
    const code = await dashboard.signIn("organizer", { clientId, redirectUri: callback });
    expect((await begin({ ...code, redirect_uri: `${dashboard.origin}/` })).status).toBe(401);
  });

  test("an id token that has expired signs nobody in", async () => {
    const tokens = await dashboard.tokens("ada");
    clockMs = 2 * 3_600_000;
    const answer = await begin(tokens);
    clockMs = 0;
    expect([answer.status, answer.body.error.message]).toEqual([401, "The id token has expired."]);
  });

  test("who is not in the organisation cannot sign in", async () => {
    await fetch(`${under.localHub.url}/_emulator/users`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "stranger", orgs: {} }),
    });
    const answer = await begin(await dashboard.signIn("stranger"));
    expect([answer.status, answer.body.error.code]).toEqual([403, "IDENTITY_MISMATCH"]);
  });

  test("only pages of trusted origins may call, and only with JSON", async () => {
    const foreign = await begin(await dashboard.signIn("ada"), { origin: "https://evil.example" });
    expect([foreign.status, foreign.body.error.code]).toEqual([403, "ORIGIN_NOT_ALLOWED"]);
    const text = JSON.stringify(await dashboard.signIn("ada"));
    const form = await under.request(ROUTE, { json: text, headers: { "content-type": "text/plain" } });
    expect([form.status, form.body.error.code]).toEqual([422, "INVALID_REQUEST"]);
    for (const [origin, methods] of [
      [dashboard.origin, "GET, HEAD, POST, PATCH, DELETE"],
      ["https://evil.example", "GET, HEAD"],
      [`${dashboard.origin}.evil.example`, "GET, HEAD"],
      ["null", "GET, HEAD"],
    ] as const) {
      const { headers } = await under.request(ROUTE, { method: "OPTIONS", headers: { origin } });
      expect(headers.get("access-control-allow-methods")).toBe(methods);
    }
  });

  test("a Hub that cannot be asked is 503, and the same code works afterwards", async () => {
    const proof = await dashboard.signIn("ada");
    const lift = await addFault(under.localHub.url, { kind: "status", status: 500, path: "/oauth/token" });
    const answer = await begin(proof);
    await lift();
    expect([answer.status, answer.body.error.code]).toEqual([503, "HUB_UNAVAILABLE"]);
    expect(answer.headers.get("retry-after")).toBe("10");
    expect((await begin(proof)).status).toBe(201);
  });

  test("sign-ins of one address are counted", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 60; n += 1)
      statuses.push((await begin({ access_token: "x", id_token: "x", nonce: "n" })).status);
    expect(statuses).toContain(429);
    clockMs += 120_000;
  });
});

describe("a session", () => {
  test("posts as its human, and as nobody else", async () => {
    const token = await sessionOf("ada");
    const own = await postAs(token, { agent_id: "human-ada", body: "hello from the page", type: "user" });
    expect([own.status, own.body.via]).toEqual([201, "dashboard"]);
    const stored = await under.get(`/v1/messages/${own.body.filename}`);
    expect(stored.body.frontmatter).toMatchObject({ agent: "human-ada", via: "dashboard", type: "user" });
    const other = await postAs(token, { agent_id: "human-bob", body: "forged" });
    expect([other.status, other.body.error.code]).toEqual([403, "IDENTITY_MISMATCH"]);
    await under.agent("adas-agent", "ada");
    const agent = await postAs(token, { agent_id: "adas-agent", body: "as my agent" });
    expect([agent.status, agent.body.error.code]).toEqual([401, "UNAUTHORIZED"]);
  });

  test("needs JSON and an Idempotency-Key, and the same key posts once", async () => {
    const token = await sessionOf("ada");
    const json = { agent_id: "human-ada", body: "once" };
    const bare = await under.request("/v1/messages", { token, json });
    expect([bare.status, bare.body.error.message]).toEqual([422, expect.stringContaining("Idempotency-Key")]);
    const text = await postAs(token, json, { "content-type": "text/plain" });
    expect(text.status).toBe(422);
    const first = await postAs(token, json, { "idempotency-key": "same" });
    const again = await postAs(token, json, { "idempotency-key": "same" });
    expect(again.body.filename).toBe(first.body.filename);
  });

  test("is not stolen by a page of another origin", async () => {
    const token = await sessionOf("ada");
    const json = { agent_id: "human-ada", body: "x" };
    const answer = await postAs(token, json, { origin: "https://evil.example" });
    expect([answer.status, answer.body.error.code]).toEqual([403, "ORIGIN_NOT_ALLOWED"]);
  });

  test("says who it is, at /v1/me and at its own route", async () => {
    const token = await sessionOf("organizer");
    expect((await under.request("/v1/me", { token })).body).toEqual({
      hf_user: "organizer",
      handle: "human-organizer",
      is_member: true,
      is_organizer: true,
    });
    expect((await under.request(ROUTE, { token })).body).toMatchObject({
      user: "organizer",
      roles: ["member", "organizer"],
    });
  });

  test("broadcasts for organisers alone, by the role of this moment", async () => {
    const ada = await postAs(await sessionOf("ada"), { agent_id: "human-ada", body: "all", broadcast: true });
    expect([ada.status, ada.body.error.code]).toEqual([403, "NOT_ORGANIZER"]);
    const token = await sessionOf("organizer");
    const json = { agent_id: "human-organizer", body: "to all", broadcast: true };
    expect((await postAs(token, json)).status).toBe(201);
    gone.add("organizer");
    const later = await postAs(token, json);
    gone.delete("organizer");
    expect([later.status, later.body.error.code]).toEqual([403, "NOT_ORGANIZER"]);
  });

  test("outlives a restart of the backend", async () => {
    const token = await sessionOf("ada");
    await under.restart();
    await eventually(() => under.backend.dashboardClientId !== null);
    expect((await under.request(ROUTE, { token })).body.user).toBe("ada");
    expect((await postAs(token, { agent_id: "human-ada", body: "after the restart" })).status).toBe(201);
  });

  test("is over after eight hours", async () => {
    const token = await sessionOf("ada");
    clockMs += 8 * 3_600_000 + 1;
    expect((await under.request(ROUTE, { token })).status).toBe(401);
    expect((await postAs(token, { agent_id: "human-ada", body: "late" })).status).toBe(401);
    // Back to the Hub's time, which gives no id tokens for the future.
    clockMs -= 8 * 3_600_000 + 1;
  });

  test("leaves no file behind once it is over", async () => {
    await sessionOf("ada");
    const audit = under.hubAs("organizer").bucket(under.backend.names.auditBucket);
    const files = async () => {
      let count = 0;
      for await (const _ of audit.list("sessions")) count += 1;
      return count;
    };
    expect(await under.backend.access.sessionStore.sweep(8 * 3_600_000)).toBe(0);
    const before = await files();
    clockMs += 8 * 3_600_000 + 60_000;
    expect(await under.backend.access.sessionStore.sweep(8 * 3_600_000)).toBe(before);
    clockMs -= 8 * 3_600_000 + 60_000;
    expect(await files()).toBe(0);
  });

  test("is over when its human signs out, after a restart too", async () => {
    const token = await sessionOf("ada");
    const other = await sessionOf("ada");
    const signedOut = await under.request(ROUTE, { method: "DELETE", token });
    expect([signedOut.status, signedOut.body]).toEqual([200, { signed_out: true }]);
    expect((await under.request(ROUTE, { token })).status).toBe(401);
    await under.restart();
    expect((await under.request(ROUTE, { token })).status).toBe(401);
    expect((await under.request(ROUTE, { token: other })).status).toBe(200);
    await eventually(() => under.backend.dashboardClientId !== null);
  });

  test("ends within five minutes of leaving the organisation", async () => {
    const token = await sessionOf("bob");
    expect((await postAs(token, { agent_id: "human-bob", body: "still here" })).status).toBe(201);
    gone.add("bob");
    clockMs += 301_000;
    const answer = await postAs(token, { agent_id: "human-bob", body: "gone" });
    expect([answer.status, answer.body.error.code]).toEqual([403, "IDENTITY_MISMATCH"]);
    expect((await under.request(ROUTE, { token })).status).toBe(403);
    gone.delete("bob");
    clockMs += 301_000;
  });

  test("does not pass to whoever takes over the name", async () => {
    const token = await sessionOf("cy");
    renamed.set("cy", "somebody-else");
    clockMs += 301_000;
    const answer = await postAs(token, { agent_id: "human-cy", body: "I have that name now" });
    expect([answer.status, answer.body.error.code]).toEqual([403, "IDENTITY_MISMATCH"]);
    renamed.clear();
    clockMs += 301_000;
  });

  test("fails closed where the Hub does not tell who is a member", async () => {
    const token = await sessionOf("ada");
    clockMs += 301_000;
    const path = "/api/organizations/*/members";
    const lift = await addFault(under.localHub.url, { kind: "status", status: 500, path });
    const answer = await postAs(token, { agent_id: "human-ada", body: "?" });
    await lift();
    expect([answer.status, answer.body.error.code]).toEqual([503, "HUB_UNAVAILABLE"]);
  });

  test("cannot be guessed, and who tries is slowed down", async () => {
    const statuses = new Set<number>();
    for (let n = 0; n < 80; n += 1)
      statuses.add((await under.request(ROUTE, { token: `acs_${String(n).padStart(43, "A")}` })).status);
    expect([...statuses].sort()).toEqual([401, 429]);
    clockMs += 120_000;
  });

  test("leaves its traces in the audit log, without the token", async () => {
    const token = await sessionOf("ada");
    await postAs(token, { agent_id: "human-bob", body: "forged" });
    await under.request(ROUTE, { method: "DELETE", token });
    await postAs(await sessionOf("ada"), { agent_id: "human-ada", body: "carries the audit lines along" });
    const audit = under.hubAs("organizer").bucket(under.backend.names.auditBucket);
    const texts: string[] = [];
    for await (const { path } of audit.list("journal")) texts.push((await audit.readText(path)) ?? "");
    const journal = texts.join("\n");
    expect(journal).toContain('"route":"/v1/auth/session"');
    expect(journal).toContain('"method":"DELETE"');
    expect(journal).toContain('"code":"IDENTITY_MISMATCH"');
    expect(journal).not.toMatch(/acs_[A-Za-z0-9_-]{20}/);
  });
});

test("an OAuth token itself posts too, as in the v1 API: membership is asked for where the token does not show it", async () => {
  const { access_token } = await dashboard.tokens("ada");
  expect((await under.request("/v1/me", { token: access_token })).body).toMatchObject({ is_member: true });
  const json = { agent_id: "human-ada", body: "by OAuth token", type: "user" };
  const answer = await under.request("/v1/messages", { token: access_token, json });
  expect([answer.status, answer.body.via]).toEqual([201, "dashboard"]);
});

test.each([
  ['<script>window.huggingface={"variables":{"OAUTH_CLIENT_ID":"0a1b2c3d-4e5f"}};</script>', "0a1b2c3d-4e5f"],
  ["<script>window.huggingface={variables:{OAUTH_CLIENT_ID:'abcdefgh'}}</script>", "abcdefgh"],
  ['<script>window.huggingface={"variables":{}};</script>', null],
  ["<p>nothing</p>", null],
])("the client id in %s is %s", (page, clientId) => {
  expect(clientIdIn(page)).toBe(clientId);
});
