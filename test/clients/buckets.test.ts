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

  test("copies a directory between buckets without sending a byte", async () => {
    await ada.hfOk(["buckets", "create", "ada/mirror"]);
    for (const path of ["pack/a.txt", "pack/b/c.txt", "package.txt"]) {
      await ada.hfOk(["buckets", "cp", "-", remote(path)], `this is ${path}`);
    }
    await ada.hfOk(["buckets", "cp", remote("pack/"), "hf://buckets/ada/mirror/"]);
    expect((await paths("ada/mirror")).map((path) => path.replace(/^pack\//, ""))).toEqual([
      "a.txt",
      "b/c.txt",
    ]);
  });

  test("renames a bucket and changes its visibility", async () => {
    await ada.hfOk(["buckets", "create", "ada/before"]);
    await ada.hfOk(["buckets", "cp", "-", "hf://buckets/ada/before/f.txt"], "moved along");
    await ada.hfOk(["buckets", "move", "ada/before", "ada/after"]);
    expect(await ada.hfOk(["buckets", "cp", "hf://buckets/ada/after/f.txt", "-"])).toBe("moved along");
    await ada.hfOk(["buckets", "settings", "ada/after", "--private"]);
    const info = await ada.hfOk(["buckets", "info", "ada/after", "--format", "json"]);
    expect(JSON.parse(info)).toMatchObject({ id: "ada/after", private: true });
  });

  test("reads and writes through Python's file system interface", async () => {
    const script = `
from huggingface_hub import HfFileSystem
fs = HfFileSystem()
with fs.open("buckets/ada/work/py/one.txt", "w") as f:
    f.write("written by fsspec")
assert fs.ls("buckets/ada/work/py", detail=False) == ["buckets/ada/work/py/one.txt"], fs.ls("buckets/ada/work/py")
with fs.open("buckets/ada/work/py/one.txt", "rb") as f:
    f.seek(8)
    assert f.read(2) == b"by"
assert fs.exists("buckets/ada/work/py/one.txt") and not fs.exists("buckets/ada/work/py/two.txt")
`;
    expect(await ada.python(script)).toMatchObject({ code: 0 });
  });

  test("reports the entries of a batch that failed", async () => {
    const fault = { kind: "batch_entry", entry: "batch/b.txt", message: "the disk is on fire", count: 1 };
    await fetch(`${hub.url}/_emulator/faults`, { method: "POST", body: JSON.stringify(fault) });
    await mkdir(local("batch"));
    for (const name of ["a.txt", "b.txt"]) await writeFile(join(local("batch"), name), name);
    const failed = await ada.hf(["buckets", "sync", local("batch"), remote("batch")]);
    expect(failed.code).not.toBe(0);
    expect(failed.stdout + failed.stderr).toContain("the disk is on fire");
    await ada.hfOk(["buckets", "sync", local("batch"), remote("batch")]);
    expect((await paths()).filter((path) => path.startsWith("batch/"))).toEqual([
      "batch/a.txt",
      "batch/b.txt",
    ]);
  });

  test("recovers when the hub was wiped, though it remembers what it once sent", async () => {
    await using emptied = await startLocalHub();
    await using bob = await Participant.create(emptied.url, "hf_local_bob");
    const file = join(bob.home, "data.bin");
    await writeFile(file, randomBytes(300_000));
    const send = async () => {
      await bob.hfOk(["buckets", "create", "bob/work"]);
      await bob.hfOk(["buckets", "cp", file, "hf://buckets/bob/work/data.bin"]);
      await bob.hfOk(["buckets", "cp", "hf://buckets/bob/work/data.bin", `${file}.back`]);
      expect(await sha256(`${file}.back`)).toBe(await sha256(file));
    };
    await send();
    await fetch(`${emptied.url}/_emulator/reset`, { method: "POST" });
    await rm(`${file}.back`);
    await send();
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
