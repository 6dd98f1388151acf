/** Static Spaces: their files, as pages at an address of their own. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { TestSpace } from "./support.ts";

describe("a static Space", () => {
  let hub: LocalHub;
  let site: TestSpace;
  const get = async (path: string, init?: RequestInit) => fetch((await site.host()) + path, init);

  beforeAll(async () => {
    hub = await startLocalHub();
    site = await new TestSpace(hub, "demo/site", "ada").create(
      {
        "README.md":
          "---\nsdk: static\napp_file: dist/index.html\ncustom_headers:\n  cross-origin-opener-policy: same-origin\n  x-other: no\n---\n",
        "dist/index.html": "<!doctype html><html><head><title>T</title></head><body>home</body></html>",
        "dist/sub/index.html": "<p>sub</p>",
        "dist/a b#ü.js": "export {};",
        "logo.png": "not really",
      },
      {
        sdk: "static",
        secrets: [{ key: "TOKEN", value: "hush" }],
        variables: [{ key: "X", value: "</script>" }],
      },
    );
    await site.reaches("RUNNING");
  });
  afterAll(() => hub.close());

  test("shows its app file at /, with the variables for scripts and never a secret", async () => {
    const response = await get("/");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(response.headers.get("x-other")).toBeNull();
    const page = await response.text();
    expect(page).toContain('<head><script>window.huggingface={"variables":{');
    expect(page).toContain('"X":"\\u003c/script>"');
    expect(page).toContain("home");
    expect(page).not.toContain("hush");
  });

  test.each([
    ["/dist/sub/", "text/html; charset=utf-8", "<p>sub</p>"],
    ["/dist/sub", "text/html; charset=utf-8", "<p>sub</p>"],
    ["/dist/a%20b%23%C3%BC.js?v=1", "text/javascript; charset=utf-8", "export {};"],
    ["/logo.png", "image/png", "not really"],
  ])("serves %s as %s", async (path, type, text) => {
    const response = await get(path);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
    expect(await response.text()).toContain(text);
  });

  test.each(["/missing", "/dist/nothing", "/%2e%2e/%2e%2e/etc/passwd", "/%", "//x"])(
    "has nothing at %s",
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );

  test("answers HEAD and unchanged files without a body, and takes no POST", async () => {
    const head = await get("/logo.png", { method: "HEAD" });
    expect([head.headers.get("content-length"), await head.text()]).toEqual(["10", ""]);
    const etag = head.headers.get("etag") as string;
    expect((await get("/logo.png", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await get("/", { method: "POST" })).status).toBe(405);
  });

  test("shows a new commit at the same address", async () => {
    const before = await site.host();
    await site.commit({ "dist/index.html": "<p>newer</p>" });
    await site.reaches("RUNNING");
    expect(await site.host()).toBe(before);
    expect(await (await get("/")).text()).toContain("newer");
  });

  test("loses its app file: NO_APP_FILE", async () => {
    await site.commit({ "README.md": "---\nsdk: static\n---\n" });
    expect((await site.reaches("NO_APP_FILE")).errorMessage).toContain("index.html");
    expect((await get("/")).status).toBe(503);
  });
});
