import { downloadFile } from "@huggingface/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { HubError } from "../../template/hub/errors.ts";
import type { Hub, HubBucket } from "../../template/hub/types.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";

let server: LocalHub;
let calls: string[] = [];
let hub: Hub;

beforeAll(async () => {
  server = await startLocalHub();
  hub = createHub({
    endpoint: server.url,
    token: "hf_local_ada",
    onCall: ({ method, path, kind }) =>
      calls.push(`${kind} ${method} ${path.replace(/[0-9a-f]{64}/, "HASH")}`),
  });
});
afterAll(() => server.close());

let made = 0;
async function newBucket(options?: { private?: boolean }): Promise<HubBucket> {
  const bucket = hub.bucket(`demo/box-${++made}`);
  await bucket.create(options);
  calls = [];
  return bucket;
}

const bytes = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + seed, 2_654_435_761) >>> 13) & 255);

describe("writing", () => {
  test("takes four requests for a hundred small files, and three while the token is fresh", async () => {
    const bucket = await newBucket();
    const files = Array.from({ length: 100 }, (_, i) => ({ path: `runs/${i}.md`, content: `run ${i}` }));
    await bucket.write(files);
    const name = bucket.id;
    expect(calls.map((call) => call.replace(/\/xet\/[^/]+/, "/xet/ID"))).toEqual([
      `hub GET /api/buckets/${name}/xet-write-token`,
      "cas POST /xet/ID/v1/xorbs/default/HASH",
      "cas POST /xet/ID/v1/shards",
      `hub POST /api/buckets/${name}/batch`,
    ]);

    calls = [];
    await bucket.write([{ path: "one.md", content: "one" }]);
    expect(calls).toHaveLength(3);
    expect(await bucket.readText("runs/99.md")).toBe("run 99");
  });

  test.each([
    ["one byte", 1],
    ["just below one chunk", 8127],
    ["a few chunks", 300_000],
    ["many chunks", 5_000_000],
  ])("keeps every byte of %s, also for the official client", async (_, length) => {
    const bucket = await newBucket();
    const content = bytes(length);
    await bucket.write([{ path: "data.bin", content }]);

    expect(Buffer.from((await bucket.read("data.bin")) ?? []).equals(content)).toBe(true);
    const blob = await downloadFile({
      repo: { type: "bucket", name: bucket.id },
      path: "data.bin",
      hubUrl: server.url,
      accessToken: "hf_local_ada",
    });
    expect(Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer()).equals(content)).toBe(true);
  });

  test("keeps an empty file among others, and alone", async () => {
    const bucket = await newBucket();
    await bucket.write([
      { path: "empty", content: "" },
      { path: "full", content: "x" },
    ]);
    await bucket.write([{ path: "alone", content: new Uint8Array() }]);
    expect(await bucket.read("empty")).toHaveLength(0);
    expect(await bucket.read("alone")).toHaveLength(0);
    expect(await bucket.readText("full")).toBe("x");
  });

  test("stores content that occurs several times once", async () => {
    const bucket = await newBucket();
    const content = bytes(200_000);
    const staged = await bucket.stage(["a", "b", "c"].map((path) => ({ path, content })));
    expect(new Set(staged.entries.map((entry) => entry.xetHash)).size).toBe(1);
    await bucket.publish({ staged });
    for (const path of ["a", "b", "c"]) {
      expect(Buffer.from((await bucket.read(path)) ?? []).equals(content)).toBe(true);
    }
  });

  test("shares chunks between files that begin alike", async () => {
    const bucket = await newBucket();
    const start = bytes(400_000);
    const longer = Buffer.concat([start, bytes(50_000, 7)]);
    await bucket.write([
      { path: "start", content: start },
      { path: "longer", content: longer },
    ]);
    expect(Buffer.from((await bucket.read("longer")) ?? []).equals(longer)).toBe(true);
  });

  test("takes more files than one container holds", async () => {
    const bucket = await newBucket();
    const files = Array.from({ length: 8_200 }, (_, i) => ({ path: `many/${i}`, content: `file ${i}` }));
    await bucket.write(files);
    expect(calls.filter((call) => call.includes("/v1/xorbs/"))).toHaveLength(2);
    expect(calls.filter((call) => call.endsWith("/v1/shards"))).toHaveLength(1);
    expect(calls.filter((call) => call.endsWith("/batch"))).toHaveLength(9);
    expect(await bucket.info()).toMatchObject({ totalFiles: 8_200 });
    for (const i of [0, 8_191, 8_192, 8_199]) expect(await bucket.readText(`many/${i}`)).toBe(`file ${i}`);
    let listed = 0;
    for await (const _ of bucket.list("many")) listed++;
    expect(listed).toBe(8_200);
  });

  test("lets the last content of a path win", async () => {
    const bucket = await newBucket();
    await bucket.write([
      { path: "a.md", content: "first" },
      { path: "a.md", content: "second" },
    ]);
    expect(await bucket.readText("a.md")).toBe("second");
  });

  test("shows staged files only once they are published", async () => {
    const bucket = await newBucket();
    const staged = await bucket.stage([{ path: "later.md", content: "later" }]);
    expect(await bucket.read("later.md")).toBeNull();
    await bucket.publish({ staged });
    expect(await bucket.readText("later.md")).toBe("later");
  });

  test("stages for two buckets at the same time", async () => {
    const [one, two] = [await newBucket(), await newBucket()];
    const staged = await Promise.all([
      one.stage([{ path: "f", content: "one" }]),
      one.stage([{ path: "g", content: "also one" }]),
      two.stage([{ path: "f", content: "two" }]),
    ]);
    expect(calls.filter((call) => call.includes("xet-write-token"))).toHaveLength(2);
    await Promise.all([
      one.publish({ staged: staged[0] }),
      one.publish({ staged: staged[1] }),
      two.publish({ staged: staged[2] }),
    ]);
    expect([await one.readText("f"), await one.readText("g"), await two.readText("f")]).toEqual([
      "one",
      "also one",
      "two",
    ]);
  });

  test("copies between buckets without moving bytes, and deletes what may be missing", async () => {
    const [from, to] = [await newBucket(), await newBucket()];
    await from.write([{ path: "a", content: "content of a" }]);
    const xetHash = (await from.stat(["a"])).get("a")?.xetHash ?? "";
    await to.publish({ copies: [{ path: "b", xetHash, source: { type: "bucket", id: from.id } }] });
    expect(await to.readText("b")).toBe("content of a");

    await to.publish({ deletes: ["b", "never-there"] });
    expect(await to.read("b")).toBeNull();
  });

  test("is refused in somebody else's bucket", async () => {
    const bucket = await newBucket();
    const bob = hub.as("hf_local_bob").bucket(bucket.id);
    await expect(bob.write([{ path: "a", content: "mine now" }])).rejects.toMatchObject({ status: 403 });
  });
});

