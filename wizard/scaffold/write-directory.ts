/** Writing a directory so that it is there whole or not at all. */
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ProjectFile } from "./project-files.ts";

/**
 * Writes `files` into `dir`. They are written to a folder beside it first, on the same disk; then names are
 * changed, which is quick. When anything fails, what was there before is there again, and the error is thrown on.
 *
 * `removeRest`: everything else in `dir` except `.git` is removed.
 */
export async function writeDirectory(
  dir: string,
  files: readonly ProjectFile[],
  options: { removeRest?: boolean } = {},
): Promise<void> {
  const madeParents = await mkdir(dirname(dir), { recursive: true });
  let staging: string | undefined;
  try {
    staging = await mkdtemp(join(dirname(dir), `.${basename(dir)}.`));
    const fresh = join(staging, "new");
    for (const { path, content } of files) {
      await mkdir(dirname(join(fresh, path)), { recursive: true });
      await writeFile(join(fresh, path), content);
    }
    if (await isMissing(dir)) await rename(fresh, dir);
    else await moveInto(dir, fresh, join(staging, "old"), files, options.removeRest === true);
  } catch (error) {
    if (madeParents) await removeEmpty(dirname(dir), madeParents, staging);
    throw error;
  } finally {
    if (staging) await rm(staging, { recursive: true, force: true });
  }
}

async function isMissing(dir: string): Promise<boolean> {
  return readdir(dir).then(
    () => false,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return true;
      throw error;
    },
  );
}

/** Moves file by file, keeping what it takes the place of in `old`; on failure everything moves back. */
async function moveInto(
  dir: string,
  fresh: string,
  old: string,
  files: readonly ProjectFile[],
  removeRest: boolean,
) {
  const undo: (() => Promise<unknown>)[] = [];
  const move = async (from: string, to: string) => {
    const made = await mkdir(dirname(to), { recursive: true });
    if (made) undo.push(() => rm(made, { recursive: true, force: true }));
    await rename(from, to);
    undo.push(() => rename(to, from));
  };
  try {
    if (removeRest) {
      for (const name of await readdir(dir))
        if (name !== ".git") await move(join(dir, name), join(old, name));
    }
    for (const { path } of files) {
      await move(join(dir, path), join(old, path)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
      await move(join(fresh, path), join(dir, path));
    }
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => {});
    throw error;
  }
}

/** Removes the folders from `dir` up to `top` that we made, as long as they are empty. */
async function removeEmpty(dir: string, top: string, staging: string | undefined): Promise<void> {
  if (staging) await rm(staging, { recursive: true, force: true });
  for (let folder = dir; folder.startsWith(top); folder = dirname(folder)) {
    await rmdir(folder).catch(() => {});
  }
}
