import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whoAmI } from "@huggingface/hub";
import { describe, expect, it } from "vitest";
import type { Caller, Owned } from "../../wizard/local-hub/context.ts";
import { HubHttpError } from "../../wizard/local-hub/errors.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

describe("whoami", () => {
  it("tells a contributor's orgs and roles", async () => {
    await using hub = await startLocalHub({ seed: { org: "gemma", adminOrg: "gemma-crew" } });
    const ada = await (await call(hub, "/api/whoami-v2", { as: "ada" })).json();
    expect(ada).toMatchObject({
      type: "user",
      name: "ada",
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      orgs: [{ type: "org", name: "gemma", roleInOrg: "contributor", plan: "team" }],
      auth: { type: "access_token", accessToken: { role: "write" } },
    });
    const organizer = await (await call(hub, "/api/whoami-v2", { as: "organizer" })).json();
    expect(organizer).toMatchObject({
      orgs: [
        { name: "gemma", roleInOrg: "admin" },
        { name: "gemma-crew", roleInOrg: "admin" },
      ],
    });
  });

  it("is understood by @huggingface/hub", async () => {
    await using hub = await startLocalHub();
    const ada = await whoAmI({ accessToken: "hf_local_ada", hubUrl: hub.url });
    expect(ada).toMatchObject({ type: "user", name: "ada", email: "ada@local.example" });
    expect(ada.auth.accessToken?.createdAt).toBeInstanceOf(Date);
  });

  it.each([
    ["without a token", undefined, "Authentication"],
    ["with a token nobody holds", "Bearer hf_local_mallory", "Invalid credentials in Authorization header"],
    ["with something that is no bearer token", "Basic YWRh", "Invalid credentials in Authorization header"],
  ])("is 401 %s", async (_, authorization, message) => {
    await using hub = await startLocalHub();
    const response = await call(hub, "/api/whoami-v2", { headers: authorization ? { authorization } : {} });
    expect(response.status).toBe(401);
    expect(response.headers.get("x-error-message")).toContain(message);
    expect(await response.json()).toHaveProperty("error");
  });

  it("shows pictures that the hub itself serves", async () => {
    await using hub = await startLocalHub();
    const ada = (await (await call(hub, "/api/whoami-v2", { as: "ada" })).json()) as { avatarUrl: string };
    const picture = await fetch(ada.avatarUrl);
    expect(picture.headers.get("content-type")).toBe("image/svg+xml");
    expect((await call(hub, "/avatars/nobody.svg")).status).toBe(404);
  });
});

describe("seeding", () => {
  it("changes nothing the second time, and adds organisations that are missing", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "hub-test-"));
    try {
      const first = await startLocalHub({ dataDir, now: () => 1_000_000 });
      const whoami = async (hub: LocalHub) =>
        (await (await call(hub, "/api/whoami-v2", { as: "organizer" })).text()).replaceAll(hub.url, "");
      const before = await whoami(first);
      await call(first, "/api/organizations/demo/members/ada/role", {
        method: "PUT",
        as: "organizer",
        json: { role: "read" },
      });
      await first.close();

      const second = await startLocalHub({ dataDir, now: () => 2_000_000 });
      expect(await whoami(second)).toBe(before);
      expect(second.context.accounts.roleIn("ada", "demo")).toBe("read");
      await second.close();

      await using third = await startLocalHub({ dataDir, seed: { org: "circle" } });
      expect(third.context.accounts.roleIn("ada", "circle")).toBe("contributor");
      expect(third.context.accounts.roleIn("organizer", "circle-admin")).toBe("admin");
      expect(third.context.accounts.roleIn("ada", "circle-admin")).toBeNull();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it("leaves no raw token in the database", async () => {
    await using hub = await startLocalHub();
    const rows = hub.context.db.prepare("SELECT * FROM tokens").all();
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain("hf_local");
  });
});

describe("organisation members", () => {
  const members = (hub: LocalHub, query: string, as?: string) =>
    call(hub, `/api/organizations/demo/members${query}`, { as });

  it("are listed in pages linked by absolute URLs on the caller's host", async () => {
    await using hub = await startLocalHub();
    const store = hub.context.db.prepare("INSERT INTO users VALUES (?, ?, ?, ?, 0, 0)");
    const join = hub.context.db.prepare("INSERT INTO members VALUES ('demo', ?, 'read')");
    for (let i = 0; i < 20; i++) {
      store.run(`user-${i}`, String(i).padStart(24, "0"), `User ${i}`, `u${i}@local.example`);
      join.run(`user-${i}`);
    }
    const seen: string[] = [];
    let url: string | undefined = `http://localhost:${hub.port}/api/organizations/demo/members?limit=10`;
    let pages = 0;
    while (url) {
      const response: Response = await fetch(url, {
        headers: { authorization: "Bearer hf_local_organizer" },
      });
      seen.push(...((await response.json()) as { user: string }[]).map((member) => member.user));
      const link = response.headers.get("link");
      url = link ? /^<(http:\/\/localhost:[^>]+)>; rel="next"$/.exec(link)?.[1] : undefined;
      pages++;
    }
    expect(pages).toBe(3);
    expect(seen).toHaveLength(24);
    expect(new Set(seen).size).toBe(24);
  });

  it("show roles to members and addresses to admins only", async () => {
    await using hub = await startLocalHub();
    const byAdmin = await (await members(hub, "", "organizer")).json();
    expect(byAdmin).toContainEqual(
      expect.objectContaining({ user: "ada", role: "contributor", verifiedEmail: "ada@local.example" }),
    );
    const byMember = (await (await members(hub, "", "ada")).json()) as object[];
    expect(byMember[0]).toHaveProperty("role");
    expect(byMember[0]).not.toHaveProperty("verifiedEmail");
    const byStranger = (await (await members(hub, "")).json()) as object[];
    expect(byStranger[0]).not.toHaveProperty("role");
  });

  it("are found by name, and by address for an admin", async () => {
    await using hub = await startLocalHub();
    const names = async (response: Response) =>
      ((await response.json()) as { user: string }[]).map((member) => member.user);
    expect(await names(await members(hub, "?search=AD", "bob"))).toEqual(["ada"]);
    expect(await names(await members(hub, "?email=cy%40local.example", "organizer"))).toEqual(["cy"]);
    expect((await members(hub, "?email=cy%40local.example", "bob")).status).toBe(403);
  });

  it.each(["5", "10001", "many"])("refuse a page of %s", async (limit) => {
    await using hub = await startLocalHub();
    expect((await members(hub, `?limit=${limit}`, "ada")).status).toBe(400);
  });

  it("of an unknown organisation are 404", async () => {
    await using hub = await startLocalHub();
    expect((await call(hub, "/api/organizations/nowhere/members", { as: "ada" })).status).toBe(404);
  });
});

