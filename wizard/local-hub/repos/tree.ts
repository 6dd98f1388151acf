/** Entries of a tree as the API shows them. */
import type { HubContext } from "../context.ts";
import { type Folder, folderOf, type TreeFile } from "./git-objects.ts";
import { listCommits, type Repo, readTree } from "./store.ts";

export interface TreeEntry {
  type: "file" | "directory";
  oid: string;
  size: number;
  path: string;
  lastCommit?: { id: string; title: string; date: string };
}

const fileEntry = (path: string, file: TreeFile): TreeEntry => ({ type: "file", ...file, path });
const folderEntry = (path: string, folder: Folder): TreeEntry => ({
  type: "directory",
  oid: folder.oid,
  size: 0,
  path,
});

/** The folder at `path` (`""` is the root), or `null` if there is none. */
export function findFolder(root: Folder, path: string): Folder | null {
  let folder: Folder | undefined = root;
  for (const part of path === "" ? [] : path.split("/")) folder = folder?.folders.get(part);
  return folder ?? null;
}

/** What lies at `path`, file or folder. */
export function findEntry(root: Folder, path: string): TreeEntry | null {
  const slash = path.lastIndexOf("/");
  const parent = findFolder(root, slash === -1 ? "" : path.slice(0, slash));
  const name = path.slice(slash + 1);
  const file = parent?.files.get(name);
  if (file !== undefined) return fileEntry(path, file);
  const folder = parent?.folders.get(name);
  return folder === undefined ? null : folderEntry(path, folder);
}

/** Everything in `folder`, which lies at `path`, sorted by path; with `recursive` the folders below as well. */
export function listEntries(folder: Folder, path: string, recursive: boolean): TreeEntry[] {
  const prefix = path === "" ? "" : `${path}/`;
  const entries: TreeEntry[] = [];
  for (const [name, child] of folder.folders) {
    entries.push(folderEntry(prefix + name, child));
    if (recursive) entries.push(...listEntries(child, prefix + name, true));
  }
  for (const [name, file] of folder.files) entries.push(fileEntry(prefix + name, file));
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Adds to each entry the commit, at or before `commit`, that gave it its present content. */
export function withLastCommit(
  hub: HubContext,
  repo: Repo,
  commit: string,
  entries: TreeEntry[],
): TreeEntry[] {
  const open = new Set(entries);
  const found = new Map<TreeEntry, TreeEntry["lastCommit"]>();
  const history = listCommits(hub, repo.oid, commit);
  for (const [index, { oid, title, date, parent }] of history.entries()) {
    if (open.size === 0) break;
    const before = parent === null ? null : folderOf(readTree(hub, repo.oid, parent) ?? new Map());
    for (const entry of open) {
      const same = before !== null && findEntry(before, entry.path)?.oid === entry.oid;
      if (same && index < history.length - 1) continue;
      found.set(entry, { id: oid, title, date: new Date(date).toISOString() });
      open.delete(entry);
    }
  }
  return entries.map((entry) => ({ ...entry, lastCommit: found.get(entry) }));
}
