import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";
import { batch, EMPTY, makeBucket, pages, putFiles, stage } from "./client.ts";

describe("a batch", () => {
  let hub: LocalHub;
  let id: string;
  let count = 0;
  beforeAll(async () => {
    hub = await startLocalHub();
  });
  afterAll(async () => {
    await hub.close();
  });
  beforeEach(async () => {
    id = `ada/b${count++}`;
    await makeBucket(hub, id);
  });

  const add = (path: string, more: object = {}) => ({ type: "addFile", path, xetHash: EMPTY, ...more });
  const remove = (path: string) => ({ type: "deleteFile", path });
  const paths = async (of = id) => (await pages(hub, `${of}/tree`)).flat().map(({ path }) => path);
  const describeFile = async (path: string) =>
    (
      (await (
        await call(hub, `/api/buckets/${id}/paths-info`, {
          method: "POST",
          as: "ada",
          json: { paths: [path] },
        })
      ).json()) as object[]
    )[0];

  test("adds, replaces and deletes, and says how many", async () => {
    expect(await batch(hub, id, [add("a"), add("b/c"), add("d")])).toEqual({
      status: 200,
      body: { success: true, processed: 3, succeeded: 3, failed: [] },
    });
    expect((await batch(hub, id, [add("e"), remove("a"), remove("d")])).body.success).toBe(true);
    expect(await paths()).toEqual(["b/c", "e"]);
  });

  test("can be sent twice", async () => {
    const operations = [add("a"), remove("b")];
    for (let i = 0; i < 2; i++) {
      expect((await batch(hub, id, operations)).body).toMatchObject({ success: true, failed: [] });
    }
    expect(await paths()).toEqual(["a"]);
  });

  test("keeps what the uploader says about a file", async () => {
    const mtime = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    await batch(hub, id, [
      add("a.md", { mtime, mtimeNanos: 90_123, contentType: "text/x-special" }),
      add("b.md"),
    ]);
    expect(await describeFile("a.md")).toMatchObject({
      mtime: "2026-01-02T03:04:05.678Z",
      mtimeNanos: 90_123,
      contentType: "text/x-special",
    });
    const plain = (await describeFile("b.md")) as { mtime: string; uploadedAt: string };
    expect(plain.mtime).toBe(plain.uploadedAt);
    expect(plain).not.toHaveProperty("mtimeNanos");
  });

  test.each([
    ["", "empty"],
    ["/a", "slash"],
    ["a/", "slash"],
    ["a//b", "slash"],
    ["../a", "'..'"],
    ["a/../b", "'..'"],
    ["./a", "'.'"],
    ["a\0b", "NUL"],
    ["x".repeat(1001), "longer than 1000"],
  ])("refuses the path %j and does the rest", async (path, reason) => {
    const { status, body } = await batch(hub, id, [add("good"), add(path)]);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: false, processed: 2, succeeded: 1, failed: [{ path }] });
    expect(body.failed[0]?.error).toContain(reason);
    expect(await paths()).toEqual(["good"]);
  });

  test("answers 422 with the same four fields when nothing worked", async () => {
    const { status, body } = await batch(hub, id, [add(".."), add("ok", { xetHash: "1".repeat(64) })]);
    expect(status).toBe(422);
    expect(body).toMatchObject({ success: false, processed: 2, succeeded: 0 });
    expect(body.failed.map(({ path }) => path)).toEqual(["..", "ok"]);
  });

  test("never makes a path both a file and a directory, unless it deletes the one for the other", async () => {
    await batch(hub, id, [add("a"), add("dir/b")]);
    const { body } = await batch(hub, id, [add("a/below"), add("dir"), add("dir/b/c")]);
    expect(body.failed.map(({ path }) => path)).toEqual(["a/below", "dir", "dir/b/c"]);
    expect((await batch(hub, id, [add("a/below"), remove("a")])).body.success).toBe(true);
    expect((await batch(hub, id, [add("dir"), remove("dir/b")])).body.success).toBe(true);
    expect(await paths()).toEqual(["a/below", "dir"]);
  });

  test.each([
    ["no JSON", "{"],
    ["an unknown type", JSON.stringify({ type: "moveFile", path: "a" })],
    ["no path", JSON.stringify({ type: "deleteFile" })],
    ["a hash that is none", JSON.stringify(add("a", { xetHash: "xyz" }))],
    ["a time that is no whole number", JSON.stringify(add("a", { mtime: 1.5 }))],
    ["an add behind a delete", `${JSON.stringify(remove("x"))}\n${JSON.stringify(add("a"))}`],
  ])("with %s is refused with 400 as a whole, naming the line", async (_, lines) => {
    const body = `${JSON.stringify(add("first"))}\n${lines}\n`;
    const response = await call(hub, `/api/buckets/${id}/batch`, { method: "POST", as: "ada", body });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toMatch(/Line [23] of the batch/);
    expect(await paths()).toEqual([]);
  });

  test("is refused where the caller may not write, without any effect", async () => {
    expect((await batch(hub, id, [add("x")], "bob")).status).toBe(403);
    const anonymous = await call(hub, `/api/buckets/${id}/batch`, { method: "POST", body: "" });
    expect(anonymous.status).toBe(401);
    expect((await batch(hub, "ada/no-such", [add("x")])).status).toBe(404);
    expect(await paths()).toEqual([]);
  });

  test("does all it was asked to when many come at once", async () => {
    const batches = Array.from({ length: 20 }, (_, i) =>
      batch(hub, id, [...Array.from({ length: 50 }, (_, j) => add(`own/${i}/${j}`)), add("shared")]),
    );
    for (const { body } of await Promise.all(batches)) expect(body.succeeded).toBe(51);
    expect(await paths()).toHaveLength(1001);
    const info = await (await call(hub, `/api/buckets/${id}`, { as: "ada" })).json();
    expect(info).toMatchObject({ totalFiles: 1001 });
  });

  test("fails single entries on request, which a second try mends", async () => {
    await call(hub, "/_emulator/faults", {
      method: "POST",
      json: { kind: "batch_entry", entry: "unlucky/*", count: 1 },
    });
    const operations = [add("fine"), add("unlucky/a")];
    const first = await batch(hub, id, operations);
    expect(first).toMatchObject({ status: 200, body: { success: false, failed: [{ path: "unlucky/a" }] } });
    expect(await paths()).toEqual(["fine"]);
    expect((await batch(hub, id, operations)).body.success).toBe(true);
    expect(await paths()).toEqual(["fine", "unlucky/a"]);
  });

  describe("that copies", () => {
    const copy = (path: string, xetHash: string, sourceRepoId: string, more: object = {}) => ({
      type: "copyFile",
      path,
      xetHash,
      sourceRepoType: "bucket",
      sourceRepoId,
      ...more,
    });
    const source = async (name: string, options: { private?: boolean } = {}) => {
      await makeBucket(hub, name, options);
      await putFiles(hub, name, { "secret.txt": `content of ${name}` });
      const [files] = await pages(hub, `${name}/tree`, name.split("/")[0]);
      return String(files?.[0]?.xetHash);
    };

    test("takes content from another bucket without moving bytes", async () => {
      const hash = await source("ada/source");
      const mtime = 1_700_000_000_000;
      const { body } = await batch(hub, id, [copy("copied/x.txt", hash, "ada/source", { mtime })]);
      expect(body).toMatchObject({ success: true, succeeded: 1 });
      expect(await describeFile("copied/x.txt")).toMatchObject({
        size: 21,
        xetHash: hash,
        mtime: new Date(mtime).toISOString(),
      });
      await call(hub, "/api/buckets/ada/source", { method: "DELETE", as: "ada" });
      const kept = await call(hub, `/buckets/${id}/resolve/copied/x.txt`, { as: "ada" });
      expect(await kept.text()).toBe("content of ada/source");
    });

    test("takes from another user what they show, and nothing else", async () => {
      const shown = await source("bob/shown");
      const hidden = await source("bob/hidden", { private: true });
      const { body } = await batch(hub, id, [
        copy("shown", shown, "bob/shown"),
        copy("hidden", hidden, "bob/hidden"),
        copy("wrong-bucket", hidden, "bob/shown"),
        copy("no-bucket", shown, "bob/no-such"),
      ]);
      expect(body.failed.map(({ path }) => path)).toEqual(["hidden", "wrong-bucket", "no-bucket"]);
      expect(await paths()).toEqual(["shown"]);
    });

    test("does not add what another user only uploaded", async () => {
      await makeBucket(hub, "bob/draft");
      const hash = await stage(hub, "bob/draft", Buffer.from("bob's draft"));
      const { status } = await batch(hub, id, [add("stolen", { xetHash: hash })]);
      expect(status).toBe(422);
      await makeBucket(hub, "ada/elsewhere");
      const own = await stage(hub, "ada/elsewhere", Buffer.from("uploaded for another bucket"));
      expect((await batch(hub, id, [add("own", { xetHash: own })])).status).toBe(422);
    });
  });
});
