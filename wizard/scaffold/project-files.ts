/** The files of a new collab directory: template/project filled with the answers. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";
import type { CollabData } from "./collab-data.ts";
import { render } from "./render.ts";

export interface ProjectFile {
  /** Relative, with `/`. */
  path: string;
  content: Uint8Array;
}

/** Folders of the template that only some collabs need. */
const OPTIONAL_FOLDERS: Record<string, (data: CollabData) => boolean> = {
  harness: (data) => data.hasJobs,
  evaluator: (data) => data.hasEvaluator,
};

/**
 * Every file, sorted by path. `*.hbs` is filled in; a leading `_` stands for a dot, since npm leaves
 * `.gitignore` out of packages.
 */
export async function projectFiles(data: CollabData): Promise<ProjectFile[]> {
  const root = join(packageRoot(), "template/project");
  const files = await readFolder(root, (top) => OPTIONAL_FOLDERS[top]?.(data) ?? true);
  return files
    .map(({ path, content }) => ({
      path: targetName(path),
      content: path.endsWith(".hbs")
        ? Buffer.from(tidy(render(content.toString("utf8"), data), path))
        : content,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** All files below `root`, except in the top folders that `wanted` refuses. */
export async function readFolder(
  root: string,
  wanted: (topFolder: string) => boolean = () => true,
): Promise<{ path: string; content: Buffer }[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll("\\", "/"),
    )
    .filter((path) => !path.includes("/") || wanted(path.slice(0, path.indexOf("/"))))
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, content: await readFile(join(root, path)) })));
}

/** `task/_env.example.hbs` is `task/.env.example`. */
export function targetName(path: string): string {
  return path.replace(/(^|\/)_(?=[a-z])/g, "$1.").replace(/\.hbs$/, "");
}

/** One newline at the end; where sections of YAML were left out, one empty line and not several. */
function tidy(text: string, path: string): string {
  const dense = /\.ya?ml(\.hbs)?$/.test(path) ? text.replace(/\n{3,}/g, "\n\n") : text;
  return `${dense.trim()}\n`;
}
