/** Lays out what a Space's image would hold: the repository's files, where the Dockerfile copies them. */
import { cpSync, existsSync, globSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { HubContext } from "../context.ts";
import type { FileTree } from "../repos/git-objects.ts";
import { readBlob } from "../repos/store.ts";
import { DockerfileError, type DockerImage } from "./dockerfile.ts";

/** Writes the files of a commit under `folder`. Paths were checked when they were committed. */
export function checkOut(hub: HubContext, tree: FileTree, folder: string): void {
  for (const [path, file] of tree) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    // Executable, since a commit over HTTP cannot say which files are.
    writeFileSync(target, readBlob(hub, file.oid), { mode: 0o755 });
  }
}

/** Does the copies of `image` from the checkout into `root`, and makes the working folder. */
export function copyInto(root: string, checkout: string, image: DockerImage): void {
  mkdirSync(join(root, image.workdir), { recursive: true });
  for (const { sources, destination } of image.copies) {
    for (const source of sources.flatMap((pattern) => matches(checkout, pattern))) {
      const from = join(checkout, source);
      const toFolder = statSync(from).isDirectory() || destination.endsWith("/");
      const inside = statSync(from).isDirectory() ? "" : basename(source);
      const to = join(root, destination, toFolder ? inside : "");
      mkdirSync(dirname(to), { recursive: true });
      cpSync(from, to, { recursive: true });
    }
  }
}

function matches(checkout: string, pattern: string): string[] {
  const inside = join("/", pattern).slice(1) || ".";
  if (existsSync(join(checkout, inside))) return [inside];
  const found = /[*?[]/.test(inside) ? globSync(inside, { cwd: checkout }) : [];
  if (found.length === 0) throw new DockerfileError(`COPY ${pattern}: no such file in the repository`);
  return found;
}

/**
 * A word or a line of a command with absolute paths of the image, such as `/app/server.js`, turned into
 * those under `root`, where they exist there.
 */
export function pathsUnder(root: string, text: string): string {
  return text.replace(/(^|[\s=:'"(])(\/[\w.@+/-]+)/g, (all, before: string, path: string) =>
    existsSync(join(root, path)) ? before + join(root, path) : all,
  );
}
