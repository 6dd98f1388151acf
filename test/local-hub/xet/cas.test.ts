/** The CAS endpoints over HTTP, with uploads no real client would send: right status, no effect. */
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";
import { type ForgedShard, fileHash, makeShard, makeXorb, type Xorb } from "./forge.ts";

interface Connection {
  casUrl: string;
  accessToken: string;
  exp: number;
}

describe("Xet storage", () => {
  let hub: LocalHub;
  let bucket: string;
  let count = 0;

  beforeAll(async () => {
    hub = await startLocalHub();
  });
  afterAll(async () => {
    await hub.close();
  });
  beforeEach(async () => {
    bucket = `ada/b${count++}`;
    await call(hub, `/api/buckets/${bucket}`, { method: "POST", as: "ada", json: { private: true } });
  });

  const connect = async (scope: "read" | "write" = "write", of = bucket): Promise<Connection> =>
    (await (await call(hub, `/api/buckets/${of}/xet-${scope}-token`, { as: "ada" })).json()) as Connection;
  const cas = ({ casUrl, accessToken }: Connection, path: string, init: RequestInit = {}) =>
    fetch(casUrl + path, { ...init, headers: { ...init.headers, Authorization: `Bearer ${accessToken}` } });
  const sendXorb = (to: Connection, { hash, bytes }: { hash: string; bytes: Buffer<ArrayBuffer> }) =>
    cas(to, `/v1/xorbs/default/${hash}`, { method: "POST", body: bytes });
  const sendShard = (to: Connection, shard: ForgedShard | Buffer<ArrayBuffer>) =>
    cas(to, "/v1/shards", { method: "POST", body: Buffer.isBuffer(shard) ? shard : makeShard(shard) });
  const addFile = async (path: string, xetHash: string, of = bucket, as = "ada") => {
    const body = JSON.stringify({ type: "addFile", path, xetHash });
    return await call(hub, `/api/buckets/${of}/batch`, { method: "POST", as, body });
  };
  const newXorb = (chunks = 3) => makeXorb(Array.from({ length: chunks }, () => randomBytes(1000)));
  const xorbsOnDisk = () =>
    readdirSync(join(hub.dataDir, "xorbs"), { recursive: true, withFileTypes: true })
      .filter((item) => item.isFile())
      .map(({ name }) => name);

  /** Uploads `xorb` as one file and adds it to the bucket. */
  async function upload(xorb: Xorb, path: string): Promise<string> {
    const to = await connect();
    const files = [{ terms: [{ xorb }] }];
    expect(await (await sendXorb(to, xorb)).json()).toEqual({ was_inserted: true });
    expect(await (await sendShard(to, { files, xorbs: [xorb] })).json()).toEqual({ result: 1 });
    const hash = fileHash(files[0] as (typeof files)[0]);
    expect((await addFile(path, hash)).status).toBe(200);
    return hash;
  }

  describe("a xorb", () => {
    test("is stored once", async () => {
      const xorb = newXorb();
      const to = await connect();
      expect(await (await sendXorb(to, xorb)).json()).toEqual({ was_inserted: true });
      expect(await (await sendXorb(to, xorb)).json()).toEqual({ was_inserted: false });
      expect(xorbsOnDisk().filter((name) => name === xorb.hash)).toHaveLength(1);
    });

    test.each<[string, (xorb: Xorb) => { hash: string; bytes: Buffer<ArrayBuffer> }]>([
      ["under another hash", (xorb) => ({ hash: newXorb().hash, bytes: xorb.bytes })],
      ["with one byte changed", (xorb) => ({ ...xorb, bytes: Buffer.from(xorb.bytes.with(500, 0)) })],
      ["cut short", (xorb) => ({ ...xorb, bytes: xorb.bytes.subarray(0, -1) })],
      ["without a chunk", (xorb) => ({ ...xorb, bytes: xorb.bytes.subarray(0, 2 * 1008) })],
      ["without bytes", (xorb) => ({ ...xorb, bytes: Buffer.alloc(0) })],
      ["under a name that is no hash", (xorb) => ({ ...xorb, hash: "..%2F..%2Fetc%2Fpasswd" })],
      ["under a hash in capitals", (xorb) => ({ ...xorb, hash: xorb.hash.toUpperCase() })],
    ])("%s is refused with 400 and leaves nothing", async (_, spoil) => {
      const before = xorbsOnDisk();
      const spoilt = spoil(newXorb());
      expect((await sendXorb(await connect(), spoilt)).status).toBe(400);
      expect(xorbsOnDisk()).toEqual(before);
    });

    test("is not taken from those who may only read, nor without a token", async () => {
      const before = xorbsOnDisk();
      const to = await connect("read");
      expect((await sendXorb(to, newXorb())).status).toBe(403);
      expect((await sendXorb({ ...to, accessToken: "none" }, newXorb())).status).toBe(401);
      expect((await sendXorb({ ...to, accessToken: `${to.accessToken}x` }, newXorb())).status).toBe(401);
      expect(xorbsOnDisk()).toEqual(before);
    });

    test("that breaks off in the middle leaves nothing", async () => {
      const before = xorbsOnDisk();
      const to = await connect();
      const xorb = newXorb();
      async function* broken() {
        yield xorb.bytes.subarray(0, 1500);
        throw new Error("the cable was pulled");
      }
      const body = broken() as unknown as BodyInit;
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      await expect(cas(to, `/v1/xorbs/default/${xorb.hash}`, init)).rejects.toThrow();
      await expect.poll(xorbsOnDisk).toEqual(before);
    });

    test("may be uploaded by several at the same time", async () => {
      const to = await connect();
      const xorb = makeXorb(Array.from({ length: 40 }, () => randomBytes(100_000)));
      const answers = await Promise.all(Array.from({ length: 8 }, () => sendXorb(to, xorb)));
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
      expect(xorbsOnDisk().filter((name) => name.startsWith(xorb.hash))).toEqual([xorb.hash]);
    });
  });

  describe("a shard", () => {
    const wrong: [string, (xorb: Xorb) => ForgedShard | Buffer<ArrayBuffer>][] = [
      [
        "that lists a xorb nobody uploaded",
        (xorb) => ({ files: [{ terms: [{ xorb }] }], xorbs: [newXorb()] }),
      ],
      ["whose file is made of one", () => ({ files: [{ terms: [{ xorb: newXorb() }] }] })],
      [
        "that lies about unpacked bytes",
        (xorb) => ({ files: [{ terms: [{ xorb, unpacked: 2999 }] }], xorbs: [xorb] }),
      ],
      ["with a wrong file hash", (xorb) => ({ files: [{ terms: [{ xorb }], hash: newXorb().hash }] })],
      [
        "with a wrong verification hash",
        (xorb) => ({ files: [{ terms: [{ xorb, verification: randomBytes(32) }] }] }),
      ],
      ["without verification", (xorb) => ({ files: [{ terms: [{ xorb }], withoutVerification: true }] })],
      ["with an empty term", (xorb) => ({ files: [{ terms: [{ xorb, first: 1, end: 1 }] }] })],
      ["with a term behind the xorb's end", (xorb) => ({ files: [{ terms: [{ xorb, first: 2, end: 4 }] }] })],
      [
        "that lists other chunks than the xorb has",
        (xorb) => ({
          files: [{ terms: [{ xorb }] }],
          xorbs: [{ ...xorb, chunks: xorb.chunks.toReversed() }],
        }),
      ],
      [
        "that lists fewer chunks than the xorb has",
        (xorb) => ({ files: [{ terms: [{ xorb }] }], xorbs: [{ ...xorb, chunks: xorb.chunks.slice(1) }] }),
      ],
      ["that is cut short", (xorb) => makeShard({ files: [{ terms: [{ xorb }] }] }).subarray(0, -48)],
      ["that is empty", () => Buffer.alloc(0)],
    ];

    test.each(wrong)("%s is refused with 400 and registers nothing", async (_, make) => {
      const to = await connect();
      const xorb = newXorb();
      await sendXorb(to, xorb);
      expect((await sendShard(to, make(xorb))).status).toBe(400);
      const hash = fileHash({ terms: [{ xorb }] });
      expect((await cas(to, `/v2/reconstructions/${hash}`)).status).toBe(404);
      expect((await addFile("x", hash)).status).toBe(422);
    });

    test("with one wrong file registers none of its files", async () => {
      const to = await connect();
      const xorb = newXorb();
      await sendXorb(to, xorb);
      const right = { terms: [{ xorb }] };
      expect((await sendShard(to, { files: [right, { ...right, hash: newXorb().hash }] })).status).toBe(400);
      expect((await addFile("x", fileHash(right))).status).toBe(422);
    });

    test("may refer to xorbs of earlier uploads, and is idempotent", async () => {
      const to = await connect();
      const [first, second] = [newXorb(), newXorb()];
      await sendXorb(to, first);
      await sendXorb(to, second);
      const file = { terms: [{ xorb: first, first: 1 }, { xorb: second }, { xorb: first, end: 1 }] };
      expect(await (await sendShard(to, { files: [file] })).json()).toEqual({ result: 1 });
      expect(await (await sendShard(to, { files: [file] })).json()).toEqual({ result: 0 });
    });
  });

  describe("a file", () => {
    test("is read back through both forms of reconstruction", async () => {
      const xorb = newXorb(5);
      const hash = await upload(xorb, "f");
      const from = await connect("read");
      const v2 = await (await cas(from, `/v2/reconstructions/${hash}`)).json();
      const v1 = await (await cas(from, `/v1/reconstructions/${hash}`)).json();
      expect(v2.terms).toEqual([{ hash: xorb.hash, unpacked_length: 5000, range: { start: 0, end: 5 } }]);
      expect(v1.terms).toEqual(v2.terms);
      const bytes = { start: 0, end: xorb.bytes.length - 1 };
      const [entry] = v2.xorbs[xorb.hash];
      expect(entry.ranges).toEqual([{ chunks: { start: 0, end: 5 }, bytes }]);
      expect(v1.fetch_info[xorb.hash]).toMatchObject([{ range: { start: 0, end: 5 }, url_range: bytes }]);
      const data = await fetch(entry.url, { headers: { Range: `bytes=${bytes.start}-${bytes.end}` } });
      expect(data.status).toBe(206);
      expect(data.headers.get("content-range")).toBe(`bytes 0-${bytes.end}/${xorb.bytes.length}`);
      expect(Buffer.from(await data.arrayBuffer()).equals(xorb.bytes)).toBe(true);
    });

    test("answers ranges with the chunks that overlap, and 416 behind the end", async () => {
      const xorb = newXorb(5);
      const hash = await upload(xorb, "f");
      const from = await connect("read");
      const at = (Range: string) => cas(from, `/v2/reconstructions/${hash}`, { headers: { Range } });
      expect(await (await at("bytes=1500-1500")).json()).toMatchObject({
        offset_into_first_range: 500,
        terms: [{ unpacked_length: 1000, range: { start: 1, end: 2 } }],
      });
      expect((await at("bytes=4999-255999999")).status).toBe(200);
      const behind = await at("bytes=5000-255999999");
      expect(behind.status).toBe(416);
      expect(behind.headers.get("content-range")).toBe("bytes */5000");
    });

    test("gets a URL of its own for every run of chunks", async () => {
      const to = await connect();
      const xorb = newXorb(5);
      await sendXorb(to, xorb);
      const file = {
        terms: [
          { xorb, end: 1 },
          { xorb, first: 2, end: 3 },
          { xorb, first: 4 },
        ],
      };
      await sendShard(to, { files: [file] });
      const { xorbs } = await (await cas(to, `/v2/reconstructions/${fileHash(file)}`)).json();
      const urls = xorbs[xorb.hash].map(({ url }: { url: string }) => url);
      expect(new Set(urls).size).toBe(3);
    });

    test("is read with a token of its bucket only", async () => {
      const hash = await upload(newXorb(), "f");
      await call(hub, "/api/buckets/ada/elsewhere", { method: "POST", as: "ada" });
      const elsewhere = await connect("read", "ada/elsewhere");
      expect((await cas(elsewhere, `/v2/reconstructions/${hash}`)).status).toBe(404);
    });

    test("cannot be added elsewhere by those who only know its hash", async () => {
      const hash = await upload(newXorb(), "secret");
      await call(hub, "/api/buckets/bob/own", { method: "POST", as: "bob" });
      const refused = await addFile("stolen", hash, "bob/own", "bob");
      expect(refused.status).toBe(422);
      expect(await refused.json()).toMatchObject({ success: false, failed: [{ path: "stolen" }] });
      await call(hub, `/api/buckets/${bucket}/settings`, {
        method: "PUT",
        as: "ada",
        json: { private: false },
      });
      expect((await addFile("shared", hash, "bob/own", "bob")).status).toBe(200);
    });
  });

  describe("a data URL", () => {
    const urlOf = async (xorb: Xorb, first: number, end: number): Promise<string> => {
      const to = await connect();
      const file = { terms: [{ xorb, first, end }] };
      await sendXorb(to, xorb);
      await sendShard(to, { files: [file] });
      const { xorbs } = await (await cas(to, `/v2/reconstructions/${fileHash(file)}`)).json();
      return xorbs[xorb.hash][0].url;
    };
    const status = async (url: string, Range: string) => (await fetch(url, { headers: { Range } })).status;

    test("gives the bytes it is for and no others", async () => {
      const url = await urlOf(newXorb(5), 1, 3);
      expect(await status(url, "bytes=1008-3023")).toBe(206);
      expect(await status(url, "bytes=1007-3023")).toBe(403);
      expect(await status(url, "bytes=1008-3024")).toBe(403);
      expect(await status(url, "bytes=1008-1010,0-3")).toBe(403);
      expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(2016);
    });

    test("gives several ranges as multipart, in their order", async () => {
      const xorb = newXorb(5);
      const response = await fetch(await urlOf(xorb, 0, 5), {
        headers: { Range: "bytes=0-9,2016-2019" },
      });
      expect(response.status).toBe(206);
      const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(
        response.headers.get("content-type") ?? "",
      )?.[1];
      const body = Buffer.from(await response.arrayBuffer());
      expect(body.length).toBe(Number(response.headers.get("content-length")));
      const head = (range: string) =>
        `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/${xorb.bytes.length}\r\n\r\n`;
      const expected = Buffer.concat([
        Buffer.from(head("0-9")),
        xorb.bytes.subarray(0, 10),
        Buffer.from(head("2016-2019")),
        xorb.bytes.subarray(2016, 2020),
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]);
      expect(body.equals(expected)).toBe(true);
    });

    test("cannot be forged, and needs no token", async () => {
      const url = await urlOf(newXorb(5), 1, 3);
      const forged = new URL(url);
      forged.searchParams.set("range", "0-5039");
      expect(await status(forged.href, "bytes=0-5")).toBe(403);
      const later = new URL(url);
      later.searchParams.set("expires", "99999999999");
      expect(await status(later.href, "bytes=1008-1009")).toBe(403);
    });
  });

  test("knows what it does not offer, as clients expect it", async () => {
    const to = await connect();
    const hash = newXorb().hash;
    expect((await cas(to, `/v1/chunks/default-merkledb/${hash}`)).status).toBe(404);
    expect((await cas(to, `/v2/file-chunk-hashes/${hash}`)).status).toBe(404);
    expect((await cas(to, "/v2/shards", { method: "POST", body: makeShard({}) })).status).toBe(404);
    expect((await cas(to, `/v1/xorb-grants/default/${hash}`, { method: "POST", body: "{}" })).status).toBe(
      404,
    );
    expect((await cas(to, "/v1/telemetry", { method: "POST", body: "{}" })).status).toBe(200);
  });

  test("gives its token in the body and in headers", async () => {
    const response = await call(hub, `/api/buckets/${bucket}/xet-write-token`, { as: "ada" });
    const { casUrl, accessToken, exp } = (await response.json()) as Connection;
    expect(casUrl).toBe(`${hub.url}/xet/${hub.context.instanceId}`);
    expect(response.headers.get("x-xet-cas-url")).toBe(casUrl);
    expect(response.headers.get("x-xet-access-token")).toBe(accessToken);
    expect(response.headers.get("x-xet-token-expiration")).toBe(`${exp}`);
    expect((await call(hub, `/api/buckets/${bucket}/xet-write-token`, { as: "bob" })).status).toBe(404);
    expect((await call(hub, `/api/buckets/${bucket}/xet-read-token`)).status).toBe(401);
  });
});
