/** Buckets with the real `hf` CLI: what participants and organisers type. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { Participant } from "../support/hf-cli.ts";

const MB = 1_000_000;

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  return hash.digest("hex");
}

/** Random bytes with stretches that compress, written piece by piece. */
async function writeLargeFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w");
  for (let done = 0, i = 0; done < bytes; i++) {
    const piece = i % 4 === 3 ? Buffer.alloc(MB, `line ${i}\n`) : randomBytes(MB);
    done += (await file.write(piece)).bytesWritten;
  }
  await file.close();
}

describe("the hf CLI", () => {
  let hub: LocalHub;
  let ada: Participant;
  const local = (name: string) => join(ada.home, name);
  const remote = (path: string) => `hf://buckets/ada/work/${path}`;
  const listed = async (bucket = "ada/work") =>
    (await ada.hfOk(["buckets", "list", "-R", bucket, "--format", "json"])) || "[]";
  const paths = async (bucket?: string) =>
    (JSON.parse(await listed(bucket)) as { path: string }[]).map(({ path }) => path).sort();

  beforeAll(async () => {
    hub = await startLocalHub();
    ada = await Participant.create(hub.url, "hf_local_ada");
    await ada.hfOk(["buckets", "create", "ada/work"]);
  });
  afterAll(async () => {
    await ada?.[Symbol.asyncDispose]();
    await hub?.close();
  });

  test("knows who it is and where", async () => {
    const whoami = await ada.hfOk(["auth", "whoami"]);
    expect(whoami).toContain("ada");
    expect(whoami).toContain(hub.url);
  });

  test("creates, describes and deletes a bucket", async () => {
    await ada.hfOk(["buckets", "create", "ada/short-lived", "--private"]);
    const again = await ada.hf(["buckets", "create", "ada/short-lived"]);
    expect(again.code).not.toBe(0);
    await ada.hfOk(["buckets", "create", "ada/short-lived", "--exist-ok"]);
    const info = JSON.parse(await ada.hfOk(["buckets", "info", "ada/short-lived", "--format", "json"]));
    expect(info).toMatchObject({ id: "ada/short-lived", private: true, size: 0 });
    expect(await ada.hfOk(["buckets", "list"])).toContain("ada/short-lived");
    await ada.hfOk(["buckets", "delete", "ada/short-lived", "--yes"]);
    expect(await ada.hfOk(["buckets", "list"])).not.toContain("ada/short-lived");
  });

  test.each([
    ["empty", 0],
    ["one byte", 1],
    ["100 KB", 100_000],
    ["200 MB", 200 * MB],
  ])(
    "copies a file of %s up and down, byte for byte",
    async (name, bytes) => {
      const [up, down] = [local(`up-${bytes}`), local(`down-${bytes}`)];
      if (bytes > MB) await writeLargeFile(up, bytes);
      else await writeFile(up, randomBytes(bytes));
      await ada.hfOk(["buckets", "cp", up, remote(`sizes/${name}.bin`)]);
      await ada.hfOk(["buckets", "cp", remote(`sizes/${name}.bin`), down]);
      expect(await sha256(down)).toBe(await sha256(up));
    },
    120_000,
  );

  test("copies from standard input and to standard output", async () => {
    await ada.hfOk(["buckets", "cp", "-", remote("note.txt")], "söme text\n");
    expect(await ada.hfOk(["buckets", "cp", remote("note.txt"), "-"])).toBe("söme text\n");
  });

  test("lists a directory by its name, and everything with -R", async () => {
    await ada.hfOk(["buckets", "create", "ada/listed"]);
    for (const path of ["sub/a.txt", "sub/deep/b.txt", "submarine.txt"]) {
      await ada.hfOk(["buckets", "cp", "-", `hf://buckets/ada/listed/${path}`], path);
    }
    expect(await paths("ada/listed")).toEqual(["sub/a.txt", "sub/deep/b.txt", "submarine.txt"]);
    const top = await ada.hfOk(["buckets", "list", "ada/listed"]);
    expect(top).toContain("submarine.txt");
    expect(top).not.toContain("deep");
    const sub = await ada.hfOk(["buckets", "list", "ada/listed/sub"]);
    expect(sub).toContain("sub/a.txt");
    expect(sub).toContain("sub/deep");
    expect(sub).not.toContain("submarine");
  });

  test("copies paths with spaces and other unusual characters", async () => {
    const odd = "odd/ä b#c?d%41 'e'.txt";
    await ada.hfOk(["buckets", "cp", "-", remote(odd)], "odd");
    expect(await paths()).toContain(odd);
    await ada.hfOk(["buckets", "cp", remote(odd), local("odd.txt")]);
    expect(await readFile(local("odd.txt"), "utf8")).toBe("odd");
  });

  test("syncs a folder both ways, sends nothing twice, and deletes only with --delete", async () => {
    const folder = local("tree");
    await mkdir(join(folder, "inner"), { recursive: true });
    for (let i = 0; i < 20; i++) await writeFile(join(folder, "inner", `${i}.txt`), `file ${i}\n`);
    await writeFile(join(folder, "empty"), "");
    const sync = (...args: string[]) => ada.hfOk(["buckets", "sync", ...args]);
    await sync(folder, remote("tree"));
    const inTree = async () => (await paths()).filter((path) => path.startsWith("tree/"));
    expect(await inTree()).toHaveLength(21);

    const before = await listed();
    await sync(folder, remote("tree"));
    expect(await listed()).toBe(before);

    await rm(join(folder, "inner", "0.txt"));
    await sync(folder, remote("tree"));
    expect(await inTree()).toHaveLength(21);
    await sync(folder, remote("tree"), "--delete");
    expect(await inTree()).toHaveLength(20);

    const copy = local("tree-copy");
    await sync(remote("tree"), copy);
    expect((await readdir(copy, { recursive: true })).sort()).toEqual(
      (await readdir(folder, { recursive: true })).sort(),
    );
    expect(await readFile(join(copy, "inner", "7.txt"), "utf8")).toBe("file 7\n");
    expect((await stat(join(copy, "empty"))).size).toBe(0);
  });

  test("removes a file, and a directory with -R, but not what only begins alike", async () => {
    await ada.hfOk(["buckets", "create", "ada/pruned"]);
    for (const path of ["sub/a", "sub/b/c", "submarine", "other"]) {
      await ada.hfOk(["buckets", "cp", "-", `hf://buckets/ada/pruned/${path}`], path);
    }
    await ada.hfOk(["buckets", "rm", "ada/pruned/other", "--yes"]);
    await ada.hfOk(["buckets", "rm", "ada/pruned/sub", "-R", "--yes"]);
    expect(await paths("ada/pruned")).toEqual(["submarine"]);
  });

  test("copies between buckets", async () => {
    await ada.hfOk(["buckets", "create", "ada/target"]);
    await ada.hfOk(["buckets", "cp", "-", remote("source.txt")], "to be copied");
    await ada.hfOk(["buckets", "cp", remote("source.txt"), "hf://buckets/ada/target/copy.txt"]);
    expect(await ada.hfOk(["buckets", "cp", "hf://buckets/ada/target/copy.txt", "-"])).toBe("to be copied");
  });

  test("says so when a bucket is another user's, or not there", async () => {
    await using bob = await Participant.create(hub.url, "hf_local_bob");
    await ada.hfOk(["buckets", "create", "ada/private", "--private"]);
    const denied = await bob.hf(["buckets", "cp", "-", remote("intruder.txt")], "x");
    expect(denied.code).not.toBe(0);
    expect(denied.stdout + denied.stderr).toContain("403");
    const hidden = await bob.hf(["buckets", "list", "ada/private"]);
    expect(hidden.code).not.toBe(0);
    expect(hidden.stdout + hidden.stderr).toMatch(/not found/i);
    expect(await paths()).not.toContain("intruder.txt");
  });
});
