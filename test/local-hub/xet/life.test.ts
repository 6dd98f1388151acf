/** What time does to Xet storage: expiry, restarts, wiped folders, garbage. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRepo, deleteFile, downloadFile, uploadFile } from "@huggingface/hub";
import { afterEach, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";

const DAY_MS = 24 * 3600 * 1000;

describe("Xet storage over time", () => {
  const folders: string[] = [];
  const newFolder = () => {
    const folder = mkdtempSync(join(tmpdir(), "hub-xet-"));
    folders.push(folder);
    return folder;
  };
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  const repo = { type: "bucket" as const, name: "ada/b" };
  const as = (hub: LocalHub) => ({ hubUrl: hub.url, accessToken: "hf_local_ada" });
  const put = (hub: LocalHub, path: string, text: string) =>
    uploadFile({ ...as(hub), repo, file: { path, content: new Blob([text]) } });
  const read = async (hub: LocalHub, path: string) =>
    (await downloadFile({ ...as(hub), repo, path }))?.text() ?? null;
  const xorbs = (folder: string) =>
    readdirSync(join(folder, "xorbs"), { recursive: true, withFileTypes: true }).filter((item) =>
      item.isFile(),
    );
  const collect = async (hub: LocalHub, query = "") =>
    await (await call(hub, `/_emulator/xet/collect${query}`, { method: "POST" })).json();

  test("keeps content and instance across a restart, and cleans up after a killed upload", async () => {
    const dataDir = newFolder();
    const first = await startLocalHub({ dataDir });
    await createRepo({ ...as(first), repo });
    await put(first, "kept.txt", "kept");
    const { instanceId } = first.context;
    await first.close();
    const [xorb] = xorbs(dataDir);
    writeFileSync(join(xorb?.parentPath ?? "", `${xorb?.name}.123.tmp`), "half");

    await using second = await startLocalHub({ dataDir });
    expect(second.context.instanceId).toBe(instanceId);
    expect(xorbs(dataDir)).toHaveLength(1);
    expect(await read(second, "kept.txt")).toBe("kept");
  });

  test("is another instance in another folder, where tokens of the first are worth nothing", async () => {
    await using first = await startLocalHub();
    await using second = await startLocalHub();
    expect(second.context.instanceId).not.toBe(first.context.instanceId);
    await createRepo({ ...as(first), repo });
    const token = await (await call(first, "/api/buckets/ada/b/xet-write-token", { as: "ada" })).json();
    for (const id of [first.context.instanceId, second.context.instanceId]) {
      const url = `${second.url}/xet/${id}/v1/shards`;
      const init = { method: "POST", headers: { Authorization: `Bearer ${token.accessToken}` }, body: "x" };
      expect((await fetch(url, init)).status).toBe(401);
    }
  });

  test("lets tokens and data URLs expire", async () => {
    let now = Date.now();
    await using hub = await startLocalHub({ now: () => now });
    await createRepo({ ...as(hub), repo });
    await put(hub, "f", "content");
    const info = await call(hub, "/buckets/ada/b/resolve/f", { method: "HEAD", as: "ada" });
    const hash = info.headers.get("x-xet-hash");
    const token = await (await call(hub, "/api/buckets/ada/b/xet-read-token", { as: "ada" })).json();
    const reconstruct = () =>
      fetch(`${token.casUrl}/v2/reconstructions/${hash}`, {
        headers: { Authorization: `Bearer ${token.accessToken}` },
      });
    // biome-ignore lint/suspicious/noExplicitAny: one URL out of a nested answer
    const { xorbs: found } = (await (await reconstruct()).json()) as any;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const url = (Object.values(found)[0] as any)[0].url;
    expect(token.exp * 1000).toBeGreaterThanOrEqual(now + 15 * 60_000);
    expect((await fetch(url)).status).toBe(206);
    now = token.exp * 1000;
    expect((await reconstruct()).status).toBe(401);
    expect((await fetch(url)).status).toBe(403);
  });

  test("removes what no bucket refers to, but only long after its last use", async () => {
    let now = Date.now();
    const dataDir = newFolder();
    await using hub = await startLocalHub({ dataDir, now: () => now });
    await createRepo({ ...as(hub), repo });
    await put(hub, "kept.txt", "kept");
    await put(hub, "gone.txt", "gone");
    await deleteFile({ ...as(hub), repo, path: "gone.txt" });
    now += 27 * DAY_MS;
    expect(await collect(hub)).toEqual({ files: 0, xorbs: 0, bytes: 0 });
    now += 2 * DAY_MS;
    expect(await collect(hub)).toMatchObject({ files: 1, xorbs: 1 });
    expect(xorbs(dataDir)).toHaveLength(1);
    expect(await read(hub, "kept.txt")).toBe("kept");
    expect(await collect(hub)).toEqual({ files: 0, xorbs: 0, bytes: 0 });
  });

  test("keeps a xorb as long as one file of it is in a bucket, and takes removed content again", async () => {
    let now = Date.now();
    const dataDir = newFolder();
    await using hub = await startLocalHub({ dataDir, now: () => now });
    await createRepo({ ...as(hub), repo });
    await put(hub, "a", "same content");
    await put(hub, "b", "same content");
    await deleteFile({ ...as(hub), repo, path: "a" });
    now += 1;
    expect(await collect(hub, "?unused_seconds=-1")).toHaveProperty("error");
    expect(await collect(hub, "?unused_seconds=0")).toMatchObject({ xorbs: 0 });
    await deleteFile({ ...as(hub), repo, path: "b" });
    expect(await collect(hub, "?unused_seconds=0")).toMatchObject({ files: 1, xorbs: 1 });
    expect(xorbs(dataDir)).toHaveLength(0);
    await put(hub, "c", "same content");
    expect(await read(hub, "c")).toBe("same content");
  });
});
