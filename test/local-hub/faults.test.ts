import { downloadFile, HubApiError, uploadFile } from "@huggingface/hub";
import { describe, expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

const bucket = { type: "bucket", name: "ada/box" } as const;

async function hubWithBucket(): Promise<LocalHub> {
  const hub = await startLocalHub();
  await call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
  return hub;
}

/** Sets a fault and returns its id. */
async function fault(hub: LocalHub, rule: Record<string, unknown>): Promise<string> {
  const response = await call(hub, "/_emulator/faults", { method: "POST", json: rule });
  expect(response.status, await response.clone().text()).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

const upload = (hub: LocalHub, path: string, content: string) =>
  uploadFile({
    repo: bucket,
    file: { path, content: new Blob([content]) },
    accessToken: "hf_local_ada",
    hubUrl: hub.url,
  });
const download = async (hub: LocalHub, path: string) => {
  const blob = await downloadFile({ repo: bucket, path, accessToken: "hf_local_ada", hubUrl: hub.url });
  return blob?.text();
};

describe("a fault", () => {
  it("of a status is answered with it and applies nothing, as often as it says", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "status", status: 503, method: "POST", path: "/api/buckets/**", count: 2 });
    const create = () => call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
    const first = await create();
    expect(first.status).toBe(503);
    expect(first.headers.get("retry-after")).toBe("1");
    expect((await call(hub, "/api/buckets/ada/box", { as: "ada" })).status).toBe(404);
    expect((await create()).status).toBe(503);
    expect((await create()).status).toBe(200);
  });

  it("of 429 tells how long to wait in both headers", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "status", status: 429, path: "/api/whoami-v2", retryAfterSeconds: 7 });
    const { status, headers } = await call(hub, "/api/whoami-v2", { as: "ada" });
    expect([status, headers.get("retry-after"), headers.get("ratelimit")]).toEqual([
      429,
      "7",
      '"api";r=0;t=7',
    ]);
  });

  it("lets the first requests through when told to, and hits only the user it names", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "status", status: 500, path: "/api/whoami-v2", user: "ada", skip: 1, count: 1 });
    const ask = async (as: string) => (await call(hub, "/api/whoami-v2", { as })).status;
    expect(await ask("ada")).toBe(200);
    expect(await ask("bob")).toBe(200);
    expect(await ask("ada")).toBe(500);
    expect(await ask("ada")).toBe(200);
  });

  it("of a probability hits about that share, the same ones each time", async () => {
    const outcomes = async () => {
      await using hub = await startLocalHub();
      await fault(hub, { kind: "status", status: 500, path: "/api/whoami-v2", probability: 0.3 });
      const statuses: number[] = [];
      for (let i = 0; i < 60; i++) statuses.push((await call(hub, "/api/whoami-v2", { as: "ada" })).status);
      return statuses;
    };
    const first = await outcomes();
    const failed = first.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(6);
    expect(failed).toBeLessThan(30);
    expect(await outcomes()).toEqual(first);
  });

  it("of a delay answers, but later", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "delay", delayMs: 60_000, path: "/api/whoami-v2", count: 1 });
    const signal = AbortSignal.timeout(300);
    await expect(call(hub, "/api/whoami-v2", { as: "ada", signal })).rejects.toThrow();
    expect((await call(hub, "/api/whoami-v2", { as: "ada" })).status).toBe(200);
    await fault(hub, { kind: "delay", delayMs: 20, path: "/api/whoami-v2", count: 1 });
    expect((await call(hub, "/api/whoami-v2", { as: "ada" })).status).toBe(200);
  });

  it("of a reset cuts the connection and applies nothing", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "reset", path: "/api/buckets/ada/box", count: 1 });
    await expect(call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} })).rejects.toThrow(
      "fetch failed",
    );
    expect((await call(hub, "/api/buckets/ada/box", { as: "ada" })).status).toBe(404);
  });

  it("of truncation gives the right head and half a body", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "truncate", path: "/api/whoami-v2", afterBytes: 20, count: 1 });
    const response = await call(hub, "/api/whoami-v2", { as: "ada" });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow("terminated");
  });

  it("of loss applies the request and answers 500", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "lost", method: "POST", path: "/api/buckets/ada/box", count: 1 });
    const create = () => call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
    expect((await create()).status).toBe(500);
    expect((await create()).status).toBe(409);
  });

  it("of loss of a file answers 500 whole, at once", async () => {
    await using hub = await hubWithBucket();
    await upload(hub, "long.txt", "long ".repeat(1000));
    await fault(hub, { kind: "lost", method: "GET", path: "/buckets/**" });
    const response = await call(hub, "/buckets/ada/box/resolve/long.txt", { as: "ada" });
    expect(response.status).toBe(500);
    expect(await response.json()).toHaveProperty("error");
  });

  it("of loss can cut the connection in place of an answer", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "lost", cut: true, method: "POST", path: "/api/buckets/ada/box", count: 1 });
    const create = () => call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
    await expect(create()).rejects.toThrow("fetch failed");
    expect((await create()).status).toBe(409);
  });

  it("of a batch entry is seen by @huggingface/hub as a file that failed, and leaves the others", async () => {
    await using hub = await hubWithBucket();
    await fault(hub, { kind: "batch_entry", entry: "bad/*", count: 1 });
    await expect(upload(hub, "bad/one.txt", "one")).rejects.toThrow("bad/one.txt");
    expect(await download(hub, "bad/one.txt")).toBeUndefined();
    await upload(hub, "bad/one.txt", "one");
    expect(await download(hub, "bad/one.txt")).toBe("one");
  });

  it("of an expired Xet token is a 401 of the CAS that @huggingface/hub reports", async () => {
    await using hub = await hubWithBucket();
    await fault(hub, { kind: "xet_token_expired" });
    const error = await upload(hub, "a.txt", "a").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HubApiError);
    expect((error as HubApiError).statusCode).toBe(401);
    await call(hub, "/_emulator/faults", { method: "DELETE" });
    await upload(hub, "a.txt", "a");
    expect(await download(hub, "a.txt")).toBe("a");
  });

  it("of truncated data is no successful download", async () => {
    await using hub = await hubWithBucket();
    await upload(hub, "a.txt", "a".repeat(10_000));
    await fault(hub, { kind: "truncate", path: "/xet/*/v1/data/*", afterBytes: 5 });
    await expect(download(hub, "a.txt")).rejects.toThrow();
  });
});

