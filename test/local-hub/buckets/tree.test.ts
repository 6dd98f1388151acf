import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";
import { batch, EMPTY, makeBucket, page, pages } from "./client.ts";

describe("the tree of a bucket", () => {
  let hub: LocalHub;
  let now = Date.UTC(2026, 5, 1);
  const id = "ada/tree";
  const files = [
    "a.txt",
    "logs/1.txt",
    "logs/deep/er/2.txt",
    "logs/deep/er/3.txt",
    "logs-old/4.txt",
    "logs.json",
    "z/ä#?% .txt",
  ];

  beforeAll(async () => {
    hub = await startLocalHub({ now: () => now });
    await makeBucket(hub, id);
    for (const path of files) {
      now += 1000;
      await batch(hub, id, [{ type: "addFile", path, xetHash: EMPTY }]);
    }
  });
  afterAll(async () => {
    await hub.close();
  });

  const list = async (query: string) =>
    (await pages(hub, `${id}/tree${query}`)).flat().map(({ type, path }) => `${type} ${path}`);
  const all = (paths: readonly string[]) => paths.map((path) => `file ${path}`);
  const byPath = files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

  test("holds all files by path unless asked otherwise", async () => {
    expect(await list("")).toEqual(all(byPath));
    expect(await list("?recursive=true&expand=true")).toEqual(all(byPath));
  });

  test("compares a prefix as a string, encoded whole or not", async () => {
    const logs = all(byPath.filter((path) => path.startsWith("logs")));
    expect(await list("/logs?recursive=true")).toEqual(logs);
    const deep = ["file logs/deep/er/2.txt", "file logs/deep/er/3.txt"];
    expect(await list("/logs/deep?recursive=true")).toEqual(deep);
    expect(await list("/logs%2Fdeep%2F?recursive=true")).toEqual(deep);
    expect(await list("/z%2F%C3%A4%23%3F%25%20.txt")).toEqual(["file z/ä#?% .txt"]);
    expect(await list("/nothing")).toEqual([]);
  });

  test("collapses directories one level below the prefix", async () => {
    expect(await list("?recursive=false")).toEqual([
      "file a.txt",
      "directory logs-old",
      "file logs.json",
      "directory logs",
      "directory z",
    ]);
    const inLogs = ["file logs/1.txt", "directory logs/deep"];
    expect(await list("/logs%2F?recursive=false")).toEqual(inLogs);
    expect(await list("/logs?recursive=false")).toEqual(["file logs-old/4.txt", "file logs.json", ...inLogs]);
  });

  test("dates a directory by its newest file", async () => {
    const { items } = await page(hub, `${id}/tree/logs%2F?recursive=false`);
    const { items: deep } = await page(hub, `${id}/tree/logs%2Fdeep%2Fer%2F3`);
    expect(items.find(({ type }) => type === "directory")?.uploadedAt).toBe(deep[0]?.uploadedAt);
  });

  test.each(["", "?recursive=false", "/logs?recursive=true", "/logs?recursive=false", "?sort=uploadedAt"])(
    "is the same in pages of every size: %j",
    async (query) => {
      const whole = await list(query);
      for (let limit = 1; limit <= 8; limit++) {
        const found = await pages(hub, `${id}/tree${query}${query.includes("?") ? "&" : "?"}limit=${limit}`);
        expect(found.flat().map(({ type, path }) => `${type} ${path}`)).toEqual(whole);
        for (const part of found) expect(part.length).toBeLessThanOrEqual(limit);
        if (whole.length > 0) expect(found.at(-1)?.length).toBeGreaterThan(0);
      }
    },
  );

  test("gives the newest uploads first when sorted by them", async () => {
    expect(await list("?sort=uploadedAt")).toEqual(all(files.toReversed()));
    expect(await list("?sort=uploadedAt&direction=asc")).toEqual(all(files));
    const { items, next } = await page(hub, `${id}/tree?sort=uploadedAt&limit=2`);
    expect(items.map(({ path }) => path)).toEqual(files.toReversed().slice(0, 2));
    expect(next).toContain("sort=uploadedAt");
  });

  test.each([
    "?limit=0",
    "?limit=5001",
    "?limit=x",
    "?cursor=x",
    "?cursor=W10",
    "?sort=size",
    "/logs?sort=uploadedAt",
    "?sort=uploadedAt&recursive=false",
  ])("refuses the query %j with 400", async (query) => {
    expect((await call(hub, `/api/buckets/${id}/tree${query}`, { as: "ada" })).status).toBe(400);
  });

  test("lists 100,000 files completely, 5000 a page", async () => {
    const big = "ada/big";
    await makeBucket(hub, big);
    for (let i = 0; i < 20; i++) {
      const operations = Array.from({ length: 5000 }, (_, j) => ({
        type: "addFile",
        path: `dir-${j % 10}/${String(i * 5000 + j).padStart(6, "0")}.md`,
        xetHash: EMPTY,
      }));
      expect((await batch(hub, big, operations)).body.succeeded).toBe(5000);
    }
    const found = await pages(hub, `${big}/tree?limit=5000`);
    expect(found).toHaveLength(20);
    const paths = found.flat().map(({ path }) => path);
    expect(new Set(paths).size).toBe(100_000);
    expect(paths).toEqual(paths.toSorted());
    expect((await pages(hub, `${big}/tree?recursive=false`)).flat()).toHaveLength(10);
    expect((await pages(hub, `${big}/tree/dir-3%2F?limit=5000`)).flat()).toHaveLength(10_000);
  }, 240_000);
});