describe("reading", () => {
  test.each(["weird #1.txt", "a?b=c.md", "50%41.md", "ünïcode/☃.md", "sp ace/+plus&.md"])(
    "finds the file named %s",
    async (path) => {
      const bucket = await newBucket();
      await bucket.write([{ path, content: path }]);
      expect(await bucket.readText(path)).toBe(path);
      expect([...(await bucket.stat([path])).keys()]).toEqual([path]);
    },
  );

  test("lists by whole path components", async () => {
    const bucket = await newBucket();
    const paths = ["runs/v1/a", "runs/v1/deep/b", "runs/v10/c", "runs/v1.md", "other"];
    await bucket.write(paths.map((path) => ({ path, content: path })));
    const list = async (prefix?: string) => {
      const found: string[] = [];
      for await (const entry of bucket.list(prefix)) found.push(entry.path);
      return found.sort();
    };
    expect(await list("runs/v1")).toEqual(["runs/v1/a", "runs/v1/deep/b"]);
    expect(await list("runs/v1/")).toEqual(["runs/v1/a", "runs/v1/deep/b"]);
    expect(await list()).toEqual(paths.sort());
    expect(await list("nothing")).toEqual([]);
  });

  test("names the newest uploads first", async () => {
    const bucket = await newBucket();
    await bucket.write([{ path: "old", content: "1" }]);
    await bucket.write([{ path: "new", content: "2" }]);
    expect((await bucket.newest(1)).map((entry) => entry.path)).toEqual(["new"]);
  });

  test("stops at the given size", async () => {
    const bucket = await newBucket();
    await bucket.write([{ path: "big", content: bytes(10_000) }]);
    await expect(bucket.read("big", { maxBytes: 9_999 })).rejects.toMatchObject({ status: 413 });
    expect(await bucket.read("big", { maxBytes: 10_000 })).toHaveLength(10_000);
  });

  test("tells a missing file from a missing bucket", async () => {
    const bucket = await newBucket();
    expect(await bucket.read("nothing")).toBeNull();
    const nowhere = hub.bucket("demo/nowhere");
    expect(await nowhere.info()).toBeNull();
    const error = await nowhere.read("nothing").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HubError);
    expect((error as HubError).isNotFound).toBe(true);
  });
});

describe("a bucket", () => {
  test("is made once", async () => {
    const bucket = hub.bucket("demo/once");
    expect(await bucket.create({ private: true })).toMatchObject({ created: true });
    expect(await bucket.create()).toMatchObject({ created: false });
    await bucket.write([{ path: "a", content: "12345" }]);
    expect(await bucket.info()).toEqual({ id: "demo/once", private: true, size: 5, totalFiles: 1 });
    await bucket.delete();
    expect(await bucket.info()).toBeNull();
    await bucket.delete();
  });
});
