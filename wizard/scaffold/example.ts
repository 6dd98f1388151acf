/** Starting from one of the package's examples. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Document } from "yaml";
import { parseDocument } from "yaml";
import { closest } from "../../template/schema/suggest.ts";
import { packageRoot } from "../package-root.ts";
import type { Answers } from "../questions/question.ts";
import { usageError } from "../terminal/errors.ts";
import { exampleNames } from "./example-list.ts";
import { type ProjectFile, readFolder } from "./project-files.ts";

/** Answers that an example can take: plain values of its collab.yaml, by question id. */
export const EXAMPLE_ANSWERS: Readonly<Record<string, readonly string[]>> = {
  title: ["collab", "title"],
  slug: ["collab", "slug"],
  org: ["collab", "org"],
  admin_org: ["collab", "admin_org"],
  invite_url: ["access", "invite_url"],
};

/** What running an example in place leaves behind. */
const LEFTOVERS = new Set([".agent-collab", "node_modules", "__pycache__", ".venv", ".pytest_cache"]);

/** The files of an example, with the given answers in its collab.yaml; comments and layout stay. */
export async function exampleFiles(name: string, given: Answers): Promise<ProjectFile[]> {
  const names = await exampleNames();
  if (!names.includes(name)) {
    const suggestion = closest(name, names);
    throw usageError(
      `There is no example ${name}.`,
      `${suggestion ? `Did you mean ${suggestion}? ` : ""}Examples: ${names.join(", ")}.`,
    );
  }
  const foreign = Object.keys(given).find((id) => !(id in EXAMPLE_ANSWERS));
  if (foreign) {
    throw usageError(
      `The answer ${foreign} cannot be combined with --example.`,
      `With an example: ${Object.keys(EXAMPLE_ANSWERS).join(", ")}. Edit its collab.yaml for the rest.`,
    );
  }
  const root = join(packageRoot(), "examples", name);
  const document = parseDocument(await readFile(join(root, "collab.yaml"), "utf8"));
  applyAnswers(document, given);
  const files = await readFolder(root, (folder) => !LEFTOVERS.has(folder));
  return files
    .filter(({ path }) => path !== "README.md" && !path.split("/").some((part) => LEFTOVERS.has(part)))
    .map((file) =>
      file.path === "collab.yaml"
        ? { ...file, content: Buffer.from(document.toString({ lineWidth: 0 })) }
        : file,
    );
}

function applyAnswers(document: Document, given: Answers): void {
  for (const [id, value] of Object.entries(given)) {
    const path = EXAMPLE_ANSWERS[id];
    if (path && value) document.setIn(path, value);
  }
}
