import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import type { Hub } from "../../template/hub/types.ts";
import { blobId } from "../../wizard/deploy/plan.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { emulator } from "../deploy/support.ts";

let server: LocalHub;
let hub: Hub;
beforeAll(async () => {
  server = await startLocalHub();
  hub = createHub({ endpoint: server.url, token: "hf_local_organizer" });
});
afterAll(() => server.close());

describe("a Space", () => {
  test("is made with its settings, once; values of secrets never come back", async () => {
    const space = hub.space("demo/settings");
    expect(await space.info()).toBeNull();
    const options = {
      sdk: "static",
      private: true,
      secrets: { KEY: "s3cret" },
      variables: { MODE: "x" },
    } as const;
    expect(await space.create(options)).toMatchObject({ created: true });
    expect(await space.create(options)).toMatchObject({ created: false });
    expect(await space.info()).toMatchObject({ id: "demo/settings", sdk: "static", private: true });
    expect(await space.secretKeys()).toEqual(new Set(["KEY"]));
    expect(await space.variables()).toEqual(new Map([["MODE", "x"]]));

    await space.setVariable("MODE", "y");
    await space.setVariable("MORE", "z");
    await space.deleteVariable("MODE");
    await space.setSecret("OTHER", "1");
    await space.deleteSecret("KEY");
    expect(await space.variables()).toEqual(new Map([["MORE", "z"]]));
    expect(await space.secretKeys()).toEqual(new Set(["OTHER"]));
    await space.delete();
    await space.delete();
    expect(await space.info()).toBeNull();
  });

  test("takes one commit with texts, bytes and deletions, and lists git's ids", async () => {
    const space = hub.space("demo/files");
    await space.create({ sdk: "static" });
    const bytes = Uint8Array.from({ length: 2_000 }, (_, i) => i % 256);
    const first = await space.commit({
      message: "first",
      put: [
        { path: "index.html", content: "<p>ü</p>\n" },
        { path: "deep/data.bin", content: bytes },
        { path: "old.txt", content: "old" },
      ],
    });
    expect((await space.info())?.sha).toBe(first.oid);
    const files = await space.files();
    expect(files.get("index.html")?.oid).toBe(blobId(Buffer.from("<p>ü</p>\n")));
    expect(files.get("deep/data.bin")).toEqual({ oid: blobId(bytes), size: 2_000 });
    await space.commit({
      message: "second",
      put: [{ path: "index.html", content: "new" }],
      delete: ["old.txt"],
      parent: first.oid,
    });
    expect(await space.readText("index.html")).toBe("new");
    expect(await space.readText("old.txt")).toBeNull();
    expect([...(await space.files()).keys()]).not.toContain("old.txt");
    const stale = space.commit({ message: "third", put: [{ path: "a", content: "a" }], parent: first.oid });
    await expect(stale).rejects.toMatchObject({ name: "HubError", status: 412 });
  });

  test("that a caller may not change refuses with the Hub's reason", async () => {
    await hub.space("demo/closed").create({ sdk: "static" });
    const ada = hub.as("hf_local_ada").space("demo/closed");
    const commit = ada.commit({ message: "m", put: [{ path: "a", content: "a" }] });
    await expect(commit).rejects.toMatchObject({ name: "HubError", status: 403 });
    await expect(ada.setSecret("A", "b")).rejects.toMatchObject({ status: 403 });
    await expect(ada.delete()).rejects.toMatchObject({ status: 403 });
  });
});

describe("an organisation", () => {
  test("exists or not, and lists its members with their roles", async () => {
    const id = expect.stringMatching(/^[0-9a-f]{24}$/);
    expect(await hub.org("demo").exists()).toBe(true);
    expect(await hub.org("nowhere").exists()).toBe(false);
    expect(await hub.org("demo").members()).toEqual([
      { user: "ada", id, role: "contributor" },
      { user: "bob", id, role: "contributor" },
      { user: "cy", id, role: "contributor" },
      { user: "organizer", id, role: "admin" },
    ]);
    const own = await hub.whoami();
    expect(await hub.org("demo").members({ email: own.email ?? "", limit: 1 })).toEqual([
      { user: "organizer", id, role: "admin" },
    ]);
  });

  test("hides roles from strangers", async () => {
    await emulator(server, "POST", "/users", { name: "stranger", orgs: {} });
    const members = await hub.as("hf_local_stranger").org("demo").members();
    expect(new Set(members.map(({ role }) => role))).toEqual(new Set([null]));
  });
});

describe("whoami", () => {
  test("tells orgs, roles, plans and the kind of the token", async () => {
    expect(await hub.whoami()).toMatchObject({
      name: "organizer",
      token: { kind: "access_token", role: "write" },
      orgs: expect.arrayContaining([{ name: "demo", role: "admin", plan: "team" }]),
    });
    expect((await hub.whoami("hf_local_bob")).name).toBe("bob");
  });

  test("tells the scopes of a fine-grained token by what they are on", async () => {
    const scopes = { "org/demo": ["repo.write"], "bucket/demo/x": ["repo.content.read"] };
    const { token } = await emulator(server, "POST", "/tokens", { user: "ada", role: "fineGrained", scopes });
    const who = await hub.whoami(token);
    expect(who.token.role).toBe("fineGrained");
    expect(who.scopes.get("org/demo")).toEqual(new Set(["repo.write"]));
    expect(who.scopes.get("bucket/demo/x")).toEqual(new Set(["repo.content.read"]));
  });
});
