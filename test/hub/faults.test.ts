/** What the client does when the Hub does not do what it should. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { BatchFailedError, type HubError } from "../../template/hub/errors.ts";
import { backoffMs } from "../../template/hub/retry.ts";
import type { HubBucket, HubClientOptions } from "../../template/hub/types.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { emulator } from "../deploy/support.ts";

let server: LocalHub;
let waits: number[] = [];
let calls: { method: string; path: string; status: number }[] = [];
beforeAll(async () => {
  server = await startLocalHub();
});
afterAll(() => server.close());
beforeEach(() => emulator(server, "DELETE", "/faults"));

function client(options: Partial<HubClientOptions> = {}) {
  [waits, calls] = [[], []];
  return createHub({
    endpoint: server.url,
    token: "hf_local_ada",
    sleep: async (ms) => {
      waits.push(ms);
    },
    onCall: (call) => calls.push(call),
    ...options,
  });
}

let made = 0;
async function newBucket(): Promise<HubBucket> {
  const bucket = client().bucket(`demo/faulty-${++made}`);
  await bucket.create();
  [waits, calls] = [[], []];
  return bucket;
}
const fault = (rule: Record<string, unknown>) => emulator(server, "POST", "/faults", rule);
const failure = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe("a request that fails", () => {
  test.each([
    ["500", { kind: "status", status: 500 }],
    ["503 with Retry-After", { kind: "status", status: 503 }],
    ["a cut connection", { kind: "reset" }],
    ["half an answer", { kind: "truncate" }],
    ["an answer that is lost", { kind: "lost" }],
  ])("with %s is sent again", async (_, rule) => {
    const hub = client();
    await fault({ ...rule, path: "/api/whoami-v2", count: 2 });
    expect((await hub.whoami()).name).toBe("ada");
    expect(calls).toHaveLength(3);
  });

  test("with 429 waits at least as long as the Hub says", async () => {
    const hub = client();
    await fault({ kind: "status", status: 429, retryAfterSeconds: 7, path: "/api/whoami-v2", count: 1 });
    await hub.whoami();
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(7_000);
  });

  test("gives up after the attempts it is given, and says what happened without a host or a token", async () => {
    const hub = client({ attempts: 3 });
    await fault({ kind: "status", status: 503, retryAfterSeconds: 5 });
    const error = await failure(hub.whoami());
    expect(error).toMatchObject({ status: 503, call: "GET /api/whoami-v2", retryAfterSeconds: 5 });
    expect(calls).toHaveLength(3);
    const text = JSON.stringify([(error as HubError).message, error]);
    expect(text).not.toContain("hf_local");
    expect(text).not.toContain("127.0.0.1");
  });

  test("is not sent again where it could do something twice", async () => {
    const hub = client();
    await fault({ kind: "lost", path: "/api/repos/create" });
    expect(await failure(hub.space("demo/once").create({ sdk: "docker" }))).toMatchObject({ status: 500 });
    expect(calls).toHaveLength(1);
    await emulator(server, "DELETE", "/faults");
    expect(await hub.space("demo/once").create({ sdk: "docker" })).toMatchObject({ created: false });
  });

  test("is not sent again when it is the caller's fault", async () => {
    const error = await failure(client({ token: "hf_local_nobody" }).whoami());
    expect(error).toMatchObject({ status: 401 });
    expect(calls).toHaveLength(1);
  });

  test("ends when it takes too long", async () => {
    const hub = client({ timeoutMs: 100, attempts: 2 });
    await fault({ kind: "delay", delayMs: 5_000 });
    expect(await failure(hub.whoami())).toMatchObject({
      status: 0,
      isTransient: true,
      message: expect.stringContaining("0.1 s"),
    });
  });

  test("and a Hub that is not there is told from one that refuses", async () => {
    const error = await failure(client({ endpoint: "http://127.0.0.1:9", attempts: 1 }).whoami());
    expect(error).toMatchObject({ status: 0, isNotFound: false });
  });

  test("is not waited for once the caller has given up", async () => {
    const aborter = new AbortController();
    const hub = client({ sleep: undefined, signal: aborter.signal });
    await fault({ kind: "status", status: 429, retryAfterSeconds: 60 });
    setTimeout(() => aborter.abort(), 50);
    expect(await failure(hub.whoami())).toMatchObject({ name: "AbortError" });
  });
});

describe("a batch", () => {
  test("of which some entries failed is completed", async () => {
    const bucket = await newBucket();
    await fault({ kind: "batch_entry", entry: "b*.md", count: 1 });
    await bucket.write(["a1.md", "b1.md", "b2.md"].map((path) => ({ path, content: path })));
    expect([...(await bucket.stat(["a1.md", "b1.md", "b2.md"])).keys()].sort()).toEqual([
      "a1.md",
      "b1.md",
      "b2.md",
    ]);
  });

  test("whose entries keep failing names them with the reason; the others are in", async () => {
    const bucket = await newBucket();
    await fault({ kind: "batch_entry", entry: "bad.md", message: "disk on fire" });
    const error = await failure(
      bucket.write([
        { path: "good.md", content: "good" },
        { path: "bad.md", content: "bad" },
      ]),
    );
    expect(error).toBeInstanceOf(BatchFailedError);
    expect((error as BatchFailedError).failed).toEqual([{ path: "bad.md", error: "disk on fire" }]);
    expect(await bucket.readText("good.md")).toBe("good");
  });

  test("whose answer was lost is sent again without harm", async () => {
    const bucket = await newBucket();
    await fault({ kind: "lost", path: "/api/buckets/**/batch", count: 1 });
    await bucket.write([{ path: "a.md", content: "a" }]);
    expect(await bucket.readText("a.md")).toBe("a");
  });
});

