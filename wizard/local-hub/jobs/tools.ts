/** Programs that images usually have under names that a machine may not. */
import { accessSync, constants, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Other names under which to look for a program. */
const SUBSTITUTES: Record<string, string[]> = { python: ["python3"], python3: ["python"], pip: ["pip3"] };

function find(program: string, path: string): string | null {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {}
  }
  return null;
}

/** Fills `folder` with links to what is missing from `path` under its usual name; returns the longer path. */
export function pathWithTools(folder: string, path: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, others] of Object.entries(SUBSTITUTES)) {
    if (find(name, path) !== null || existsSync(join(folder, name))) continue;
    const other = others.map((substitute) => find(substitute, path)).find((file) => file !== null);
    if (other != null) symlinkSync(other, join(folder, name));
  }
  return `${path}${delimiter}${folder}`;
}
