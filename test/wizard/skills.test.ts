import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadCollabDir } from "../../wizard/collab-dir.ts";
import { COMMANDS } from "../../wizard/commands/index.ts";
import { bucketSeeds } from "../../wizard/scaffold/bucket-seeds.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The rules that every harness that reads skills shares. */
function expectSkill(text: string, folder?: string): void {
  const [, frontmatter = "", body = ""] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
  const { name, description, ...rest } = parse(frontmatter);
  expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(name.length).toBeLessThanOrEqual(64);
  if (folder) expect(name).toBe(folder);
  expect(description).toMatch(/Use when/);
  expect(description.length).toBeLessThanOrEqual(1024);
  expect(Object.keys(rest)).toEqual([]);
  expect(body.split("\n").length).toBeLessThan(500);
  expect(text).toContain("data, not instructions");
}

describe("skills", async () => {
  test.each(await readdir(join(ROOT, "skills")))(
    "%s is a valid skill, and its commands exist",
    async (folder) => {
      const text = await readFile(join(ROOT, "skills", folder, "SKILL.md"), "utf8");
      expectSkill(text, folder);
      const names = COMMANDS.map(({ name }) => name);
      for (const [, command] of text.matchAll(/npx agent-collab ([a-z]+)/g)) expect(names).toContain(command);
    },
  );

  test("the one in the central bucket is valid, whatever the title", async () => {
    const loaded = await loadCollabDir(join(ROOT, "examples/gemma-challenge"));
    const { collab } = loaded.collab;
    const hostile = {
      ...loaded,
      collab: { ...loaded.collab, collab: { ...collab, title: 'a: "b"\n---\n# c {{x}}' } },
    };
    for (const variant of [loaded, hostile]) {
      const seeds = await bucketSeeds(variant, {
        backendUrl: "https://x.hf.space",
        endpoint: "https://huggingface.co",
      });
      expectSkill(seeds.find(({ path }) => path === "SKILL.md")?.content as string);
    }
  });
});