describe("a storage token", () => {
  test("that the storage refuses is replaced once", async () => {
    const bucket = await newBucket();
    await bucket.write([{ path: "a", content: "a" }]);
    calls = [];
    await fault({ kind: "xet_token_expired", count: 1 });
    await bucket.write([{ path: "b", content: "b" }]);
    expect(calls.filter(({ path }) => path.endsWith("/xet-write-token"))).toHaveLength(1);
    expect(await bucket.readText("b")).toBe("b");
  });

  test("that is always refused is an error, not a loop", async () => {
    const bucket = await newBucket();
    await fault({ kind: "xet_token_expired" });
    expect(await failure(bucket.write([{ path: "a", content: "a" }]))).toMatchObject({ status: 401 });
  });

  test("is not kept longer than the Hub's own token that it was got with", async () => {
    let token = "hf_local_ada";
    const hub = client({ token: () => token });
    const bucket = hub.bucket(`demo/faulty-${++made}`);
    await bucket.create();
    await bucket.write([{ path: "a", content: "a" }]);
    token = "hf_local_bob";
    expect(await failure(bucket.write([{ path: "a", content: "not bob's" }]))).toMatchObject({ status: 403 });
  });
});

describe("a redirect to another host", () => {
  test("is followed without the token", async () => {
    const seen: (string | undefined)[] = [];
    const storage = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end("from storage");
    }).listen(0, "127.0.0.1");
    const front = createServer((request, response) => {
      seen.push(request.headers.authorization);
      const { port } = storage.address() as AddressInfo;
      response.writeHead(302, { location: `http://localhost:${port}/signed?x=1` }).end();
    }).listen(0, "127.0.0.1");
    await Promise.all([storage, front].map((one) => new Promise((done) => one.once("listening", done))));
    try {
      const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const bucket = client({ endpoint }).bucket("demo/any");
      expect(await bucket.readText("file.md")).toBe("from storage");
      expect(seen).toEqual(["Bearer hf_local_ada", undefined]);
    } finally {
      storage.close();
      front.close();
    }
  });
});

describe("the wait between attempts", () => {
  test("grows, is spread, and never falls short of what was asked", () => {
    expect(backoffMs(1, undefined, () => 0)).toBe(250);
    expect(backoffMs(1, undefined, () => 1)).toBe(500);
    expect(backoffMs(9, undefined, () => 1)).toBe(8_000);
    expect(backoffMs(1, 2, () => 0)).toBe(2_000);
    expect(backoffMs(1, 86_400, () => 0)).toBe(300_000);
  });
});
