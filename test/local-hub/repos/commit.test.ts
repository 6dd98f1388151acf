/** What a commit takes, what it refuses, and that it is all or nothing. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { type Call, call } from "../support.ts";

const API = "/api/datasets/ada/data";

describe("commits", () => {
  let hub: LocalHub;
  const header = { key: "header", value: { summary: "a change" } };
  const file = (path: unknown, content = "x") => ({
    key: "file",
    value: { path, content, encoding: "utf-8" },
  });
  const send = (body: string, options: Call = {}, revision = "main") =>
    call(hub, `${API}/commit/${revision}`, { method: "POST", as: "ada", body, ...options });
  const commit = (...lines: object[]) =>
    send([header, ...lines].map((line) => JSON.stringify(line)).join("\n"));
  const ok = async (...lines: object[]) => {
    const response = await commit(...lines);
    expect([response.status, await response.clone().text()]).toEqual([200, expect.anything()]);
    return (await response.json()) as { commitOid: string; commitUrl: string };
  };
  const head = async () => (await (await call(hub, API)).json()).sha as string;
  const paths = async () => {
    const tree = await (await call(hub, `${API}/tree/main?recursive=true`)).json();
    return (tree as { type: string; path: string }[])
      .filter(({ type }) => type === "file")
      .map(({ path }) => path);
  };
  const read = async (path: string, revision = "main") =>
    (await call(hub, `/datasets/ada/data/resolve/${revision}/${path}`)).text();

  beforeAll(async () => {
    hub = await startLocalHub();
    await call(hub, "/api/repos/create", {
      method: "POST",
      as: "ada",
      json: { type: "dataset", name: "data" },
    });
  });
  afterAll(() => hub.close());

  test("add, replace, rename and delete; every version stays readable by its id", async () => {
    const first = await ok(file("a/one.txt", "1"), file("a/two.txt", "2"), file("b.txt", "b"));
    expect(first.commitUrl).toBe(`${hub.url}/datasets/ada/data/commit/${first.commitOid}`);
    const second = await ok(
      { key: "file", value: { path: "b.txt", content: "YsO8", encoding: "base64" } },
      { key: "deletedFile", value: { path: "a/one.txt" } },
      { key: "file", value: { path: "c.txt", oldPath: "a/two.txt", content: "2" } },
      file("d/e/f.txt"),
    );
    expect(await paths()).toEqual([".gitattributes", "b.txt", "c.txt", "d/e/f.txt"]);
    expect(await read("b.txt")).toBe("bü");
    expect(await read("b.txt", first.commitOid)).toBe("b");
    expect(await read("b.txt", first.commitOid.slice(0, 10))).toBe("b");
    await ok(
      { key: "deletedFolder", value: { path: "d/" } },
      { key: "deletedEntry", value: { path: "c.txt" } },
    );
    expect(await paths()).toEqual([".gitattributes", "b.txt"]);
    const history = await (await call(hub, `${API}/commits/main`)).json();
    expect(history.map((entry: { id: string }) => entry.id).slice(1, 3)).toEqual([
      second.commitOid,
      first.commitOid,
    ]);
    expect(history.at(-1)).toMatchObject({ title: "initial commit", authors: [{ user: "ada" }] });
  });

  test.each([
    "",
    "/etc/passwd",
    "../up",
    "a/../b",
    "a/./b",
    "a//b",
    "a/",
    ".git/config",
    "x/.GIT/hooks",
    "a\\b",
    "a\0b",
    "a\nb",
    "a".repeat(256),
    Array(300).fill("abcd").join("/"),
    7,
    null,
  ])("with the path %j are refused, and nothing of them is kept", async (path) => {
    const before = await head();
    const response = await commit(file("good.txt"), file(path));
    expect(response.status).toBe(400);
    expect((await response.json()).error).toContain("Invalid path");
    expect(await head()).toBe(before);
    expect(await paths()).not.toContain("good.txt");
  });

  test.each([
    ["a line that is no JSON", `${JSON.stringify(header)}\n{"key":`, 400, "Line 2"],
    ["no header", JSON.stringify(file("a.txt")), 400, "header"],
    ["no summary", JSON.stringify({ key: "header", value: {} }), 400, "summary"],
    ["an unknown key", `${JSON.stringify(header)}\n{"key":"chmod","value":{"path":"a"}}`, 400, "chmod"],
    ["nothing at all", "", 400, "header"],
    [
      "a missing file deleted",
      `${JSON.stringify(header)}\n{"key":"deletedFile","value":{"path":"no"}}`,
      404,
      "no",
    ],
    [
      "an unknown encoding",
      `${JSON.stringify(header)}\n{"key":"file","value":{"path":"a","content":"","encoding":"rot13"}}`,
      400,
      "encoding",
    ],
    [
      "an unknown LFS object",
      `${JSON.stringify(header)}\n{"key":"lfsFile","value":{"path":"a","algo":"sha256","oid":"${"0".repeat(64)}"}}`,
      400,
      "regular",
    ],
  ])("with %s are refused: %j", async (_what, body, status, word) => {
    const before = await head();
    const response = await send(body);
    expect(response.status).toBe(status);
    expect((await response.json()).error).toContain(word);
    expect(await head()).toBe(before);
  });

  test("never make a path both a file and a folder", async () => {
    await ok(file("thing", "a file"));
    expect((await commit(file("thing/inside"))).status).toBe(400);
    await ok({ key: "deletedFile", value: { path: "thing" } }, file("thing/inside"));
    expect(await paths()).toContain("thing/inside");
  });

  test("on a head that has moved are 412, and 404 on another branch", async () => {
    const parent = await head();
    await ok(file("moved.txt"));
    const stale = { key: "header", value: { summary: "late", parentCommit: parent } };
    const response = await send(`${JSON.stringify(stale)}\n${JSON.stringify(file("late.txt"))}`);
    expect(response.status).toBe(412);
    expect(await paths()).not.toContain("late.txt");
    const fresh = { key: "header", value: { summary: "now", parentCommit: (await head()).slice(0, 7) } };
    expect((await send(`${JSON.stringify(fresh)}\n${JSON.stringify(file("now.txt"))}`)).status).toBe(200);
    const elsewhere = await send(JSON.stringify(header), {}, "dev");
    expect([elsewhere.status, elsewhere.headers.get("x-error-code")]).toEqual([404, "RevisionNotFound"]);
    expect((await send(JSON.stringify(header), {}, "main?create_pr=1")).status).toBe(400);
  });

  test("may name content of the same repository by its SHA-256, but not that of another", async () => {
    const secret = "only here";
    const oid = createHash("sha256").update(secret).digest("hex");
    await call(hub, "/api/repos/create", {
      method: "POST",
      as: "bob",
      json: { type: "dataset", name: "private", private: true, files: [{ path: "a", content: secret }] },
    });
    const copy = { key: "lfsFile", value: { path: "copy.txt", algo: "sha256", oid, size: secret.length } };
    expect((await commit(copy)).status).toBe(400);
    await ok(file("original.txt", secret));
    await ok(copy);
    expect(await read("copy.txt")).toBe(secret);
  });

  test("need the right to write", async () => {
    const body = JSON.stringify(header);
    expect((await call(hub, `${API}/commit/main`, { method: "POST", body })).status).toBe(401);
    expect((await send(body, { as: "bob" })).status).toBe(403);
    expect(
      (await call(hub, `${API}/preupload/main`, { method: "POST", as: "bob", json: { files: [] } })).status,
    ).toBe(403);
  });

  test("preupload wants every file as regular, knows what is there and refuses what is too large", async () => {
    await ok(file("known.txt", "known"));
    const preupload = (files: object[]) =>
      call(hub, `${API}/preupload/main`, { method: "POST", as: "ada", json: { files } });
    const answer = await (
      await preupload([
        { path: "known.txt", size: 5 },
        { path: "new.bin", size: 9 },
      ])
    ).json();
    expect(answer.files).toEqual([
      {
        path: "known.txt",
        uploadMode: "regular",
        shouldIgnore: false,
        oid: expect.stringMatching(/^[0-9a-f]{40}$/),
      },
      { path: "new.bin", uploadMode: "regular", shouldIgnore: false },
    ]);
    expect((await preupload([{ path: "huge.bin", size: 1e10 }])).status).toBe(413);
    expect((await preupload([{ path: "a.txt", size: -1 }])).status).toBe(400);
    expect((await preupload(Array(1001).fill({ path: "a", size: 1 }))).status).toBe(400);
  });

  test("files are read whole, in ranges and not at all when unchanged", async () => {
    await ok(file("range.txt", "0123456789"));
    const url = "/datasets/ada/data/resolve/main/range.txt";
    const whole = await call(hub, url, { method: "HEAD" });
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "content-length": "10",
      "x-linked-size": "10",
      "x-repo-commit": await head(),
      etag: expect.stringMatching(/^"[0-9a-f]{40}"$/),
    });
    const ranged = async (range: string) => {
      const response = await call(hub, url, { headers: { range } });
      return [response.status, response.headers.get("content-range"), await response.text()];
    };
    expect(await ranged("bytes=2-4")).toEqual([206, "bytes 2-4/10", "234"]);
    expect(await ranged("bytes=-3")).toEqual([206, "bytes 7-9/10", "789"]);
    expect(await ranged("bytes=8-100")).toEqual([206, "bytes 8-9/10", "89"]);
    expect((await ranged("bytes=10-"))[0]).toBe(416);
    const etag = whole.headers.get("etag") as string;
    expect((await call(hub, url, { headers: { "if-none-match": etag } })).status).toBe(304);
    const missing = await call(hub, "/datasets/ada/data/resolve/main/nope");
    expect([missing.status, missing.headers.get("x-error-code")]).toEqual([404, "EntryNotFound"]);
  });

  test("pages of web files are served as text, so that they cannot act in the hub's name", async () => {
    await ok(file("evil.html", "<script>alert(1)</script>"));
    const page = await call(hub, "/datasets/ada/data/resolve/main/evil.html");
    expect(page.headers.get("content-type")).toContain("text/plain");
    expect(page.headers.get("content-security-policy")).toContain("sandbox");
  });

  test("a tree is listed by pages without losing or repeating anything", async () => {
    await ok(...Array.from({ length: 25 }, (_, i) => file(`many/${i}.txt`, String(i))));
    const seen: string[] = [];
    let next: string | null = `${API}/tree/main/many?limit=10`;
    while (next !== null) {
      const response = await call(hub, next);
      for (const { path } of (await response.json()) as { path: string }[]) seen.push(path);
      next =
        /<(.+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1]?.slice(hub.url.length) ?? null;
    }
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
    expect((await call(hub, `${API}/tree/main/nothing`)).status).toBe(404);
    expect((await call(hub, `${API}/tree/main?cursor=xyz`)).status).toBe(400);
  });
});
