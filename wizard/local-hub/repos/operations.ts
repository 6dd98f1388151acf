/** The NDJSON body of a commit: what it says, and what that does to a list of files. */
import { badRequest, entryNotFound, HubHttpError } from "../errors.ts";
import { fileContent } from "./body.ts";
import type { FileTree, TreeFile } from "./git-objects.ts";
import { checkedPath } from "./paths.ts";

/** Larger files belong into a bucket. Applies to one file. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Applies to the body of a commit, in which content is base64. */
export const MAX_COMMIT_BYTES = 256 * 1024 * 1024;

export type Operation =
  | { kind: "put"; path: string; content: Uint8Array; oldPath?: string }
  | { kind: "known"; path: string; sha256: string; oldPath?: string }
  | { kind: "delete"; path: string; what: "file" | "folder" | "entry" };

export interface CommitRequest {
  title: string;
  description: string;
  parentCommit: string | null;
  operations: Operation[];
}

const DELETIONS = { deletedFile: "file", deletedFolder: "folder", deletedEntry: "entry" } as const;

/** Reads the body of a commit. Throws 400 naming the line that is wrong. */
export function parseCommitRequest(body: string): CommitRequest {
  const request: CommitRequest = { title: "", description: "", parentCommit: null, operations: [] };
  let hasHeader = false;
  for (const [index, line] of body.split("\n").entries()) {
    if (line.trim() === "") continue;
    const { key, value } = parseLine(line, index + 1);
    if (key === "header") {
      if (typeof value.summary !== "string" || value.summary.trim() === "") {
        throw badRequest("The header of a commit needs a summary");
      }
      hasHeader = true;
      request.title = value.summary;
      request.description = typeof value.description === "string" ? value.description : "";
      request.parentCommit = typeof value.parentCommit === "string" ? value.parentCommit : null;
    } else {
      request.operations.push(operationOf(key, value, index + 1));
    }
  }
  if (!hasHeader) throw badRequest("A commit starts with a line of key 'header'");
  return request;
}

function parseLine(line: string, number: number): { key: string; value: Record<string, unknown> } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw badRequest(`Line ${number} of the commit is not valid JSON`);
  }
  const { key, value } = (parsed ?? {}) as { key?: unknown; value?: unknown };
  if (typeof key !== "string" || typeof value !== "object" || value === null) {
    throw badRequest(`Line ${number} of the commit must be {"key": …, "value": {…}}`);
  }
  return { key, value: value as Record<string, unknown> };
}

function operationOf(key: string, value: Record<string, unknown>, line: number): Operation {
  const what = DELETIONS[key as keyof typeof DELETIONS];
  if (what !== undefined) {
    const path = typeof value.path === "string" ? value.path.replace(/\/$/, "") : value.path;
    return { kind: "delete", path: checkedPath(path), what };
  }
  const path = checkedPath(value.path);
  const oldPath = value.oldPath === undefined ? {} : { oldPath: checkedPath(value.oldPath) };
  if (key === "file") {
    const content = fileContent(path, value.content, value.encoding);
    if (content.length > MAX_FILE_BYTES) throw tooLarge(path, content.length);
    return { kind: "put", path, content, ...oldPath };
  }
  if (key === "lfsFile") {
    if (value.algo !== "sha256" || typeof value.oid !== "string" || !/^[0-9a-f]{64}$/.test(value.oid)) {
      throw badRequest(`Line ${line}: an lfsFile needs algo "sha256" and its hash as oid`);
    }
    return { kind: "known", path, sha256: value.oid, ...oldPath };
  }
  throw badRequest(
    `Line ${line} of the commit has the unknown key ${JSON.stringify(key)}: use header, file, lfsFile, deletedFile, deletedFolder or deletedEntry`,
  );
}

export const tooLarge = (path: string, size: number) =>
  new HubHttpError(
    413,
    `${path} has ${size} bytes; this hub takes files of up to ${MAX_FILE_BYTES} bytes into a repository. Put larger ones into a bucket.`,
  );

/**
 * What `operations`, applied in their order to `tree`, change. `known` finds stored content by its
 * SHA-256. Throws 404 for the deletion of what is not there and 400 where a path would be both file and folder.
 */
export function changesOf(
  tree: FileTree,
  operations: readonly Operation[],
  known: (sha256: string) => TreeFile | null,
): Map<string, Uint8Array | TreeFile | null> {
  const changes = new Map<string, Uint8Array | TreeFile | null>();
  const paths = new Set(tree.keys());
  const remove = (path: string) => {
    paths.delete(path);
    changes.set(path, null);
  };
  for (const operation of operations) {
    const { path } = operation;
    if (operation.kind === "delete") {
      const isFile = operation.what !== "folder" && paths.has(path);
      const inside = operation.what === "file" ? [] : [...paths].filter((p) => p.startsWith(`${path}/`));
      if (!isFile && inside.length === 0) throw entryNotFound(path);
      if (isFile) remove(path);
      for (const file of inside) remove(file);
      continue;
    }
    if (operation.oldPath !== undefined && operation.oldPath !== path) {
      if (!paths.has(operation.oldPath)) throw entryNotFound(operation.oldPath);
      remove(operation.oldPath);
    }
    if (operation.kind === "put") {
      changes.set(path, operation.content);
    } else {
      const file = known(operation.sha256);
      if (file === null) {
        throw badRequest(
          `${path}: no content with SHA-256 ${operation.sha256} in this repository. Send the file as preupload says: as "regular".`,
        );
      }
      changes.set(path, file);
    }
    paths.add(path);
  }
  refuseFileFolderClash(paths);
  return changes;
}

function refuseFileFolderClash(paths: ReadonlySet<string>): void {
  for (const path of paths) {
    for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
      const folder = path.slice(0, slash);
      if (paths.has(folder)) throw badRequest(`${folder} would be both a file and the folder of ${path}`);
    }
  }
}