describe("fault rules", () => {
  it("are listed with how often they applied, and lifted one by one", async () => {
    await using hub = await startLocalHub();
    const first = await fault(hub, { kind: "status", status: 500, path: "/api/whoami-v2", count: 1 });
    await fault(hub, { kind: "delay", path: "/api/never" });
    await call(hub, "/api/whoami-v2", { as: "ada" });
    await call(hub, "/api/whoami-v2", { as: "ada" });
    const list = async () =>
      ((await (await call(hub, "/_emulator/faults")).json()) as { faults: object[] }).faults;
    expect(await list()).toMatchObject([
      { id: first, seen: 2, applied: 1 },
      { kind: "delay", seen: 0 },
    ]);
    expect((await call(hub, `/_emulator/faults/${first}`, { method: "DELETE" })).status).toBe(200);
    expect(await list()).toHaveLength(1);
    expect((await call(hub, `/_emulator/faults/${first}`, { method: "DELETE" })).status).toBe(404);
  });

  it.each([
    {},
    { kind: "explode" },
    { kind: "status", status: 200 },
    { kind: "status", count: 0 },
    { kind: "status", probability: 2 },
    { kind: "status", pth: "/x" },
    { kind: "delay", delayMs: -1 },
  ])("refuse %j with what is wrong", async (rule) => {
    await using hub = await startLocalHub();
    const response = await call(hub, "/_emulator/faults", { method: "POST", json: rule });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toMatch(/No valid fault rule\. .+/s);
  });

  it("never disturb the hub's own routes", async () => {
    await using hub = await startLocalHub();
    await fault(hub, { kind: "status", status: 500 });
    expect((await call(hub, "/_emulator/health")).status).toBe(200);
    expect((await call(hub, "/api/whoami-v2", { as: "ada" })).status).toBe(500);
    expect((await call(hub, "/_emulator/faults", { method: "DELETE" })).status).toBe(200);
    expect((await call(hub, "/api/whoami-v2", { as: "ada" })).status).toBe(200);
  });
});