describe("changing a role", () => {
  const change = (hub: LocalHub, user: string, body: unknown, as?: string) =>
    call(hub, `/api/organizations/demo/members/${user}/role`, { method: "PUT", as, json: body });

  it("takes effect for the member's next request", async () => {
    await using hub = await startLocalHub();
    const response = await change(hub, "ada", { role: "write" }, "organizer");
    expect(await response.json()).toEqual({ success: true });
    const ada = await (await call(hub, "/api/whoami-v2", { as: "ada" })).json();
    expect(ada).toMatchObject({ orgs: [{ roleInOrg: "write" }] });
  });

  it.each([
    [401, "ada", { role: "write" }, undefined],
    [403, "ada", { role: "write" }, "ada"],
    [404, "stranger", { role: "write" }, "organizer"],
    [400, "ada", { role: "owner" }, "organizer"],
    [400, "ada", {}, "organizer"],
    [400, "organizer", { role: "read" }, "organizer"],
  ])("is %i for %s with %j by %s, and changes nothing", async (status, user, body, as) => {
    await using hub = await startLocalHub();
    expect((await change(hub, user, body, as)).status).toBe(status);
    expect(hub.context.accounts.roleIn("ada", "demo")).toBe("contributor");
    expect(hub.context.accounts.roleIn("organizer", "demo")).toBe("admin");
  });

  it("needs a paid plan", async () => {
    await using hub = await startLocalHub();
    hub.context.db.exec("UPDATE orgs SET plan = NULL WHERE name = 'demo'");
    expect((await change(hub, "ada", { role: "write" }, "organizer")).status).toBe(402);
    expect(hub.context.accounts.roleIn("ada", "demo")).toBe("contributor");
  });
});

describe("permissions", () => {
  const bucket = (id: string, createdBy: string, isPrivate: boolean): Owned => ({
    kind: "bucket",
    id,
    createdBy,
    private: isPrivate,
  });
  /** 200, or the status and error code that the check throws. */
  function outcome(check: () => void): string {
    try {
      check();
      return "ok";
    } catch (error) {
      if (!(error instanceof HubHttpError)) throw error;
      return [error.status, error.code].filter(Boolean).join(" ");
    }
  }
  const callerOf = (hub: LocalHub, user: string | null): Caller | null =>
    hub.context.accounts.authenticate(user && `Bearer hf_local_${user}`);

  it.each([
    // who, made by, private, read, write
    [null, "organizer", false, "ok", "401"],
    [null, "organizer", true, "401 RepoNotFound", "401 RepoNotFound"],
    ["ada", "organizer", false, "ok", "403"],
    ["ada", "organizer", true, "ok", "403"],
    ["ada", "ada", true, "ok", "ok"],
    ["ada", "bob", true, "ok", "403"],
    ["organizer", "ada", true, "ok", "ok"],
    ["eve", "ada", true, "404 RepoNotFound", "404 RepoNotFound"],
    ["eve", "ada", false, "ok", "403"],
  ])("of %s on a bucket by %s (private: %s): read %s, write %s", async (who, by, isPrivate, read, write) => {
    await using hub = await startLocalHub();
    const { accounts, db } = hub.context;
    db.exec("INSERT INTO users VALUES ('eve', 'e', 'Eve', 'eve@local.example', 0, 0)");
    const { createHash } = await import("node:crypto");
    db.prepare("INSERT INTO tokens VALUES (?, 'eve', 'x', 'write', 'access_token', NULL, 0, NULL)").run(
      createHash("sha256").update("hf_local_eve").digest("hex"),
    );
    const target = bucket("demo/box", by, isPrivate);
    expect(outcome(() => accounts.requireRead(callerOf(hub, who), target))).toBe(read);
    expect(outcome(() => accounts.requireWrite(callerOf(hub, who), target))).toBe(write);
  });

  it("let a contributor create in the organisation, not in somebody else's namespace", async () => {
    await using hub = await startLocalHub();
    const { accounts } = hub.context;
    const create = (who: string | null, namespace: string) =>
      outcome(() => accounts.requireCreate(callerOf(hub, who), namespace, "bucket"));
    expect(create("ada", "demo")).toBe("ok");
    expect(create("ada", "ada")).toBe("ok");
    expect(create("ada", "bob")).toBe("403");
    expect(create("ada", "demo-admin")).toBe("403");
    expect(create("ada", "nowhere")).toBe("404");
    expect(create(null, "demo")).toBe("401");
  });
});
