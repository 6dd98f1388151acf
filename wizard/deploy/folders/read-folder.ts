/** A folder of the collab directory, read whole before it is uploaded: never more than was meant to leave this machine. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { findSecret } from "../../../template/schema/secrets.ts";
import { plural } from "../../terminal/text.ts";
import type { SpaceFile } from "../space-files/files.ts";
import { holdsSecrets, isCache, isHidden } from "./left-out.ts";

export interface FolderLimits {
  files: number;
  /** Of all files together. */
  bytes: number;
}

export interface FolderOptions {
  /** The collab directory, absolute. */
  dir: string;
  /** Relative to it, as collab.yaml names it. */
  folder: string;
  limits: FolderLimits;
  /** Will anybody be able to read it? Then a token in a file is a reason to stop. */
  isPublic: boolean;
}

export type ReadFolder =
  /** `path` of each file begins with `prefix`. `leftOut`: what stays here, by its path. */
  | { ok: true; prefix: string; files: SpaceFile[]; bytes: number; leftOut: string[] }
  | { ok: false; missing: boolean; message: string; fix: string };

const isLeftOut = (path: string) =>
  path.split("/").some((name) => isHidden(name) || isCache(name) || holdsSecrets(name));

/**
 * Reads every file of the folder. Links are followed to files inside the collab directory and nowhere else.
 * What cannot be uploaded as it is is said, not skipped: half a harness would fail later and elsewhere.
 */
export async function readFolder(options: FolderOptions): Promise<ReadFolder> {
  const { dir, limits } = options;
  const prefix = folderPrefix(options.folder);
  if (prefix === "") {
    return refused(
      `${options.folder} is the whole collab directory`,
      "Name a folder inside it, such as harness.",
    );
  }
  const home = await realpath(dir);
  const root = await realpath(join(dir, prefix)).catch(() => null);
  if (root === null || !(await stat(root)).isDirectory()) {
    return {
      ok: false,
      missing: true,
      message: `There is no folder ${prefix}`,
      fix: `Make it: mkdir ${prefix}`,
    };
  }
  if (!root.startsWith(home + sep)) {
    return refused(`${prefix} leads out of the collab directory`, "Put the folder itself there, not a link.");
  }

  const files: SpaceFile[] = [];
  const leftOut: string[] = [];
  let bytes = 0;
  const visit = async (folder: string): Promise<ReadFolder | null> => {
    const entries = await readdir(join(dir, folder), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (isLeftOut(entry.name)) {
        leftOut.push(path);
        continue;
      }
      if (hasControlCharacter(entry.name) || entry.name.includes("\\")) {
        return refused(`${JSON.stringify(path)} has a name that the Hub does not take`, "Rename it.");
      }
      if (entry.isDirectory()) {
        const problem = await visit(path);
        if (problem) return problem;
        continue;
      }
      const target = await realpath(join(dir, path)).catch(() => null);
      const about = target === null ? null : await stat(target);
      if (target === null || about === null || !about.isFile()) {
        if (!entry.isSymbolicLink()) continue;
        return refused(
          `${path} is a link to something that is no file`,
          "Put the file or folder itself there.",
        );
      }
      if (!target.startsWith(home + sep)) {
        return refused(
          `${path} is a link that leads out of the collab directory`,
          "Copy the file there if it is meant to be uploaded; remove the link if not.",
        );
      }
      if (isLeftOut(relative(home, target).split(sep).join("/"))) {
        leftOut.push(path);
        continue;
      }
      bytes += about.size;
      if (files.length === limits.files || bytes > limits.bytes) return tooMuch(prefix, limits);
      const content = await readFile(target);
      if (options.isPublic && findSecret(content.toString("latin1")) >= 0) {
        return refused(
          `${path} holds a token, and the file would become public`,
          "Remove it there, and revoke it at https://huggingface.co/settings/tokens.",
        );
      }
      files.push({ path, content });
    }
    return null;
  };
  const problem = await visit(prefix);
  if (problem) return problem;
  if (files.length === 0) {
    return refused(`${prefix} has no file that could be uploaded`, "Put the files there.");
  }
  return { ok: true, prefix, files, bytes, leftOut };
}

/** `./harness/` is `harness`; the collab directory itself is the empty text. */
export function folderPrefix(folder: string): string {
  return folder
    .split(/[\\/]/)
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

function refused(message: string, fix: string): ReadFolder {
  return { ok: false, missing: false, message, fix };
}

function tooMuch(prefix: string, { files, bytes }: FolderLimits): ReadFolder {
  return refused(
    `${prefix} is too large: at most ${plural(files, "file")} and ${bytes / 1024 / 1024} MB are uploaded`,
    "Keep what is needed there; put large data into a dataset or bucket of the organisation and read it from there.",
  );
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < " " || character === "\u007f");
}
