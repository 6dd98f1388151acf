/** A temporary folder of a test, gone at its end. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

export class WorkFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<WorkFolder> {
    return new WorkFolder(await mkdtemp(join(tmpdir(), "collab test ")));
  }

  /** Every file below `name`, by its relative path, with its content. `.git` is left out. */
  async tree(name = "."): Promise<Record<string, string>> {
    const root = join(this.path, name);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes("/.git"));
    const pairs = files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(root, path), await readFile(path, "utf8")] as const;
    });
    return Object.fromEntries((await Promise.all(pairs)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
