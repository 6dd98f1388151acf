/** What the documents say is so: commands exist, links resolve. */
import { access, readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../wizard/commands/index.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const DOCUMENTS = [
  "README.md",
  "SETUP.md",
  "AGENTS.md",
  "CONTRIBUTING.md",
  "CLAUDE.md",
  "llms.txt",
  "skills/agent-collab/SKILL.md",
  "template/project/SETUP.md.hbs",
  "template/project/README.md.hbs",
  "template/project/AGENTS.md.hbs",
  ...(await readdir(join(ROOT, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
  ...(await readdir(join(ROOT, "examples"))).map((name) => `examples/${name}/README.md`),
];

describe.each(DOCUMENTS)("%s", async (document) => {
  const text = await readFile(join(ROOT, document), "utf8");

  test("names only commands that exist", () => {
    const names = COMMANDS.map(({ name }) => name);
    const named = [
      ...text.matchAll(
        /(?:npx|npm run -s cli --) agent-collab ([a-z][a-z-]*)|npm run -s cli -- ([a-z][a-z-]*)/g,
      ),
    ];
    for (const [, one, other] of named) expect(names).toContain(one ?? other);
  });

  test("links to files that are there", async () => {
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
      await expect(access(join(ROOT, dirname(document), target)), target).resolves.toBeUndefined();
    }
  });
});

test("llms.txt has a title, a summary, and lists of links", async () => {
  const text = await readFile(join(ROOT, "llms.txt"), "utf8");
  expect(text).toMatch(/^# [^\n]+\n\n(?:> [^\n]+\n)+\n/);
  const sections = text.split(/^## /m).slice(1);
  expect(sections.length).toBeGreaterThan(1);
  for (const section of sections)
    expect(section).toMatch(/^[^\n]+\n\n(?:- \[[^\]]+\]\([^)]+\)(?:: [^\n]+)?\n)+$/m);
});

test("README.md lists every command, and AGENTS.md every folder it names exists", async () => {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  for (const { name } of COMMANDS) expect(readme).toContain(`\`${name}\``);
  const map = await readFile(join(ROOT, "AGENTS.md"), "utf8");
  for (const [, path = ""] of map.matchAll(/^\| ((?:`[^`]+`(?:, )?)+)/gm)) {
    for (const name of path.split(", ")) await access(join(ROOT, name.replaceAll("`", "")));
  }
});
