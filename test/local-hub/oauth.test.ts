import { createHash, createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { createRepo, oauthHandleRedirect, oauthLoginUrl, whoAmI } from "@huggingface/hub";
import { describe, expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

const REDIRECT = "http://127.0.0.1:5000/callback";
const VERIFIER = "v".repeat(64);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");

interface App {
  client_id: string;
  client_secret?: string;
}

async function register(hub: LocalHub, method = "none"): Promise<App> {
  const response = await call(hub, "/oauth/register", {
    method: "POST",
    json: { redirect_uris: [REDIRECT], client_name: "Test board", token_endpoint_auth_method: method },
  });
  expect(response.status).toBe(201);
  return (await response.json()) as App;
}

const authorizeQuery = (app: App, more: Record<string, string> = {}) =>
  new URLSearchParams({
    client_id: app.client_id,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "openid profile",
    state: "s1",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...more,
  }).toString();

/** What a person does on the consent page; returns where the browser is sent. */
async function approve(
  hub: LocalHub,
  query: string,
  user: string,
  more: [string, string][] = [],
): Promise<URL> {
  const page = await call(hub, `/oauth/authorize?${query}`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain(`Sign in as ${user}`);
  const response = await call(hub, "/oauth/authorize", {
    method: "POST",
    body: new URLSearchParams([["request", query], ["user", user], ["decision", "approve"], ...more]),
    redirect: "manual",
  });
  expect(response.status).toBe(302);
  return new URL(response.headers.get("location") ?? "");
}

const exchange = (hub: LocalHub, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  call(hub, "/oauth/token", { method: "POST", headers, body: new URLSearchParams(fields) });

interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token: string;
  expires_in: number;
  token_type: string;
  scope: string;
}

/** A whole sign-in of `user` by PKCE. */
async function signIn(
  hub: LocalHub,
  user: string,
  options: { scope?: string; orgs?: string[] } = {},
): Promise<Tokens & { app: App; code: string }> {
  const app = await register(hub);
  const query = authorizeQuery(app, options.scope === undefined ? {} : { scope: options.scope });
  const orgs = (options.orgs ?? []).map((org): [string, string] => ["org", org]);
  const code = (await approve(hub, query, user, orgs)).searchParams.get("code") ?? "";
  const response = await exchange(hub, {
    grant_type: "authorization_code",
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
  });
  expect(response.status).toBe(200);
  return { ...((await response.json()) as Tokens), app, code };
}

describe("signing in", () => {
  it("works with the helpers of @huggingface/hub", async () => {
    await using hub = await startLocalHub();
    const app = await register(hub);
    const kept: { nonce?: string; codeVerifier?: string } = {};
    const url = await oauthLoginUrl({
      clientId: app.client_id,
      redirectUrl: REDIRECT,
      scopes: "openid profile email read-memberships",
      hubUrl: hub.url,
      localStorage: kept,
      state: "back to the board",
    });
    const redirect = await approve(hub, new URL(url).search.slice(1), "ada");
    const result = await oauthHandleRedirect({
      redirectedUrl: redirect.href,
      codeVerifier: kept.codeVerifier,
      nonce: kept.nonce,
      hubUrl: hub.url,
    });
    expect(result).toMatchObject({
      state: "back to the board",
      userInfo: {
        name: "Ada",
        preferred_username: "ada",
        email: "ada@local.example",
        orgs: [{ preferred_username: "demo", roleInOrg: "contributor" }],
      },
    });
    expect(result.accessToken).toMatch(/^hf_oauth_/);
    const me = await whoAmI({ accessToken: result.accessToken, hubUrl: hub.url });
    expect(me).toMatchObject({ name: "ada", orgs: [{ name: "demo" }] });
  });

  it("gives an id token that fits the published key and the request", async () => {
    await using hub = await startLocalHub();
    const app = await register(hub);
    const query = authorizeQuery(app, { nonce: "n-1" });
    const code = (await approve(hub, query, "bob")).searchParams.get("code") ?? "";
    const fields = {
      grant_type: "authorization_code",
      code,
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
    };
    const { id_token } = (await (await exchange(hub, fields)).json()) as Tokens;
    const discovery = await (await call(hub, "/.well-known/openid-configuration")).json();
    const { issuer, jwks_uri } = discovery as { issuer: string; jwks_uri: string };
    const { keys } = (await (await fetch(jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] };
    const [head = "", body = "", signature = ""] = id_token.split(".");
    const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    const key = keys.find(({ kid }) => kid === decode(head).kid);
    expect(key).not.toHaveProperty("d");
    const publicKey = createPublicKey({ key: key as JsonWebKey, format: "jwk" });
    const signed = Buffer.from(`${head}.${body}`);
    expect(verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url"))).toBe(true);
    expect(issuer).toBe(hub.url);
    expect(decode(body)).toMatchObject({
      iss: hub.url,
      aud: app.client_id,
      nonce: "n-1",
      preferred_username: "bob",
      sub: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
  });

  it("works with a client secret in place of PKCE, and only with the right one", async () => {
    await using hub = await startLocalHub();
    const app = await register(hub, "client_secret_basic");
    const query = new URLSearchParams({
      client_id: app.client_id,
      redirect_uri: REDIRECT,
      response_type: "code",
      scope: "openid profile",
    }).toString();
    const code = (await approve(hub, query, "ada")).searchParams.get("code") ?? "";
    const fields = { grant_type: "authorization_code", code, redirect_uri: REDIRECT };
    const basic = (secret: string) => ({
      authorization: `Basic ${Buffer.from(`${app.client_id}:${secret}`).toString("base64")}`,
    });
    expect((await exchange(hub, fields)).status).toBe(401);
    expect((await exchange(hub, fields, basic("wrong"))).status).toBe(401);
    const right = await exchange(hub, fields, basic(app.client_secret ?? ""));
    expect(await right.json()).toMatchObject({
      token_type: "bearer",
      scope: "openid profile",
      expires_in: 28_800,
    });
  });

  it("tells a Space's app, which may redirect anywhere on its Space", async () => {
    await using hub = await startLocalHub();
    const readme =
      "---\ntitle: Board\nsdk: static\nhf_oauth: true\nhf_oauth_scopes:\n - email\nhf_oauth_authorized_org: demo-admin\n---\n";
    await createRepo({
      repo: { type: "space", name: "demo/board" },
      sdk: "static",
      files: [
        { path: "README.md", content: new TextEncoder().encode(readme).buffer },
        { path: "index.html", content: new TextEncoder().encode("<h1>board</h1>").buffer },
      ],
      accessToken: "hf_local_organizer",
      hubUrl: hub.url,
    });
    const info = (await (await call(hub, "/api/spaces/demo/board", { as: "organizer" })).json()) as {
      host: string;
    };
    const row = hub.context.db.prepare("SELECT oauth_client_id FROM spaces").get() as {
      oauth_client_id: string;
    };
    const query = (redirect: string, scope: string) =>
      new URLSearchParams({
        client_id: row.oauth_client_id,
        redirect_uri: redirect,
        response_type: "code",
        scope,
        code_challenge: CHALLENGE,
        code_challenge_method: "S256",
      }).toString();
    const good = query(`${info.host}/some/page`, "openid profile email");
    const page = await (await call(hub, `/oauth/authorize?${good}`)).text();
    expect(page).toContain("demo/board");
    expect(page).toContain("Sign in as organizer");
    expect(page).not.toContain("Sign in as ada");
    const stranger = await call(hub, "/oauth/authorize", {
      method: "POST",
      body: new URLSearchParams({ request: good, user: "ada", decision: "approve" }),
      redirect: "manual",
    });
    expect(new URL(stranger.headers.get("location") ?? "").searchParams.get("error")).toBe("access_denied");
    expect((await call(hub, `/oauth/authorize?${query("http://127.0.0.1:9/x", "openid")}`)).status).toBe(400);
    const greedy = await call(hub, `/oauth/authorize?${query(`${info.host}/x`, "openid manage-repos")}`, {
      redirect: "manual",
    });
    expect(new URL(greedy.headers.get("location") ?? "").searchParams.get("error")).toBe("invalid_scope");
  });
});

describe("the consent page", () => {
  it.each([
    ["an unknown app", { client_id: "nobody" }],
    ["another redirect", { redirect_uri: "https://evil.example/callback" }],
    ["another path", { redirect_uri: "http://127.0.0.1:5000/elsewhere" }],
    ["another host name of the same machine", { redirect_uri: "http://localhost:5000/callback" }],
    ["a script for a redirect", { redirect_uri: "javascript:alert(1)" }],
  ])("refuses %s itself, without any redirect", async (_, change) => {
    await using hub = await startLocalHub();
    const app = await register(hub);
    const response = await call(hub, `/oauth/authorize?${authorizeQuery(app, change)}`, {
      redirect: "manual",
    });
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toContain("text/html");
  });

  it("takes a loopback redirect on any port", async () => {
    await using hub = await startLocalHub();
    const app = await register(hub);
    const query = authorizeQuery(app, { redirect_uri: "http://127.0.0.1:5999/callback" });
    expect((await approve(hub, query, "ada")).port).toBe("5999");
  });

  it.each([
    ["unsupported_response_type", { response_type: "token" }],
    ["invalid_scope", { scope: "openid rule-the-world" }],
    ["invalid_request", { code_challenge_method: "plain" }],
    ["interaction_required", { prompt: "none" }],
  ])("tells the app of %s", async (error, change) => {
    await using hub = await startLocalHub();
    const app = await register(hub);
    const response = await call(hub, `/oauth/authorize?${authorizeQuery(app, change as never)}`, {
      redirect: "manual",
    });
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.searchParams.get("error")).toBe(error);
    expect(location.searchParams.get("state")).toBe("s1");
  });

  it("ticks the organisations that the app asks for, and only those", async () => {
    await using hub = await startLocalHub();
    const overview = (await (await call(hub, "/api/organizations/demo/overview")).json()) as { _id: string };
    const query = authorizeQuery(await register(hub), { orgIds: overview._id });
    const page = await (await call(hub, `/oauth/authorize?${query}`)).text();
    expect(page).toMatch(/value="demo" checked/);
    expect(page).not.toMatch(/value="demo-admin" checked/);
  });

  it("passes a no on to the app", async () => {
    await using hub = await startLocalHub();
    const query = authorizeQuery(await register(hub));
    const response = await call(hub, "/oauth/authorize", {
      method: "POST",
      body: new URLSearchParams({ request: query, user: "ada", decision: "deny" }),
      redirect: "manual",
    });
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.searchParams.get("error")).toBe("access_denied");
    expect(location.searchParams.get("code")).toBeNull();
  });

  it("escapes the app's name, and can be framed by nobody", async () => {
    await using hub = await startLocalHub();
    const registered = await call(hub, "/oauth/register", {
      method: "POST",
      json: {
        redirect_uris: [REDIRECT],
        client_name: "<script>alert(1)</script>",
        token_endpoint_auth_method: "none",
      },
    });
    const app = (await registered.json()) as App;
    const response = await call(hub, `/oauth/authorize?${authorizeQuery(app)}`);
    expect(await response.text()).not.toContain("<script");
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });

  it("cannot be answered by a page of another site", async () => {
    await using hub = await startLocalHub();
    const query = authorizeQuery(await register(hub));
    const response = await call(hub, "/oauth/authorize", {
      method: "POST",
      body: new URLSearchParams({ request: query, user: "ada", decision: "approve" }),
      headers: { origin: "https://evil.example" },
      redirect: "manual",
    });
    expect(response.status).toBe(403);
  });
});

describe("a code", () => {
  it("is good once; used again, it takes its tokens with it", async () => {
    await using hub = await startLocalHub();
    const { code, access_token } = await signIn(hub, "ada");
    expect((await call(hub, "/api/whoami-v2", { token: access_token })).status).toBe(200);
    const again = await exchange(hub, {
      grant_type: "authorization_code",
      code,
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
    });
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({
      error: "invalid_grant",
      error_description: expect.any(String),
    });
    expect((await call(hub, "/api/whoami-v2", { token: access_token })).status).toBe(401);
  });

  it.each([
    ["a wrong verifier", { code_verifier: "w".repeat(64) }],
    ["no verifier", { code_verifier: "" }],
    ["another redirect", { redirect_uri: "http://127.0.0.1:5001/callback" }],
    ["a made-up code", { code: "made-up" }],
  ])("is refused with %s", async (_, change) => {
    await using hub = await startLocalHub();
    const query = authorizeQuery(await register(hub));
    const code = (await approve(hub, query, "ada")).searchParams.get("code") ?? "";
    const fields = {
      grant_type: "authorization_code",
      code,
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
    };
    const response = await exchange(hub, { ...fields, ...change });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "invalid_grant" });
  });

  it("expires", async () => {
    await using hub = await startLocalHub();
    const query = authorizeQuery(await register(hub));
    const code = (await approve(hub, query, "ada")).searchParams.get("code") ?? "";
    await call(hub, "/_emulator/clock", { method: "POST", json: { advanceMs: 11 * 60_000 } });
    const fields = {
      grant_type: "authorization_code",
      code,
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
    };
    expect((await exchange(hub, fields)).status).toBe(400);
  });
});

describe("an OAuth token", () => {
  it("sees and may do what was granted, and no more", async () => {
    await using hub = await startLocalHub();
    await call(hub, "/api/buckets/demo/secret", { method: "POST", as: "organizer", json: { private: true } });
    const { access_token: small } = await signIn(hub, "ada");
    const { access_token: wide } = await signIn(hub, "ada", {
      scope: "openid profile manage-repos",
      orgs: ["demo"],
    });
    const create = (token: string, bucket: string) =>
      call(hub, `/api/buckets/${bucket}`, { method: "POST", token, json: {} });
    expect((await create(small, "ada/box")).status).toBe(403);
    expect((await call(hub, "/api/buckets/demo/secret", { token: small })).status).toBe(404);
    expect((await create(wide, "ada/box")).status).toBe(200);
    expect((await create(wide, "demo/ada-box")).status).toBe(200);
    expect((await call(hub, "/api/buckets/demo/secret", { token: wide })).status).toBe(200);
  });

  it("with contribute-repos changes what its user made, not the rest", async () => {
    await using hub = await startLocalHub();
    await call(hub, "/api/buckets/demo/board", { method: "POST", as: "organizer", json: {} });
    const { access_token: token } = await signIn(hub, "organizer", {
      scope: "openid profile contribute-repos",
      orgs: ["demo"],
    });
    hub.context.db.exec("UPDATE members SET role = 'contributor' WHERE user = 'organizer'");
    const remove = (bucket: string) => call(hub, `/api/buckets/${bucket}`, { method: "DELETE", token });
    expect((await call(hub, "/api/buckets/demo/mine", { method: "POST", token, json: {} })).status).toBe(200);
    expect((await remove("demo/mine")).status).toBe(200);
    await call(hub, "/api/buckets/demo/of-ada", { method: "POST", as: "ada", json: {} });
    expect((await remove("demo/of-ada")).status).toBe(403);
  });

  it("hides roles and organisations that were not granted", async () => {
    await using hub = await startLocalHub();
    const { access_token: token } = await signIn(hub, "ada");
    const userinfo = (await (await call(hub, "/oauth/userinfo", { token })).json()) as { orgs: object[] };
    expect(userinfo.orgs).toHaveLength(1);
    expect(userinfo.orgs[0]).not.toHaveProperty("roleInOrg");
    expect(userinfo).not.toHaveProperty("email");
    const me = (await (await call(hub, "/api/whoami-v2", { token })).json()) as {
      orgs: object[];
      auth: object;
    };
    expect(me.orgs).toEqual([]);
    expect(me).toMatchObject({ name: "ada", email: null });
    expect(me.auth).toMatchObject({ expiresAt: expect.any(String) });
    expect(me.auth).not.toHaveProperty("accessToken");
  });

  it("expires, and is renewed by its refresh token, which is good once", async () => {
    await using hub = await startLocalHub();
    const { access_token, refresh_token, expires_in, app } = await signIn(hub, "ada");
    await call(hub, "/_emulator/clock", { method: "POST", json: { advanceMs: expires_in * 1_000 } });
    expect((await call(hub, "/oauth/userinfo", { token: access_token })).status).toBe(401);
    const fields = { grant_type: "refresh_token", refresh_token, client_id: app.client_id };
    const renewed = (await (await exchange(hub, fields)).json()) as Tokens;
    expect((await call(hub, "/oauth/userinfo", { token: renewed.access_token })).status).toBe(200);
    expect((await exchange(hub, fields)).status).toBe(400);
  });

  it("is needed for userinfo: an access token is no sign-in", async () => {
    await using hub = await startLocalHub();
    expect((await call(hub, "/oauth/userinfo")).status).toBe(401);
    expect((await call(hub, "/oauth/userinfo", { as: "ada" })).status).toBe(403);
  });
});

describe("a device login", () => {
  const start = async (hub: LocalHub) => {
    const response = await call(hub, "/oauth/device", {
      method: "POST",
      body: new URLSearchParams({ client_id: "26be6b09-91c5-47da-9861-d2d2bb7a7e36" }),
    });
    return (await response.json()) as {
      device_code: string;
      user_code: string;
      verification_uri_complete: string;
    };
  };
  const poll = async (hub: LocalHub, device_code: string) => {
    const fields = { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code };
    return (await (await exchange(hub, fields)).json()) as { error?: string; access_token?: string };
  };
  const answer = (hub: LocalHub, user_code: string, decision: string) =>
    call(hub, "/oauth/device/approve", {
      method: "POST",
      body: new URLSearchParams({ user_code, user: "ada", org: "demo", decision }),
    });

  it("waits for a person, then acts as who they chose", async () => {
    let now = Date.UTC(2026, 0, 1);
    await using hub = await startLocalHub({ now: () => now });
    const device = await start(hub);
    expect(await poll(hub, device.device_code)).toMatchObject({ error: "authorization_pending" });
    expect(await poll(hub, device.device_code)).toMatchObject({ error: "slow_down" });
    const page = await (await fetch(device.verification_uri_complete)).text();
    expect(page).toContain("Hugging Face CLI");
    expect((await answer(hub, device.user_code.toLowerCase(), "approve")).status).toBe(200);
    now += 2_000;
    const { access_token: token } = await poll(hub, device.device_code);
    const me = await (await call(hub, "/api/whoami-v2", { token })).json();
    expect(me).toMatchObject({ name: "ada", orgs: [{ name: "demo", roleInOrg: "contributor" }] });
    expect(await poll(hub, device.device_code)).toMatchObject({ error: "invalid_grant" });
  });

  it("ends when a person says no, or nobody says anything", async () => {
    let now = Date.UTC(2026, 0, 1);
    await using hub = await startLocalHub({ now: () => now });
    const denied = await start(hub);
    await answer(hub, denied.user_code, "deny");
    expect(await poll(hub, denied.device_code)).toMatchObject({ error: "access_denied" });
    const forgotten = await start(hub);
    now += 901_000;
    expect(await poll(hub, forgotten.device_code)).toMatchObject({ error: "expired_token" });
    expect((await answer(hub, forgotten.user_code, "approve")).status).toBe(400);
  });

  it("is not found under a wrong code", async () => {
    await using hub = await startLocalHub();
    expect((await call(hub, "/oauth/device?user_code=XXXX-XXXX")).status).toBe(404);
    expect((await call(hub, "/oauth/device")).status).toBe(200);
  });
});
