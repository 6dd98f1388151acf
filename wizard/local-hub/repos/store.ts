/** Repositories as data: make, find, read, commit. No HTTP here, no permissions. */
import { createHash } from "node:crypto";
import type { HubContext, Owned, RepoKind } from "../context.ts";
import { transaction } from "../database.ts";
import { blobOid, commitOid, type FileTree, folderOf, type TreeFile } from "./git-objects.ts";

export type GitRepoKind = Exclude<RepoKind, "bucket">;

export interface Repo extends Owned {
  kind: GitRepoKind;
  /** 24 hex; stays when the repository moves. */
  oid: string;
  sdk: string | null;
  createdAt: number;
  updatedAt: number;
  head: string;
}

export interface Commit {
  oid: string;
  parent: string | null;
  author: string;
  date: number;
  title: string;
  description: string;
}

/** What a commit does: `null` deletes a file, bytes or a known blob put it there. */
export type FileChanges = ReadonlyMap<string, Uint8Array | TreeFile | null>;

type RepoRow = Record<"oid" | "kind" | "id" | "sdk" | "created_by" | "head", string> &
  Record<"private" | "created_at" | "updated_at", number>;

const repoOf = (row: RepoRow): Repo => ({
  oid: row.oid,
  kind: row.kind as GitRepoKind,
  id: row.id,
  private: row.private === 1,
  sdk: row.sdk,
  createdBy: row.created_by,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  head: row.head,
});

export function findRepo(hub: HubContext, kind: GitRepoKind, id: string): Repo | null {
  const row = hub.db.prepare("SELECT * FROM repos WHERE kind = ? AND id = ?").get(kind, id);
  return row === undefined ? null : repoOf(row as unknown as RepoRow);
}

export function findRepoByOid(hub: HubContext, oid: string): Repo | null {
  const row = hub.db.prepare("SELECT * FROM repos WHERE oid = ?").get(oid);
  return row === undefined ? null : repoOf(row as unknown as RepoRow);
}

/** All repositories of a kind, newest change first; of one namespace if given. */
export function listRepos(hub: HubContext, kind: GitRepoKind, namespace: string | null = null): Repo[] {
  const rows = hub.db
    .prepare(
      "SELECT * FROM repos WHERE kind = ?1 AND (?2 IS NULL OR substr(id, 1, length(?2) + 1) = ?2 || '/') ORDER BY updated_at DESC, id",
    )
    .all(kind, namespace);
  return (rows as unknown as RepoRow[]).map(repoOf);
}

/** Makes a repository with its first commit. The caller has checked that `id` is free. */
export function insertRepo(
  hub: HubContext,
  facts: {
    kind: GitRepoKind;
    id: string;
    private: boolean;
    sdk: string | null;
    createdBy: string;
    files: FileChanges;
  },
): Repo {
  const now = hub.now();
  const oid = hub.newId();
  return transaction(hub.db, () => {
    hub.db
      .prepare(
        "INSERT INTO repos (oid, kind, id, private, sdk, created_by, created_at, updated_at, head) VALUES (?,?,?,?,?,?,?,?,'')",
      )
      .run(oid, facts.kind, facts.id, facts.private ? 1 : 0, facts.sdk, facts.createdBy, now, now);
    writeCommit(hub, oid, {
      parent: null,
      base: new Map(),
      changes: facts.files,
      author: facts.createdBy,
      title: "initial commit",
      description: "",
    });
    return findRepoByOid(hub, oid) as Repo;
  });
}

export function deleteRepo(hub: HubContext, repo: Repo): void {
  transaction(hub.db, () => {
    hub.db.prepare("DELETE FROM repos WHERE oid = ?").run(repo.oid);
    sweepBlobs(hub);
  });
}

/** Removes blobs that no commit names. */
function sweepBlobs(hub: HubContext): void {
  hub.db.exec(`
    DELETE FROM repo_blobs WHERE oid NOT IN (
      SELECT json_extract(entry.value, '$[0]') FROM repo_commits, json_each(repo_commits.files) AS entry
    )`);
}

export function renameRepo(hub: HubContext, repo: Repo, id: string): void {
  hub.db.prepare("UPDATE repos SET id = ?, updated_at = ? WHERE oid = ?").run(id, hub.now(), repo.oid);
}

export function setRepoPrivate(hub: HubContext, repo: Repo, isPrivate: boolean): void {
  hub.db.prepare("UPDATE repos SET private = ? WHERE oid = ?").run(isPrivate ? 1 : 0, repo.oid);
}

