import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { findRunningHub } from "../../wizard/local-hub/lock.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hub-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Ada's bucket, through a client that remembers nothing: @huggingface/hub keeps Xet tokens by URL, and with
 * them the name of an instance that a reset has ended.
 */
const box = ({ url }: { url: string }) =>
  createHub({ endpoint: url, token: "hf_local_ada", attempts: 1 }).bucket("ada/box");
const createBucket = (hub: LocalHub) =>
  call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
const upload = (hub: { url: string }, path: string, content: string) => box(hub).write([{ path, content }]);
const download = (hub: { url: string }, path: string) => box(hub).readText(path);

describe("resetting a hub", () => {
  it("brings back the seeded state and another instance, on the same port", async () => {
    await using hub = await startLocalHub({ seed: { org: "gemma" } });
    await createBucket(hub);
    await upload(hub, "a.txt", "a");
    await call(hub, "/_emulator/users", { method: "POST", json: { name: "dora" } });
    await call(hub, "/_emulator/faults", { method: "POST", json: { kind: "delay", path: "/nothing" } });
    const before = hub.context.instanceId;
    expect((await call(hub, "/_emulator/reset", { method: "POST" })).status).toBe(200);
    expect((await call(hub, "/api/buckets/ada/box", { as: "ada" })).status).toBe(404);
    expect((await call(hub, "/api/whoami-v2", { as: "dora" })).status).toBe(401);
    expect(await (await call(hub, "/_emulator/faults")).json()).toMatchObject({ faults: [] });
    expect(hub.context.accounts.roleIn("ada", "gemma")).toBe("contributor");
    expect(hub.context.instanceId).not.toBe(before);
    await createBucket(hub);
    await upload(hub, "a.txt", "a again");
    expect(await download(hub, "a.txt")).toBe("a again");
  });

  it("answers what comes meanwhile with success or 503, nothing else, and ends clean", async () => {
    await using hub = await startLocalHub();
    const statuses = new Set<number>();
    let isResetting = true;
    const load = async (i: number) => {
      for (let n = 0; isResetting; n++) {
        const made = await call(hub, `/api/buckets/ada/b-${i}-${n}`, { method: "POST", as: "ada", json: {} });
        statuses.add(made.status);
        await made.arrayBuffer();
      }
    };
    const loads = Array.from({ length: 8 }, (_, i) => load(i));
    for (let i = 0; i < 5; i++)
      expect((await call(hub, "/_emulator/reset", { method: "POST" })).status).toBe(200);
    isResetting = false;
    await Promise.all(loads);
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    await hub.reset();
    expect(await (await call(hub, "/api/buckets/ada", { as: "ada" })).json()).toEqual([]);
  });
});

describe("a snapshot", () => {
  const take = (hub: LocalHub, name: string) =>
    call(hub, "/_emulator/snapshots", { method: "POST", json: { name } });
  const restore = (hub: LocalHub, name: string) =>
    call(hub, `/_emulator/snapshots/${name}/restore`, { method: "POST" });

  it("is put back with its files, and leaves out what came later", async () => {
    await using hub = await startLocalHub({ dataDir: folder });
    await createBucket(hub);
    await upload(hub, "kept.txt", "kept");
    expect((await take(hub, "before")).status).toBe(201);
    await upload(hub, "later.txt", "later");
    await hub.reset();
    expect((await restore(hub, "before")).status).toBe(200);
    expect(await download(hub, "kept.txt")).toBe("kept");
    expect(await download(hub, "later.txt")).toBeNull();
    await upload(hub, "later.txt", "later");
    expect(await download(hub, "later.txt")).toBe("later");
    expect(await (await call(hub, "/_emulator/snapshots")).json()).toMatchObject({
      snapshots: [{ name: "before" }],
    });
  });

  it("is not changed by what happens after it was put back", async () => {
    await using hub = await startLocalHub({ dataDir: folder });
    await createBucket(hub);
    await take(hub, "empty");
    for (let i = 0; i < 2; i++) {
      await restore(hub, "empty");
      expect(await download(hub, "a.txt")).toBeNull();
      await upload(hub, "a.txt", "a");
    }
  });

  it.each(["../escape", "a/b", "", ".hidden", "x".repeat(65)])("cannot be called %j", async (name) => {
    await using hub = await startLocalHub({ dataDir: folder });
    expect((await take(hub, name)).status).toBe(400);
    expect(readdirSync(folder)).not.toContain("snapshots");
  });

  it("is refused a second time under its name; an unknown one changes nothing", async () => {
    await using hub = await startLocalHub({ dataDir: folder });
    await createBucket(hub);
    await take(hub, "one");
    expect((await take(hub, "one")).status).toBe(409);
    expect((await restore(hub, "two")).status).toBe(404);
    expect((await call(hub, "/api/buckets/ada/box", { as: "ada" })).status).toBe(200);
  });
});

