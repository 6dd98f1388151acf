/** A volume on disk: its files as they are when the Job starts. */
import { createWriteStream } from "node:fs";
import { chmod, mkdir, readdir, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { SourceFile } from "./volume-content.ts";

/** Size and time of a file, by which a change is noticed. */
export interface Fingerprint {
  size: number;
  mtimeMs: number;
  inode: number;
}

/** Paths relative to the folder. */
export type Snapshot = Map<string, Fingerprint>;

/** Writes `files` under `folder`. Paths were checked when they were stored. */
export async function fillFolder(folder: string, files: Iterable<SourceFile>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path, mtime, content } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await pipeline(content, createWriteStream(target, { flags: "wx" }));
    await utimes(target, mtime / 1_000, mtime / 1_000);
  }
}

/** Takes the right to write away from everything in `folder`; gives it back with `writable`. */
export async function setWritable(folder: string, writable: boolean): Promise<void> {
  if (writable) await chmod(folder, 0o755);
  for (const item of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) await setWritable(path, writable);
    else if (item.isFile()) await chmod(path, writable ? 0o644 : 0o444);
  }
  if (!writable) await chmod(folder, 0o555);
}

/**
 * The regular files under `folder`. Links are left out: they may lead out of it, and their targets must not end
 * up in a bucket.
 */
export async function snapshot(folder: string): Promise<Snapshot> {
  const found: Snapshot = new Map();
  const visit = async (path: string): Promise<void> => {
    const items = await readdir(join(folder, path), { withFileTypes: true }).catch(() => []);
    for (const item of items) {
      const inner = path === "" ? item.name : `${path}/${item.name}`;
      if (item.isDirectory()) {
        await visit(inner);
      } else if (item.isFile()) {
        const facts = await stat(join(folder, inner)).catch(() => null);
        if (facts?.isFile()) {
          found.set(inner, { size: facts.size, mtimeMs: facts.mtimeMs, inode: facts.ino });
        }
      }
    }
  };
  await visit("");
  return found;
}

export const isSame = (a: Fingerprint | undefined, b: Fingerprint): boolean =>
  a !== undefined && a.size === b.size && a.mtimeMs === b.mtimeMs && a.inode === b.inode;
