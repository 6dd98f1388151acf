import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findRunningHub } from "../../wizard/local-hub/lock.ts";
import { startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hub-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A request with headers that `fetch` would not let us choose. */
function rawRequest(url: string, options: { method?: string; headers: Record<string, string> }) {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    request(url, options, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    })
      .on("error", reject)
      .end();
  });
}

describe("a local hub", () => {
  it("answers its health route as soon as it has started", async () => {
    await using hub = await startLocalHub();
    const response = await call(hub, "/_emulator/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ok", pid: process.pid, data_dir: hub.dataDir });
  });

  it("says on every response which emulator it is, and gives it an id", async () => {
    await using hub = await startLocalHub();
    for (const path of ["/_emulator/health", "/api/whoami-v2", "/api/nonsense"]) {
      const { headers } = await call(hub, path);
      expect(headers.get("x-agent-collab-emulator"), path).toMatch(/^\d+\.\d+\.\d+/);
      expect(headers.get("x-request-id"), path).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("answers what it does not support with 501, the route and what it does support", async () => {
    await using hub = await startLocalHub();
    for (const [method, path] of [
      ["GET", "/api/collections/x"],
      ["POST", "/api/whoami-v2"],
      ["DELETE", "/api/unheard/of"],
    ] as const) {
      const response = await call(hub, path, { method, as: "ada" });
      const body = (await response.json()) as { error: string; supported: { path: string }[] };
      expect(response.status).toBe(501);
      expect(body.error).toContain(`${method} ${path}`);
      expect(body.supported.map((route) => route.path)).toContain("/api/whoami-v2");
    }
  });

  it("tells the rate limit on Hub routes, though none is enforced", async () => {
    await using hub = await startLocalHub({ now: () => Date.UTC(2026, 0, 1, 0, 0, 10) });
    const { headers } = await call(hub, "/api/whoami-v2", { as: "ada" });
    expect(headers.get("ratelimit")).toBe('"api";r=3000;t=290');
    expect(headers.get("ratelimit-policy")).toBe('"fixed window";"api";q=3000;w=300');
  });

  it("enforces a rate limit per user when told to, and forgets it with the window", async () => {
    let now = Date.UTC(2026, 0, 1, 0, 4, 0);
    await using hub = await startLocalHub({ now: () => now, rateLimits: { api: 2, resolvers: 2, pages: 2 } });
    const ask = (as: string) => call(hub, "/api/whoami-v2", { as });
    expect((await ask("ada")).status).toBe(200);
    expect((await ask("ada")).headers.get("ratelimit")).toBe('"api";r=0;t=60');
    const refused = await ask("ada");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("60");
    expect((await ask("bob")).status).toBe(200);
    now += 60_000;
    expect((await ask("ada")).status).toBe(200);
  });

  it("limits as a plan of the Hub does, those without a token by themselves", async () => {
    await using hub = await startLocalHub({ rateLimits: "free" });
    const policy = async (as?: string) =>
      (await call(hub, "/api/whoami-v2", { as })).headers.get("ratelimit-policy");
    expect(await policy("ada")).toContain("q=1000;");
    expect(await policy()).toContain("q=500;");
    const set = (limits: unknown) => call(hub, "/_emulator/limits", { method: "POST", json: { limits } });
    await set({ api: 1, resolvers: 1, pages: 1 });
    expect((await call(hub, "/api/whoami-v2", { as: "bob" })).status).toBe(200);
    expect((await call(hub, "/api/whoami-v2", { as: "bob" })).status).toBe(429);
    await set(null);
    expect((await call(hub, "/api/whoami-v2", { as: "bob" })).status).toBe(200);
    expect((await set("gold")).status).toBe(400);
  });

  it.each(["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"])(
    "does not answer for the host %s",
    async (host) => {
      await using hub = await startLocalHub();
      const answer = await rawRequest(`${hub.url}/api/whoami-v2`, {
        headers: { host: `${host}:${hub.port}` },
      });
      expect(answer.status).toBe(421);
    },
  );

  it.each(["localhost", "127.0.0.1", "space-x.localhost"])("answers for the host %s", async (host) => {
    await using hub = await startLocalHub();
    const headers = { host: `${host}:${hub.port}` };
    expect((await rawRequest(`${hub.url}/_emulator/health`, { headers })).status).toBe(200);
  });

  it("takes requests from pages on this machine only", async () => {
    await using hub = await startLocalHub();
    const ask = (origin: string) =>
      rawRequest(`${hub.url}/api/whoami-v2`, { headers: { origin, authorization: "Bearer hf_local_ada" } });
    expect((await ask("https://evil.example")).status).toBe(403);
    expect((await ask("null")).status).toBe(403);
    const own = await ask("http://localhost:5173");
    expect(own.status).toBe(200);
    expect(own.headers["access-control-allow-origin"]).toBe("http://localhost:5173");
  });

  it("answers a preflight for a page on this machine", async () => {
    await using hub = await startLocalHub();
    const answer = await rawRequest(`${hub.url}/api/whoami-v2`, {
      method: "OPTIONS",
      headers: { origin: "http://localhost:5173", "access-control-request-headers": "authorization" },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers["access-control-allow-headers"]).toBe("authorization");
  });

  it("refuses a body beyond the limit of a route before reading it", async () => {
    await using hub = await startLocalHub();
    const response = await call(hub, "/api/organizations/demo/members/ada/role", {
      method: "PUT",
      as: "organizer",
      json: { role: "admin", filler: "x".repeat(17 * 1024 * 1024) },
    });
    expect(response.status).toBe(413);
    const overview = await call(hub, "/api/organizations/demo/members", { as: "organizer" });
    expect(await overview.json()).toContainEqual(
      expect.objectContaining({ user: "ada", role: "contributor" }),
    );
  });

  it("removes an ephemeral folder and frees the port when closed", async () => {
    const hub = await startLocalHub();
    await hub.close();
    await hub.close();
    expect(existsSync(hub.dataDir)).toBe(false);
    await using again = await startLocalHub({ port: hub.port });
    expect(again.port).toBe(hub.port);
  });

  it("starts fifty times side by side", async () => {
    const hubs = await Promise.all(Array.from({ length: 50 }, () => startLocalHub()));
    expect(new Set(hubs.map((hub) => hub.port)).size).toBe(50);
    await Promise.all(hubs.map((hub) => hub.close()));
  });
});

describe("the data folder of a local hub", () => {
  it("keeps its instance id over a restart, and another folder has another", async () => {
    const first = await startLocalHub({ dataDir: folder });
    const { instanceId } = first.context;
    await first.close();
    await using second = await startLocalHub({ dataDir: folder });
    await using other = await startLocalHub();
    expect(second.context.instanceId).toBe(instanceId);
    expect(other.context.instanceId).not.toBe(instanceId);
  });

  it("is refused to a second hub, which is told the URL of the first", async () => {
    await using first = await startLocalHub({ dataDir: folder });
    await expect(startLocalHub({ dataDir: folder })).rejects.toMatchObject({
      code: "data_folder_in_use",
      message: expect.stringContaining(first.url),
    });
    expect((await call(first, "/_emulator/health")).status).toBe(200);
  });

  it("tells who has it open, and nobody after the hub has closed", async () => {
    const hub = await startLocalHub({ dataDir: folder });
    expect(findRunningHub(folder)).toMatchObject({ url: hub.url, pid: process.pid });
    await hub.close();
    expect(findRunningHub(folder)).toBeNull();
    expect(findRunningHub(join(folder, "missing"))).toBeNull();
  });

  it("opens after a hub that left its note behind when it was killed", async () => {
    await writeFile(
      join(folder, "hub.json"),
      JSON.stringify({ pid: process.pid, url: "http://127.0.0.1:1", startedAt: "", version: "0.0.0" }),
    );
    expect(findRunningHub(folder)).toBeNull();
    await using hub = await startLocalHub({ dataDir: folder });
    expect(findRunningHub(folder)?.url).toBe(hub.url);
  });

  it("is explained when it is of a newer version, and left as it is", async () => {
    const db = new DatabaseSync(join(folder, "hub.sqlite"));
    db.exec("PRAGMA user_version = 999");
    db.close();
    await expect(startLocalHub({ dataDir: folder })).rejects.toMatchObject({
      code: "data_folder_newer",
      message: expect.stringContaining("schema 999"),
    });
    expect(findRunningHub(folder)).toBeNull();
  });

  it("is explained when it cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    const dataDir = join(folder, "file", "data");
    await expect(startLocalHub({ dataDir })).rejects.toMatchObject({
      code: "data_folder_unwritable",
      message: expect.stringContaining(dataDir),
    });
  });

  it.skipIf(process.getuid?.() === 0)("is explained when it is there but read-only", async () => {
    const dataDir = join(folder, "data");
    await (await startLocalHub({ dataDir })).close();
    await chmod(dataDir, 0o555);
    await expect(startLocalHub({ dataDir })).rejects.toMatchObject({ code: "data_folder_unwritable" });
    await chmod(dataDir, 0o755);
  });

  it("keeps its database, with the secrets of Spaces in it, from other users of the machine", async () => {
    await using hub = await startLocalHub({ dataDir: join(folder, "data") });
    for (const name of ["hub.sqlite", "hub.sqlite-wal"]) {
      expect((await stat(join(hub.dataDir, name))).mode & 0o077, name).toBe(0);
    }
  });

  it("keeps itself out of version control", async () => {
    await using hub = await startLocalHub({ dataDir: join(folder, "data") });
    expect(existsSync(join(hub.dataDir, ".gitignore"))).toBe(true);
  });
});

describe("a busy port", () => {
  it("is named together with the local hub that has it", async () => {
    await using first = await startLocalHub();
    await expect(startLocalHub({ port: first.port })).rejects.toMatchObject({
      code: "port_in_use",
      message: expect.stringContaining(first.dataDir),
    });
  });

  it("is named when something else has it", async () => {
    const other = createServer((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    try {
      await expect(startLocalHub({ port, dataDir: folder })).rejects.toMatchObject({
        code: "port_in_use",
        message: `Port ${port} on 127.0.0.1 is taken.`,
      });
      expect(findRunningHub(folder)).toBeNull();
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});
