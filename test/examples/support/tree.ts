/** The files of a folder, for uploads. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

export interface TreeFile {
  /** Relative, with slashes. */
  path: string;
  content: Uint8Array | string;
}

/** Every file below `root`, less compiled Python, by path. */
export async function readTree(root: string): Promise<TreeFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const kept = paths.filter((path) => !path.includes("__pycache__")).toSorted();
  return Promise.all(
    kept.map(async (path) => ({
      path: relative(root, path).split(sep).join("/"),
      content: await readFile(path),
    })),
  );
}
