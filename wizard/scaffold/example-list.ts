/** Which examples this package has. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";

export async function exampleNames(): Promise<string[]> {
  const root = join(packageRoot(), "examples");
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const complete = await Promise.all(
    names.map((name) => stat(join(root, name, "collab.yaml")).catch(() => null)),
  );
  return names.filter((_name, index) => complete[index]).sort();
}

/**
 * Every example with what it measures, and on what. The two lines are looked for in the text: reading these files as a
 * collab would cost a third of the time to the first question.
 */
export async function exampleSummaries(): Promise<{ name: string; about: string }[]> {
  return Promise.all(
    (await exampleNames()).map(async (name) => {
      const text = await readFile(join(packageRoot(), "examples", name, "collab.yaml"), "utf8");
      const [, label] = /^scoring:[\s\S]*?^ {2}label: (.+)$/m.exec(text) ?? [];
      const [, hardware] = /^jobs:[\s\S]*?^ {2}hardware: (.+)$/m.exec(text) ?? [];
      return {
        name,
        about: label && hardware ? `${label.toLowerCase()}, on ${hardware}` : "a complete collab to change",
      };
    }),
  );
}
