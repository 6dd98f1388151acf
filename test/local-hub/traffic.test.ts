import { uploadFile } from "@huggingface/hub";
import { describe, expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import type { ClientTraffic, RequestRecord } from "../../wizard/local-hub/traffic/request-log.ts";
import { call } from "./support.ts";

const requests = async (hub: LocalHub, query = "") =>
  ((await (await call(hub, `/_emulator/requests${query}`)).json()) as { requests: RequestRecord[] }).requests;
const counters = async (hub: LocalHub) =>
  ((await (await call(hub, "/_emulator/counters")).json()) as { clients: Record<string, ClientTraffic> })
    .clients;

describe("the request log", () => {
  it("tells who asked what, and how it was answered", async () => {
    await using hub = await startLocalHub({ now: () => Date.UTC(2026, 0, 1) });
    await call(hub, "/api/whoami-v2", { as: "ada" });
    await call(hub, "/api/whoami-v2");
    expect(await requests(hub)).toMatchObject([
      {
        seq: 1,
        time: "2026-01-01T00:00:00.000Z",
        method: "GET",
        path: "/api/whoami-v2",
        status: 200,
        user: "ada",
      },
      { seq: 2, status: 401, user: null, kind: "hub" },
    ]);
  });

  it("holds no token, wherever it was put", async () => {
    await using hub = await startLocalHub();
    const marker = "hf_MARKERmarker0123";
    await call(hub, `/api/whoami-v2?token=${marker}&code=MARKERcode&x=1`, { token: marker });
    await call(hub, `/${marker}/x`, { headers: { "user-agent": `agent ${marker}` } });
    const text = await (await call(hub, "/_emulator/requests?format=jsonl")).text();
    expect(text).not.toMatch(/MARKER/);
    expect(text).toContain("&x=1");
  });

  it("is read as JSON lines, by user, path and method, and from where one stopped", async () => {
    await using hub = await startLocalHub();
    for (const as of ["ada", "bob", "ada"]) await call(hub, "/api/whoami-v2", { as });
    await call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
    const response = await call(hub, "/_emulator/requests?format=jsonl&user=ada");
    const lines = (await response.text()).trim().split("\n");
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(lines.map((line) => (JSON.parse(line) as RequestRecord).seq)).toEqual([1, 3, 4]);
    expect(await requests(hub, "?method=POST")).toHaveLength(1);
    expect(await requests(hub, "?path=whoami&after=1&limit=1")).toMatchObject([{ seq: 3 }]);
    expect((await call(hub, "/_emulator/requests?after=x")).status).toBe(400);
  });

  it("notes a client that went away", async () => {
    await using hub = await startLocalHub();
    await call(hub, "/_emulator/faults", { method: "POST", json: { kind: "reset", path: "/api/whoami-v2" } });
    await call(hub, "/api/whoami-v2", { as: "ada" }).catch(() => {});
    expect(await requests(hub, "?path=whoami")).toHaveLength(1);
  });
});

describe("the counters", () => {
  it("tell calls and bytes of each user, those to the CAS apart", async () => {
    await using hub = await startLocalHub();
    await call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
    await call(hub, "/_emulator/requests", { method: "DELETE" });
    const size = 300_000;
    await uploadFile({
      repo: { type: "bucket", name: "ada/box" },
      file: {
        path: "data",
        content: new Blob([crypto.getRandomValues(new Uint8Array(60_000)), "x".repeat(size)]),
      },
      accessToken: "hf_local_ada",
      hubUrl: hub.url,
    });
    const { ada } = await counters(hub);
    expect(ada?.hub.requests).toBe(2);
    expect(ada?.cas.requests).toBeGreaterThanOrEqual(3);
    expect(ada?.cas.bytesIn).toBeGreaterThan(60_000);
    expect(ada?.cas.bytesIn).toBeLessThan(200_000);
    expect(ada?.hub.bytesIn).toBeLessThan(5_000);
  });

  it("begin again when the log is emptied", async () => {
    await using hub = await startLocalHub();
    await call(hub, "/api/whoami-v2", { as: "ada" });
    expect(Object.keys(await counters(hub))).toEqual(["ada"]);
    await call(hub, "/_emulator/requests", { method: "DELETE" });
    expect(await counters(hub)).toEqual({});
  });
});
