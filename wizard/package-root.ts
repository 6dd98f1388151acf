import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

let found: string | undefined;

/** The folder of this package, whether run from source (`wizard/`) or built (`dist/`): holds template/ and examples/. */
export function packageRoot(): string {
  if (found) return found;
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name === "create-agent-collab") {
      found = folder;
      return folder;
    }
    if (folder === dirname(folder)) throw new Error("the package's own package.json is not above its code");
  }
}

/** Version of this package, as in its package.json. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version;
}
