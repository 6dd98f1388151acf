import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ProjectFile } from "../../wizard/scaffold/project-files.ts";
import { writeDirectory } from "../../wizard/scaffold/write-directory.ts";
import { WorkFolder } from "../support/work-folder.ts";

const FILES: ProjectFile[] = ["a.txt", "sub/b.txt", "sub/deep/c.txt", "z.txt"].map((path) => ({
  path,
  content: Buffer.from(`new ${path}`),
}));

let work: WorkFolder;
beforeEach(async () => {
  work = await WorkFolder.create();
});
afterEach(() => work[Symbol.asyncDispose]());

const target = () => join(work.path, "target");
const put = async (path: string, text = "old") => {
  await mkdir(join(target(), path, ".."), { recursive: true });
  await writeFile(join(target(), path), text);
};

test("a new folder gets every file, and nothing else is left beside it", async () => {
  await writeDirectory(target(), FILES);
  expect(await work.tree("target")).toEqual(
    Object.fromEntries(FILES.map(({ path }) => [path, `new ${path}`])),
  );
  expect(await readdir(work.path)).toEqual(["target"]);
});

test("an existing folder keeps what is not ours; --replace keeps only .git", async () => {
  await put("keep.txt");
  await put("a.txt");
  await put(".git/HEAD");
  await writeDirectory(target(), FILES);
  expect(await work.tree("target")).toMatchObject({ "keep.txt": "old", "a.txt": "new a.txt" });
  await writeDirectory(target(), FILES, { removeRest: true });
  expect(Object.keys(await work.tree("target"))).toEqual(FILES.map(({ path }) => path));
  expect(await readdir(join(target(), ".git"))).toEqual(["HEAD"]);
});

describe("a failure at any file leaves everything as it was", () => {
  // Where a folder is needed lies a file, or where a file is needed a folder that cannot be moved aside.
  test.each([["sub"], ["sub/deep"]])("with the file %s in the way", async (obstacle) => {
    await put("a.txt");
    await put(obstacle);
    const before = await work.tree(".");
    await expect(writeDirectory(target(), FILES)).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTDIR|EEXIST/),
    });
    expect(await work.tree(".")).toEqual(before);
    expect(await readdir(work.path)).toEqual(["target"]);
  });

  test("a path of ours that cannot be written", async () => {
    const long = { path: `${"x".repeat(300)}.txt`, content: Buffer.from("") };
    await expect(writeDirectory(target(), [...FILES, long])).rejects.toMatchObject({ code: "ENAMETOOLONG" });
    expect(await readdir(work.path)).toEqual([]);
    await expect(writeDirectory(join(target(), "deeper", "still"), [...FILES, long])).rejects.toThrow();
    expect(await readdir(work.path)).toEqual([]);
  });
});
