import { describe, expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

const make = async (hub: LocalHub, json: unknown) => {
  const response = await call(hub, "/_emulator/tokens", { method: "POST", json });
  return { status: response.status, body: (await response.json()) as { token: string; error?: string } };
};
const whoami = (hub: LocalHub, token: string) => call(hub, "/api/whoami-v2", { token });

describe("access tokens", () => {
  it("of the fine-grained kind tell their scopes as the Hub does", async () => {
    await using hub = await startLocalHub();
    const { body } = await make(hub, {
      user: "organizer",
      name: "collab backend",
      role: "fineGrained",
      scopes: { "org/demo": ["repo.content.read", "repo.write"], "bucket/demo-admin/audit": ["repo.write"] },
    });
    expect(body.token).toMatch(/^hf_/);
    expect(await (await whoami(hub, body.token)).json()).toMatchObject({
      name: "organizer",
      auth: {
        type: "access_token",
        accessToken: {
          displayName: "collab backend",
          role: "fineGrained",
          fineGrained: {
            scoped: [
              {
                entity: { _id: expect.stringMatching(/^[0-9a-f]{24}$/), type: "org", name: "demo" },
                permissions: ["repo.content.read", "repo.write"],
              },
              { entity: { type: "bucket", name: "demo-admin/audit" }, permissions: ["repo.write"] },
            ],
          },
        },
      },
    });
  });

  it("expire by the hub's clock, and can be revoked", async () => {
    await using hub = await startLocalHub();
    const { body: short } = await make(hub, { user: "ada", expiresInSeconds: 60 });
    const { body: other } = await make(hub, { user: "ada", role: "read" });
    expect((await whoami(hub, short.token)).status).toBe(200);
    await call(hub, "/_emulator/clock", { method: "POST", json: { advanceMs: 60_000 } });
    expect((await whoami(hub, short.token)).status).toBe(401);
    expect((await whoami(hub, other.token)).status).toBe(200);
    await call(hub, "/_emulator/tokens/revoke", { method: "POST", json: { token: other.token } });
    expect((await whoami(hub, other.token)).status).toBe(401);
  });

  it("are listed without the tokens themselves", async () => {
    await using hub = await startLocalHub();
    const { body } = await make(hub, { user: "ada", name: "laptop", role: "read" });
    const text = await (await call(hub, "/_emulator/tokens")).text();
    expect(text).toContain("laptop");
    expect(text).not.toContain(body.token);
    expect(text).not.toContain("hf_");
  });

  it.each([
    [404, { user: "nobody" }],
    [400, { user: "ada", role: "god" }],
    [400, { user: "ada", role: "fineGrained" }],
    [400, { user: "ada", role: "write", scopes: { "org/demo": ["repo.write"] } }],
    [400, { user: "ada", role: "fineGrained", scopes: { demo: ["repo.write"] } }],
    [400, { user: "ada", role: "fineGrained", scopes: { "planet/mars": ["repo.write"] } }],
    [400, { user: "ada", expiresInSeconds: 0 }],
    [400, null],
  ])("are refused with %i for %j", async (status, json) => {
    await using hub = await startLocalHub();
    const made = await make(hub, json);
    expect(made.status).toBe(status);
    expect(made.body.error).toBeTruthy();
  });
});

describe("local accounts", () => {
  it("are made with a token of their own and roles in organisations", async () => {
    await using hub = await startLocalHub();
    await call(hub, "/_emulator/orgs", { method: "POST", json: { name: "free-org", plan: null } });
    const response = await call(hub, "/_emulator/users", {
      method: "POST",
      json: { name: "dora", orgs: { demo: "contributor", "free-org": "admin" } },
    });
    expect(await response.json()).toEqual({
      name: "dora",
      token: "hf_local_dora",
      orgs: { demo: "contributor", "free-org": "admin" },
    });
    const me = (await (await whoami(hub, "hf_local_dora")).json()) as { orgs: object[] };
    expect(me.orgs).toMatchObject([{ name: "demo", plan: "team" }, { name: "free-org" }]);
    expect(me.orgs[1]).not.toHaveProperty("plan");
    const change = await call(hub, "/api/organizations/free-org/members/dora/role", {
      method: "PUT",
      as: "dora",
      json: { role: "admin" },
    });
    expect(change.status).toBe(402);
  });

  it.each([
    [400, "users", { name: "../etc" }],
    [400, "users", { name: "me" }],
    [400, "users", { name: "a--b" }],
    [409, "users", { name: "demo" }],
    [404, "users", { name: "dora", orgs: { nowhere: "read" } }],
    [400, "users", { name: "dora", orgs: { demo: "owner" } }],
    [409, "orgs", { name: "ada" }],
    [409, "orgs", { name: "demo" }],
    [400, "orgs", { name: "new-org", plan: "gold" }],
  ])("are refused with %i: %s %j", async (status, kind, json) => {
    await using hub = await startLocalHub();
    expect((await call(hub, `/_emulator/${kind}`, { method: "POST", json })).status).toBe(status);
    const users = (await (await call(hub, "/_emulator/users")).json()) as { users: object[] };
    expect(users.users).toHaveLength(4);
  });

  it("cannot share a name with a seeded organisation", async () => {
    await expect(startLocalHub({ seed: { org: "ada" } })).rejects.toMatchObject({ code: "name_taken" });
  });
});
