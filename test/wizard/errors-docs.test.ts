import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** Where errors of the command line are made: `new UserError({ code: "…" })`, `hubAdvice`, `HubStartError("…")`. */
const MAKES_A_CODE = /UserError\(\{\s*code: "([a-z_]+)"|\["(hub_[a-z_]+)"|HubStartError\(\s*"([a-z_]+)"/g;

test("docs/errors.md lists every code of the command line", async () => {
  const docs = await readFile(join(ROOT, "docs/errors.md"), "utf8");
  const files = await readdir(join(ROOT, "wizard"), { recursive: true });
  const missing = new Set<string>();
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const source = await readFile(join(ROOT, "wizard", file), "utf8");
    for (const match of source.matchAll(MAKES_A_CODE)) {
      const code = match.slice(1).find((group) => group !== undefined) as string;
      if (!docs.includes(`<a id="${code}"></a>`)) missing.add(`${code} (${file})`);
    }
  }
  expect([...missing], "add these to docs/errors.md").toEqual([]);
});