/** A hub in a process of its own, as a user starts it. */
async function spawnHub(
  dataDir: string,
): Promise<{ url: string; kill(signal: NodeJS.Signals): Promise<unknown[]> }> {
  const cli = resolve(import.meta.dirname, "../../wizard/cli.ts");
  const child = spawn(process.execPath, [cli, "hub", "--port", "0", "--data", dataDir, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const kill = (signal: NodeJS.Signals) => {
    const exited = once(child, "exit");
    child.kill(signal);
    return exited;
  };
  return { url: (JSON.parse(line) as { hub: { url: string } }).hub.url, kill };
}

describe("a hub that is killed", () => {
  it("keeps every write that it acknowledged, and its folder opens at once", async () => {
    const killed = await spawnHub(folder);
    const create = await fetch(`${killed.url}/api/buckets/ada/box`, {
      method: "POST",
      headers: { authorization: "Bearer hf_local_ada" },
    });
    expect(create.status).toBe(200);
    const acknowledged: string[] = [];
    const writer = (async () => {
      for (let i = 0; ; i++) {
        await upload(killed, `file-${i}`, `content ${i}`);
        acknowledged.push(`file-${i}`);
      }
    })().catch(() => {});
    while (acknowledged.length < 5) await new Promise((next) => setTimeout(next, 5));
    await killed.kill("SIGKILL");
    await writer;
    expect(findRunningHub(folder)).toBeNull();
    await using hub = await startLocalHub({ dataDir: folder });
    for (const path of acknowledged) expect(await download(hub, path)).toBe(`content ${path.slice(5)}`);
  });

  it("by two signals at once, as npm sends them, stops as cleanly as by one", async () => {
    const hub = await spawnHub(folder);
    const ended = hub.kill("SIGINT");
    void hub.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(findRunningHub(folder)).toBeNull();
  });

  it("by a signal it can hear ends with code 0 and frees the folder", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const hub = await spawnHub(folder);
      expect(findRunningHub(folder)?.url).toBe(hub.url);
      expect(await hub.kill(signal)).toEqual([0, null]);
      expect(findRunningHub(folder)).toBeNull();
    }
  });
});

it("a folder with a file in the way of the database is no crash but an error", async () => {
  await writeFile(join(folder, "hub.sqlite"), "this is no database, whatever its name says");
  await expect(startLocalHub({ dataDir: folder })).rejects.toMatchObject({ code: "data_folder_broken" });
});

it("a database that is of no version of the hub is left alone", async () => {
  const db = new DatabaseSync(join(folder, "hub.sqlite"));
  db.exec("CREATE TABLE users (nick TEXT); INSERT INTO users VALUES ('ada')");
  db.close();
  await expect(startLocalHub({ dataDir: folder })).rejects.toMatchObject({ code: "data_folder_foreign" });
  const again = new DatabaseSync(join(folder, "hub.sqlite"));
  expect(again.prepare("SELECT * FROM users").all()).toEqual([{ nick: "ada" }]);
  again.close();
});
