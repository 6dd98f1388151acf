import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { type Call, call } from "../support.ts";
import { batch, EMPTY, makeBucket, stage } from "./client.ts";

describe("resolve", () => {
  let hub: LocalHub;
  let hash: string;
  const content = Buffer.concat([randomBytes(200_000), Buffer.alloc(150_000, "text "), randomBytes(7)]);
  const get = (path: string, options: Call = {}) =>
    call(hub, `/buckets/ada/files/resolve/${path}`, { as: "ada", ...options });

  beforeAll(async () => {
    hub = await startLocalHub();
    await makeBucket(hub, "ada/files", { private: true });
    hash = await stage(hub, "ada/files", content);
    const add = (path: string, more: object = {}) => ({ type: "addFile", path, xetHash: hash, ...more });
    await batch(hub, "ada/files", [
      add("data.bin"),
      add("dir/notes.md"),
      add("page.html"),
      add("own", { contentType: "application/x-own" }),
      add("ä #?%.txt"),
      add("line\nbreak"),
      { ...add("empty"), xetHash: EMPTY },
    ]);
  });
  afterAll(async () => {
    await hub.close();
  });

  test("sends a file with what Xet clients need to know", async () => {
    const response = await get("data.bin");
    expect(response.status).toBe(200);
    const { headers } = response;
    expect(headers.get("content-length")).toBe(`${content.length}`);
    expect(headers.get("x-xet-hash")).toBe(hash);
    expect(headers.get("x-linked-size")).toBe(`${content.length}`);
    expect(headers.get("etag")).toBe(`"${hash}"`);
    expect(headers.get("accept-ranges")).toBe("bytes");
    expect(Date.parse(headers.get("last-modified") ?? "")).not.toBeNaN();
    const casUrl = `${hub.url}/xet/${hub.context.instanceId}`;
    expect(headers.get("link")).toBe(
      `<${hub.url}/api/buckets/ada/files/xet-read-token>; rel="xet-auth", ` +
        `<${casUrl}/v1/reconstructions/${hash}>; rel="xet-reconstruction-info"`,
    );
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
  });

  test("answers HEAD with the size and no body", async () => {
    const response = await get("data.bin", { method: "HEAD", headers: { Range: "bytes=0-1" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(`${content.length}`);
    expect(response.headers.get("x-xet-hash")).toBe(hash);
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  test("tells a Xet client where to fetch instead of sending the bytes", async () => {
    const response = await get("own", {
      headers: { Accept: "application/vnd.xet-fileinfo+json, */*", Range: "bytes=0-0" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/vnd.xet-fileinfo+json");
    expect(response.headers.get("x-xet-hash")).toBe(hash);
    expect(await response.json()).toEqual({
      hash,
      refreshUrl: `${hub.url}/api/buckets/ada/files/xet-read-token`,
      reconstructionUrl: `${hub.url}/xet/${hub.context.instanceId}/v1/reconstructions/${hash}`,
      etag: `"${hash}"`,
      size: content.length,
      contentType: "application/x-own",
    });
  });

  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=65535-65536", 65_535, 65_537],
    ["bytes=199990-200010", 199_990, 200_011],
    ["bytes=349000-", 349_000, 350_007],
    ["bytes=-10", 349_997, 350_007],
    ["bytes=0-99999999", 0, 350_007],
  ])("sends the range %s", async (Range, start, end) => {
    const response = await get("data.bin", { headers: { Range } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${content.length}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(start, end))).toBe(true);
  });

  test("answers 416 behind the end", async () => {
    const response = await get("data.bin", { headers: { Range: "bytes=350007-" } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe("bytes */350007");
    expect((await get("empty", { headers: { Range: "bytes=0-0" } })).status).toBe(416);
  });

  test("sends several ranges as multipart", async () => {
    const response = await get("data.bin", { headers: { Range: "bytes=0-1,70000-70001" } });
    expect(response.headers.get("content-type")).toMatch(/^multipart\/byteranges; boundary=/);
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.length).toBe(Number(response.headers.get("content-length")));
    expect(body.includes(content.subarray(70_000, 70_002))).toBe(true);
  });

  test("sends an empty file", async () => {
    const response = await get("empty");
    expect(response.headers.get("content-length")).toBe("0");
    expect(await response.text()).toBe("");
  });

  test("spares a client that has the file", async () => {
    const response = await get("data.bin", { headers: { "If-None-Match": `"${hash}"` } });
    expect(response.status).toBe(304);
  });

  test("types a file as its uploader did, else by its name, and keeps pages from running", async () => {
    const type = async (path: string) => (await get(path, { method: "HEAD" })).headers.get("content-type");
    expect(await type("own")).toBe("application/x-own");
    expect(await type("dir/notes.md")).toBe("text/markdown; charset=utf-8");
    expect(await type("data.bin")).toBe("application/octet-stream");
    const { headers } = await get("page.html", { method: "HEAD" });
    expect(headers.get("content-security-policy")).toContain("sandbox");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("finds unusual names, encoded whole or in parts", async () => {
    for (const path of ["%C3%A4%20%23%3F%25.txt", "dir%2Fnotes.md", "dir/notes.md", "line%0Abreak"]) {
      expect((await get(path, { method: "HEAD" })).status, path).toBe(200);
    }
    const { headers } = await get("%C3%A4%20%23%3F%25.txt?download=true", { method: "HEAD" });
    expect(headers.get("content-disposition")).toBe(
      `attachment; filename="_ #?%.txt"; filename*=UTF-8''%C3%A4%20%23%3F%25.txt`,
    );
  });

  test("answers what is missing or hidden as the Hub does", async () => {
    const expectError = async (response: Response, status: number, code: string) => {
      expect(response.status).toBe(status);
      expect(response.headers.get("x-error-code")).toBe(code);
    };
    await expectError(await get("no-such"), 404, "EntryNotFound");
    await expectError(await get("dir"), 404, "EntryNotFound");
    await expectError(await get("data.bin", { as: "bob" }), 404, "RepoNotFound");
    await expectError(await get("data.bin", { as: undefined }), 401, "RepoNotFound");
    expect((await get("..%2F..%2F..%2Fetc%2Fpasswd")).status).toBe(404);
  });

  test("describes many paths at once, and leaves out what is missing", async () => {
    const ask = (paths: unknown) =>
      call(hub, "/api/buckets/ada/files/paths-info", { method: "POST", as: "ada", json: { paths } });
    const found = (await (await ask(["data.bin", "no-such", "dir", "empty"])).json()) as { path: string }[];
    expect(found).toMatchObject([
      { type: "file", path: "data.bin", size: content.length, xetHash: hash },
      { type: "file", path: "empty", size: 0, xetHash: EMPTY },
    ]);
    expect(await (await ask("own")).json()).toHaveLength(1);
    expect((await ask(Array(2001).fill("x"))).status).toBe(400);
    expect((await ask(7)).status).toBe(400);
  });

  test("stops reading when the client goes away", async () => {
    const abort = new AbortController();
    const response = await get("data.bin", { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    expect((await get("data.bin", { method: "HEAD" })).status).toBe(200);
  });
});
