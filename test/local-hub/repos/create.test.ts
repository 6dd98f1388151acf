/** Making, finding, moving and deleting repositories, and who may. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccountStore } from "../../../wizard/local-hub/accounts/store.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";

describe("repositories", () => {
  let hub: LocalHub;
  const create = (as: string | undefined, body: Record<string, unknown>) =>
    call(hub, "/api/repos/create", {
      method: "POST",
      ...(as && { as }),
      json: { type: "space", sdk: "static", organization: "demo", ...body },
    });

  beforeAll(async () => {
    hub = await startLocalHub();
  });
  afterAll(() => hub.close());

  test("are made once: the second time is 409 with the url", async () => {
    const first = await create("organizer", { name: "twice" });
    expect(first.status).toBe(200);
    const made = await first.json();
    expect(made).toMatchObject({ url: `${hub.url}/spaces/demo/twice`, name: "demo/twice" });
    const second = await create("organizer", { name: "twice" });
    expect(second.status).toBe(409);
    expect(await second.json()).toMatchObject({ url: made.url, id: made.id });
  });

  test.each(["", "a b", "-a", "a-", ".a", "a--b", "a..b", "../x", "a/b", "x.git", "a".repeat(97), 7, null])(
    "are not made with the name %j",
    async (name) => {
      const response = await create("organizer", { name });
      expect(response.status).toBe(400);
      expect((await response.json()).error).toContain("Invalid repository name");
    },
  );

  test.each([
    [undefined, "demo", 401],
    ["ada", "demo", 200],
    ["ada", "bob", 403],
    ["ada", "demo-admin", 403],
    ["ada", "nobody", 404],
    ["ada", "ada", 200],
  ])("as %s in %s: %i", async (user, organization, status) => {
    expect((await create(user, { name: `by-${user}`, organization })).status).toBe(status);
  });

  test.each([
    [{ sdk: "cobol" }, "SDK"],
    [{ type: "gadget" }, "type"],
    [{ visibility: "secret" }, "visibility"],
    [{ hardware: "abacus" }, "hardware"],
    [{ secrets: [{ key: "1A", value: "top-secret" }] }, "key"],
    [{ secrets: [{ key: "A", value: 7 }] }, "value of A"],
    [{ variables: "A=1" }, "variables"],
    [{ sleepTimeSeconds: 1.5 }, "sleep time"],
    [{ files: [{ path: "../x", content: "" }] }, "path"],
    [{ files: [{ path: "README.md", content: "---\nsdk: nope\n---\n" }] }, "README.md"],
  ])("with %j are refused and not made", async (body, word) => {
    const response = await create("organizer", { name: "refused", ...body });
    expect(response.status).toBe(400);
    const { error } = await response.json();
    expect(error).toContain(word);
    expect(error).not.toContain("top-secret");
    expect((await call(hub, "/api/spaces/demo/refused")).status).toBe(401);
  });

  test("docker Spaces of an organisation without a plan are 402, static ones are not", async () => {
    const accounts = openAccountStore(hub.context.db);
    accounts.addOrg({ name: "free", fullname: "Free", plan: null, createdAt: 0 });
    accounts.addMember({ org: "free", user: "ada", role: "admin" });
    const docker = await create("ada", { name: "app", organization: "free", sdk: "docker" });
    expect(docker.status).toBe(402);
    expect((await docker.json()).error).toContain("plan");
    expect((await create("ada", { name: "site", organization: "free" })).status).toBe(200);
  });

  test("private ones look missing to strangers and are read by members", async () => {
    await create("organizer", { name: "hidden", private: true });
    const anonymous = await call(hub, "/api/spaces/demo/hidden");
    expect([anonymous.status, anonymous.headers.get("x-error-code")]).toEqual([401, "RepoNotFound"]);
    expect((await call(hub, "/api/spaces/demo/hidden", { as: "ada" })).status).toBe(200);
    await create("organizer", { name: "vault", organization: "demo-admin", visibility: "private" });
    const stranger = await call(hub, "/api/spaces/demo-admin/vault", { as: "ada" });
    expect([stranger.status, stranger.headers.get("x-error-code")]).toEqual([404, "RepoNotFound"]);
    const settings = { method: "PUT", as: "organizer", json: { visibility: "public" } };
    await call(hub, "/api/spaces/demo/hidden/settings", settings);
    expect((await call(hub, "/api/spaces/demo/hidden")).status).toBe(200);
    expect((await call(hub, "/api/spaces/demo/hidden/settings", { ...settings, as: "ada" })).status).toBe(
      403,
    );
  });

  test("move and go, with what they hold; a contributor only their own", async () => {
    await create("ada", { name: "old", files: [{ path: "index.html", content: "hi" }] });
    const move = (as: string, toRepo: string) =>
      call(hub, "/api/repos/move", {
        method: "POST",
        as,
        json: { fromRepo: "demo/old", toRepo, type: "space" },
      });
    expect((await move("bob", "bob/new")).status).toBe(403);
    expect((await move("ada", "demo/twice")).status).toBe(409);
    expect((await move("ada", "demo/../x")).status).toBe(400);
    expect((await move("ada", "ada/new")).status).toBe(200);
    expect((await call(hub, "/api/spaces/demo/old", { as: "ada" })).status).toBe(404);
    const file = await call(hub, "/spaces/ada/new/resolve/main/index.html");
    expect(await file.text()).toBe("hi");
    const remove = (as: string) =>
      call(hub, "/api/repos/delete", {
        method: "DELETE",
        as,
        json: { name: "new", organization: "ada", type: "space" },
      });
    expect((await remove("bob")).status).toBe(403);
    expect((await remove("ada")).status).toBe(200);
    expect((await remove("ada")).status).toBe(404);
    const blobs = hub.context.db.prepare("SELECT count(*) AS n FROM repo_blobs WHERE content = ?");
    expect(blobs.get(Buffer.from("hi"))).toEqual({ n: 0 });
  });

  test("names are the same on another kind without touching each other", async () => {
    await create("ada", { name: "shared" });
    const dataset = await create("ada", { name: "shared", type: "dataset", sdk: undefined });
    expect((await dataset.json()).url).toBe(`${hub.url}/datasets/demo/shared`);
    expect((await call(hub, "/api/datasets/demo/shared")).status).toBe(200);
    expect((await call(hub, "/api/models/demo/shared", { as: "ada" })).status).toBe(404);
  });
});
