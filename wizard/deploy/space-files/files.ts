/** The files of a Space and the version that they make together. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { holdsSecrets, isCache } from "../folders/left-out.ts";

export interface SpaceFile {
  path: string;
  content: Uint8Array;
}

export interface SpaceFiles {
  files: SpaceFile[];
  /** Changes with any of the files and settings; the Space's health route answers it. */
  version: string;
}

/** The path of the file that tells a Space which deployment it is. */
export const DEPLOYMENT_FILE = "deployment.json";

const VERSION_CHARS = 12;

/**
 * Adds `deployment.json`, whose version is a hash of all other files and of the Space's variables, which
 * include the fingerprints of its secrets. So the same deployment has the same version, and whoever sees
 * the version in an answer knows that the process behind it runs with these files and these settings.
 */
export function withVersion(
  slug: string,
  files: readonly SpaceFile[],
  variables: Readonly<Record<string, string>>,
): SpaceFiles {
  const settings = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify(settings));
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, content } of sorted) {
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  const version = hash.digest("hex").slice(0, VERSION_CHARS);
  const deployment = `${JSON.stringify({ slug, version }, null, 2)}\n`;
  return { files: [...sorted, { path: DEPLOYMENT_FILE, content: Buffer.from(deployment) }], version };
}

/** Every file below `folder` that is no secret's, with slashes in its path; `null` if there is no such folder. */
export async function folderFiles(folder: string): Promise<SpaceFile[] | null> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    },
  );
  if (entries === null) return null;
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(folder, path).split(sep).some(staysHere));
  return Promise.all(
    paths.map(async (path) => ({
      path: relative(folder, path).split(sep).join("/"),
      content: await readFile(path),
    })),
  );
}

const staysHere = (name: string) => isCache(name) || holdsSecrets(name);
