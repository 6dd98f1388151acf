/** Listing a bucket in pages (hub-wire.md 3.2). */
import { z } from "zod";
import { badRequest } from "../errors.ts";
import type { Entry, EntryStore, UploadPosition } from "./entry-store.ts";
import { behindDirectory } from "./paths.ts";

export interface Directory {
  path: string;
  uploadedAt: number;
}

export type TreeItem = { type: "file"; entry: Entry } | { type: "directory"; directory: Directory };

export interface TreePage {
  items: TreeItem[];
  /** `null` on the last page. */
  cursor: string | null;
}

export interface TreeQuery {
  bucket: string;
  /** Compared as a string, as the Hub does: `sub` matches `submarine.txt`. */
  prefix: string;
  cursor: string | undefined;
  limit: number;
}

const file = (entry: Entry): TreeItem => ({ type: "file", entry });

/** All files under a prefix, by path. */
export function listRecursive(entries: EntryStore, query: TreeQuery): TreePage {
  const from = query.cursor === undefined ? query.prefix : `${readCursor(query.cursor).path}\0`;
  const found = entries.from(query.bucket, from, query.limit + 1);
  const matching = found.filter(({ path }) => path.startsWith(query.prefix));
  const page = matching.slice(0, query.limit);
  const more = matching.length > query.limit;
  return { items: page.map(file), cursor: more ? writeCursor({ path: page.at(-1)?.path ?? "" }) : null };
}

/**
 * Files and collapsed directories, one level below the prefix. With the prefix `logs` a file `logs/a/b` shows as
 * the directory `logs/a`, and one in `logs_old` as `logs_old/…`: clients list a directory by its bare name.
 */
export function listCollapsed(entries: EntryStore, query: TreeQuery): TreePage {
  const depth = query.prefix.split("/").filter((part) => part !== "").length + 1;
  let from = query.cursor === undefined ? query.prefix : readCursor(query.cursor).path;
  const items: TreeItem[] = [];
  for (;;) {
    const found = entries.from(query.bucket, from, query.limit + 1);
    const collapsed = collapseUntilDirectory(found, query.prefix, depth, query.limit - items.length);
    items.push(...collapsed.files.map(file));
    const { directory, next } = collapsed;
    if (directory !== null) {
      const uploadedAt = entries.lastUploadBelow(query.bucket, directory);
      items.push({ type: "directory", directory: { path: directory, uploadedAt } });
    }
    if (next === null) return { items, cursor: null };
    from = next;
    if (items.length >= query.limit) {
      const more = entries.from(query.bucket, from, 1)[0]?.path.startsWith(query.prefix) ?? false;
      return { items, cursor: more ? writeCursor({ path: from }) : null };
    }
  }
}

/** The leading entries of `found` that are files at `depth`, and the directory that follows them, if any. */
function collapseUntilDirectory(
  found: readonly Entry[],
  prefix: string,
  depth: number,
  limit: number,
): { files: Entry[]; directory: string | null; next: string | null } {
  const files: Entry[] = [];
  for (const entry of found) {
    if (!entry.path.startsWith(prefix)) return { files, directory: null, next: null };
    if (files.length === limit) return { files, directory: null, next: entry.path };
    const parts = entry.path.split("/");
    if (parts.length > depth) {
      const directory = parts.slice(0, depth).join("/");
      return { files, directory, next: behindDirectory(directory) };
    }
    files.push(entry);
  }
  const last = found.at(-1);
  return { files, directory: null, next: last === undefined ? null : `${last.path}\0` };
}

/** All files by time of upload. */
export function listByUpload(
  entries: EntryStore,
  query: Omit<TreeQuery, "prefix"> & { newestFirst: boolean },
): TreePage {
  const after = query.cursor === undefined ? null : readCursor(query.cursor);
  const found = entries.byUpload(query.bucket, query.newestFirst, after, query.limit + 1);
  const page = found.slice(0, query.limit);
  const last = page.at(-1);
  const more = found.length > query.limit && last !== undefined;
  return { items: page.map(file), cursor: more ? writeCursor(last) : null };
}

const position = z.object({ path: z.string(), uploadedAt: z.int().default(0) });

function writeCursor({ path, uploadedAt }: { path: string; uploadedAt?: number }): string {
  return Buffer.from(JSON.stringify({ path, uploadedAt })).toString("base64url");
}

function readCursor(cursor: string): UploadPosition {
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw badRequest("The cursor is not valid");
  }
}