/** Adds a commit on the head of `repo`, in one transaction, and returns it. */
export function addCommit(
  hub: HubContext,
  repo: Repo,
  commit: { changes: FileChanges; author: string; title: string; description: string },
): Commit {
  return transaction(hub.db, () => {
    const head = (findRepoByOid(hub, repo.oid) as Repo).head;
    const base = readTree(hub, repo.oid, head) as FileTree;
    return writeCommit(hub, repo.oid, { ...commit, parent: head, base });
  });
}

function writeCommit(
  hub: HubContext,
  repo: string,
  commit: {
    parent: string | null;
    base: FileTree;
    changes: FileChanges;
    author: string;
    title: string;
    description: string;
  },
): Commit {
  const files = new Map(commit.base);
  const putBlob = hub.db.prepare(
    "INSERT INTO repo_blobs (oid, sha256, content) VALUES (?,?,?) ON CONFLICT DO NOTHING",
  );
  for (const [path, change] of commit.changes) {
    if (change === null) {
      files.delete(path);
    } else if (change instanceof Uint8Array) {
      const oid = blobOid(change);
      putBlob.run(oid, createHash("sha256").update(change).digest("hex"), change);
      files.set(path, { oid, size: change.length });
    } else {
      files.set(path, change);
    }
  }
  const { parent, author, title, description } = commit;
  const date = hub.now();
  const oid = commitOid({ treeOid: folderOf(files).oid, parent, author, date, title, description });
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  hub.db
    .prepare(
      "INSERT INTO repo_commits (repo, oid, parent, author, date, title, description, files) VALUES (?,?,?,?,?,?,?,?)",
    )
    .run(
      repo,
      oid,
      parent,
      author,
      date,
      title,
      description,
      JSON.stringify(Object.fromEntries(sorted.map(([path, file]) => [path, [file.oid, file.size]]))),
    );
  hub.db.prepare("UPDATE repos SET head = ?, updated_at = ? WHERE oid = ?").run(oid, date, repo);
  return { oid, parent, author, date, title, description };
}

export function readCommit(hub: HubContext, repo: string, oid: string): Commit | null {
  const row = hub.db
    .prepare(
      "SELECT oid, parent, author, date, title, description FROM repo_commits WHERE repo = ? AND oid = ?",
    )
    .get(repo, oid);
  return (row as unknown as Commit | undefined) ?? null;
}

/** The files of a commit in order of their paths, or `null` without such a commit. */
export function readTree(hub: HubContext, repo: string, commit: string): FileTree | null {
  const row = hub.db.prepare("SELECT files FROM repo_commits WHERE repo = ? AND oid = ?").get(repo, commit) as
    | { files: string }
    | undefined;
  if (row === undefined) return null;
  const files = JSON.parse(row.files) as Record<string, [string, number]>;
  return new Map(Object.entries(files).map(([path, [oid, size]]) => [path, { oid, size }]));
}

/** Content by git id. Throws if there is none: trees name only what is stored. */
export function readBlob(hub: HubContext, oid: string): Uint8Array {
  const row = hub.db.prepare("SELECT content FROM repo_blobs WHERE oid = ?").get(oid) as
    | { content: Uint8Array }
    | undefined;
  if (row === undefined) throw new Error(`blob ${oid} is missing from the data folder`);
  return row.content;
}

export function blobSha256(hub: HubContext, oid: string): string | null {
  const row = hub.db.prepare("SELECT sha256 FROM repo_blobs WHERE oid = ?").get(oid) as
    | { sha256: string }
    | undefined;
  return row?.sha256 ?? null;
}

export function setRepoSdk(hub: HubContext, repo: Repo, sdk: string): void {
  hub.db.prepare("UPDATE repos SET sdk = ? WHERE oid = ?").run(sdk, repo.oid);
}

/** Commits from `oid` back to the first, newest first. */
export function listCommits(hub: HubContext, repo: string, oid: string): Commit[] {
  return hub.db
    .prepare(
      `WITH RECURSIVE history (depth, oid) AS (
         SELECT 0, ?2
         UNION ALL
         SELECT depth + 1, parent FROM history JOIN repo_commits USING (oid)
         WHERE repo = ?1 AND parent IS NOT NULL
       )
       SELECT oid, parent, author, date, title, description
       FROM history JOIN repo_commits USING (oid) WHERE repo = ?1 ORDER BY depth`,
    )
    .all(repo, oid) as unknown as Commit[];
}
