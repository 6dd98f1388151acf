import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { type Call, call } from "../support.ts";
import { batch, EMPTY, makeBucket, putFiles } from "./client.ts";

describe("buckets", () => {
  let hub: LocalHub;
  beforeAll(async () => {
    hub = await startLocalHub();
  });
  afterAll(async () => {
    await hub.close();
  });

  const api = async (method: string, path: string, options: Call = {}) => {
    const response = await call(hub, path, { method, as: "ada", ...options });
    const text = await response.text();
    return {
      status: response.status,
      code: response.headers.get("x-error-code"),
      body: text === "" ? null : JSON.parse(text),
    };
  };

  test("are created in one's own namespace by 'me'", async () => {
    const created = await api("POST", "/api/buckets/me/mine");
    expect(created).toMatchObject({
      status: 200,
      body: {
        url: `${hub.url}/buckets/ada/mine`,
        name: "ada/mine",
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
      },
    });
    const again = await api("POST", "/api/buckets/ada/mine");
    expect(again).toMatchObject({
      status: 409,
      body: { url: created.body.url, id: created.body.id, error: expect.any(String) },
    });
  });

  test("are public unless asked otherwise, in the words of either client", async () => {
    await api("POST", "/api/buckets/ada/open");
    await api("POST", "/api/buckets/ada/by-flag", { json: { private: true } });
    await api("POST", "/api/buckets/ada/by-name", { json: { visibility: "private" } });
    const isPrivate = async (id: string) => (await api("GET", `/api/buckets/${id}`)).body.private;
    expect(await Promise.all(["ada/open", "ada/by-flag", "ada/by-name"].map(isPrivate))).toEqual([
      false,
      true,
      true,
    ]);
    await api("PUT", "/api/buckets/ada/open/settings", { json: { private: true } });
    expect(await isPrivate("ada/open")).toBe(true);
  });

  test("answer in the URL that the caller used", async () => {
    const url = hub.url.replace("127.0.0.1", "localhost");
    const response = await fetch(`${url}/api/buckets/ada/by-localhost`, {
      method: "POST",
      headers: { Authorization: "Bearer hf_local_ada" },
    });
    expect(await response.json()).toMatchObject({ url: `${url}/buckets/ada/by-localhost` });
  });

  test.each(["-x", "x-", ".x", "a--b", "a..b", "x y", "ä", "x".repeat(97)])(
    "cannot be called %j",
    async (name) => {
      const answer = await api("POST", `/api/buckets/ada/${encodeURIComponent(name)}`);
      expect(answer.status).toBe(400);
      expect(answer.body.error).toContain("cannot be the name");
    },
  );

  test("are refused where the caller may not create, and bodies that are wrong", async () => {
    expect((await api("POST", "/api/buckets/bob/x")).status).toBe(403);
    expect((await api("POST", "/api/buckets/nobody/x")).status).toBeGreaterThanOrEqual(403);
    expect((await api("POST", "/api/buckets/me/x", { as: undefined })).status).toBe(401);
    expect((await api("POST", "/api/buckets/ada/x", { body: "{" })).status).toBe(400);
    expect((await api("POST", "/api/buckets/ada/x", { json: { private: "yes" } })).status).toBe(400);
    expect((await api("GET", "/api/buckets/ada/x")).status).toBe(404);
  });

  test("are described with size and number of files, which follow every change", async () => {
    await makeBucket(hub, "ada/sized");
    await putFiles(hub, "ada/sized", { a: "12345", "b/c": "123" });
    const info = async () => (await api("GET", "/api/buckets/ada/sized?expand[]=likes")).body;
    expect(await info()).toMatchObject({
      author: "ada",
      id: "ada/sized",
      repoType: "bucket",
      size: 8,
      totalFiles: 2,
    });
    await putFiles(hub, "ada/sized", { a: "1" });
    await batch(hub, "ada/sized", [{ type: "deleteFile", path: "b/c" }]);
    expect(await info()).toMatchObject({ size: 1, totalFiles: 1 });
  });

  test("are listed by namespace, only those the caller may see, in pages", async () => {
    await makeBucket(hub, "bob/shown");
    await makeBucket(hub, "bob/hidden", { private: true });
    const ids = async (as: string, query = "") =>
      (await api("GET", `/api/buckets/bob${query}`, { as })).body.map(({ id }: { id: string }) => id);
    expect(await ids("ada")).toEqual(["bob/shown"]);
    expect(await ids("bob")).toEqual(["bob/hidden", "bob/shown"]);
    expect(await ids("bob", "?search=HID")).toEqual(["bob/hidden"]);
    expect(await ids("bob", "?cursor=bob%2Fhidden")).toEqual(["bob/shown"]);
    expect((await api("GET", "/api/buckets/nobody")).status).toBe(404);
    expect((await api("GET", "/api/buckets/me", { as: undefined })).status).toBe(401);
  });

  test("that cannot be seen look as if they did not exist", async () => {
    await makeBucket(hub, "ada/secret", { private: true });
    for (const path of ["/api/buckets/ada/secret", "/api/buckets/ada/no-such"]) {
      expect(await api("GET", path, { as: "bob" })).toMatchObject({ status: 404, code: "RepoNotFound" });
      expect(await api("GET", path, { as: undefined })).toMatchObject({ status: 401, code: "RepoNotFound" });
    }
  });

  test("are deleted with all that is in them, and start afresh under the same name", async () => {
    await makeBucket(hub, "ada/again");
    await putFiles(hub, "ada/again", { f: "text" });
    expect((await api("DELETE", "/api/buckets/ada/again", { as: "bob" })).status).toBe(403);
    expect((await api("DELETE", "/api/buckets/ada/again")).status).toBe(200);
    expect(await api("DELETE", "/api/buckets/ada/again")).toMatchObject({
      status: 404,
      code: "RepoNotFound",
    });
    await makeBucket(hub, "ada/again");
    expect((await api("GET", "/api/buckets/ada/again/tree")).body).toEqual([]);
  });

  test("move with their files, and only where the caller may put them", async () => {
    await makeBucket(hub, "ada/old");
    await makeBucket(hub, "ada/taken");
    await putFiles(hub, "ada/old", { f: "moved text" });
    const move = (toRepo: string, as = "ada") =>
      api("POST", "/api/repos/move", { as, json: { fromRepo: "ada/old", toRepo, type: "bucket" } });
    expect((await move("ada/taken")).status).toBe(409);
    expect((await move("bob/stolen")).status).toBe(403);
    expect((await move("bob/stolen", "bob")).status).toBe(403);
    expect((await move("no-namespace")).status).toBe(400);
    expect((await move("ada/new")).status).toBe(200);
    expect((await api("GET", "/api/buckets/ada/old")).status).toBe(404);
    const file = await call(hub, "/buckets/ada/new/resolve/f", { as: "ada" });
    expect(await file.text()).toBe("moved text");
  });

  test("of an organisation are written by their makers and its writers only", async () => {
    const org = (await api("GET", "/api/whoami-v2")).body.orgs[0].name;
    await makeBucket(hub, `${org}/of-ada`, { as: "ada" });
    const write = async (as: string) =>
      (await batch(hub, `${org}/of-ada`, [{ type: "addFile", path: as, xetHash: EMPTY }], as)).status;
    expect(await write("ada")).toBe(200);
    expect(await write("bob")).toBe(403);
    expect(await write("organizer")).toBe(200);
    expect((await api("DELETE", `/api/buckets/${org}/of-ada`, { as: "bob" })).status).toBe(403);
    expect(
      (await api("PUT", `/api/buckets/${org}/of-ada/settings`, { as: "bob", json: { private: true } }))
        .status,
    ).toBe(403);
  });
});
