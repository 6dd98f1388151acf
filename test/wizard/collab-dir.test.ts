import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectCollabDir, loadCollabDir } from "../../wizard/collab-dir.ts";
import { WorkFolder } from "../support/work-folder.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../examples/gemma-challenge");

let work: WorkFolder;
beforeAll(async () => {
  work = await WorkFolder.create();
});
afterAll(() => work[Symbol.asyncDispose]());

/** A copy of the example's texts, changed by `edit`. */
async function copy(name: string, edit: (dir: string) => Promise<unknown>): Promise<string> {
  const dir = join(work.path, name);
  await mkdir(dir);
  for (const part of ["collab.yaml", "task", "harness", "eval_dataset"])
    await cp(join(EXAMPLE, part), join(dir, part), { recursive: true });
  await edit(dir);
  return dir;
}

test("a good directory gives its configuration, its text and its parts", async () => {
  const loaded = await loadCollabDir(EXAMPLE);
  expect(loaded).toMatchObject({ dir: EXAMPLE, collab: { collab: { slug: "gemma" } } });
  expect(loaded.yaml).toContain("# The Fast Gemma Challenge");
  expect(loaded.parts.goal).toContain("gemma-4-E4B-it");
});

describe("a directory with problems names all of them, each with its file and what to do", () => {
  test.each<
    [name: string, edit: (dir: string) => Promise<unknown>, file: string, message: RegExp, fix: RegExp]
  >([
    [
      "missing",
      (dir) => rm(join(dir, "task/goal.md")),
      "task/goal.md",
      /is missing/,
      /what everybody is working on/,
    ],
    [
      "empty",
      (dir) => writeFile(join(dir, "task/rules.md"), " \n"),
      "task/rules.md",
      /is empty/,
      /what is allowed/,
    ],
    [
      "binary",
      (dir) => writeFile(join(dir, "task/rules.md"), Buffer.from([0xff, 0xfe, 0])),
      "task/rules.md",
      /not UTF-8/,
      /UTF-8/,
    ],
    [
      "huge",
      (dir) => writeFile(join(dir, "task/rules.md"), "x".repeat(70_000)),
      "task/rules.md",
      /larger than 64 KB/,
      /essentials/,
    ],
    [
      "open code block",
      (dir) => writeFile(join(dir, "task/measure.md"), "```sh\nls\n"),
      "task/measure.md",
      /never ends/,
      /Close it/,
    ],
    [
      "a folder for a file",
      async (dir) => {
        await rm(join(dir, "task/goal.md"));
        await mkdir(join(dir, "task/goal.md"));
      },
      "task/goal.md",
      /cannot be read/,
      /text file/,
    ],
    [
      "no harness",
      async (dir) => {
        await rm(join(dir, "harness"), { recursive: true });
        await writeFile(
          join(dir, "collab.yaml"),
          "collab: {slug: a, title: b, org: c}\njobs: {enabled: true, budget_per_day: 1}\n",
        );
      },
      "harness/run.py",
      /what a Job runs/,
      /jobs\.enabled: false/,
    ],
    [
      "no evaluator",
      (dir) =>
        writeFile(
          join(dir, "collab.yaml"),
          "collab: {slug: a, title: b, org: c}\nverification: {mode: eval-space}\n",
        ),
      "evaluator",
      /scores pending results/,
      /verification\.mode/,
    ],
  ])("%s", async (name, edit, file, message, fix) => {
    const dir = await copy(name, edit);
    const inspected = await inspectCollabDir(dir);
    expect(inspected.ok).toBe(false);
    expect(!inspected.ok && inspected.problems).toEqual([
      expect.objectContaining({
        file: join(dir, file),
        message: expect.stringMatching(message),
        fix: expect.stringMatching(fix),
      }),
    ]);
    await expect(loadCollabDir(dir)).rejects.toMatchObject({ code: "invalid_collab", exitCode: 1 });
  });

  test("several at once", async () => {
    const dir = await copy("several", async (path) => {
      await rm(join(path, "task/goal.md"));
      await rm(join(path, "task/rules.md"));
    });
    const inspected = await inspectCollabDir(dir);
    expect(!inspected.ok && inspected.problems).toHaveLength(2);
  });
});

test.each([
  ["an empty folder", ".", /no .*collab\.yaml/i],
  ["no folder", "nowhere", /no folder/],
])("%s says how to make a collab", async (_name, dir, message) => {
  const empty = join(work.path, "nothing");
  await mkdir(empty, { recursive: true });
  await expect(loadCollabDir(resolve(empty, dir))).rejects.toMatchObject({
    code: "no_collab",
    message: expect.stringMatching(message),
    fix: expect.stringContaining("agent-collab create"),
  });
});
