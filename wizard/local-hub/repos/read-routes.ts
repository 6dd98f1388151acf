/** Reading what a repository holds: tree, paths-info, refs, commits (hub-wire.md 5.3). */
import type { HubContext } from "../context.ts";
import { badRequest, entryNotFound } from "../errors.ts";
import { nextPageLink } from "../origin.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { folderOf } from "./git-objects.ts";
import { REPO_API, readableRepo } from "./names.ts";
import { BRANCH, resolveRevision } from "./revision.ts";
import { type Commit, listCommits, type Repo, readTree } from "./store.ts";
import { findEntry, findFolder, listEntries, type TreeEntry, withLastCommit } from "./tree.ts";

const MAX_TREE_PAGE = 1_000;
const MAX_PATHS = 1_000;

export function readRoutes(router: HubRouter, hub: HubContext): void {
  const about = "files and folders of a commit";
  router.add({ method: "GET", path: `${REPO_API}/tree/:rev`, about }, (c) => answerTree(hub, c, ""));
  router.add({ method: "GET", path: `${REPO_API}/tree/:rev/:path{.+}`, about }, (c) =>
    answerTree(hub, c, (c.req.param("path") as string).replace(/\/+$/, "")),
  );

  router.add(
    { method: "POST", path: `${REPO_API}/paths-info/:rev`, about: "entries by path; missing ones left out" },
    async (c) => {
      const { repo } = readableRepo(hub, c);
      const commit = resolveRevision(hub, repo, c.req.param("rev") as string);
      const { paths, expand } = await pathsOf(c);
      const root = rootFolder(hub, repo, commit);
      const entries = paths.flatMap((path) => findEntry(root, path.replace(/\/+$/, "")) ?? []);
      return c.json(expand ? withLastCommit(hub, repo, commit, entries) : entries);
    },
  );

  router.add(
    { method: "GET", path: `${REPO_API}/refs`, about: "one branch, main", support: "partial" },
    (c) => {
      const { repo } = readableRepo(hub, c);
      const main = { name: BRANCH, ref: `refs/heads/${BRANCH}`, targetCommit: repo.head };
      return c.json({ branches: [main], converts: [], tags: [], pullRequests: [] });
    },
  );

  router.add({ method: "GET", path: `${REPO_API}/commits/:rev`, about: "history, newest first" }, (c) => {
    const { repo } = readableRepo(hub, c);
    const commits = listCommits(hub, repo.oid, resolveRevision(hub, repo, c.req.param("rev") as string));
    c.header("X-Total-Count", String(commits.length));
    return c.json(pageOf(c, commits, (commit) => commit.oid, 100).map(commitEntry));
  });
}

const rootFolder = (hub: HubContext, repo: Repo, commit: string) =>
  folderOf(readTree(hub, repo.oid, commit) ?? new Map());

function answerTree(hub: HubContext, c: HubRequest, path: string) {
  const { repo } = readableRepo(hub, c);
  const commit = resolveRevision(hub, repo, c.req.param("rev") as string);
  const folder = findFolder(rootFolder(hub, repo, commit), path);
  if (folder === null) throw entryNotFound(path);
  const entries = listEntries(folder, path, isTrue(c.req.query("recursive")));
  const page: TreeEntry[] = pageOf(c, entries, (entry) => entry.path, MAX_TREE_PAGE);
  return c.json(isTrue(c.req.query("expand")) ? withLastCommit(hub, repo, commit, page) : page);
}

const isTrue = (value: unknown) => value === true || ["true", "True", "1"].includes(String(value));

/** The page that `limit` and `cursor` ask for; sets the `Link` to the next one. The cursor is the last key seen. */
function pageOf<T>(c: HubRequest, all: readonly T[], keyOf: (item: T) => string, max: number): T[] {
  const limit = Math.min(Number.parseInt(c.req.query("limit") ?? "", 10) || max, max);
  const cursor = c.req.query("cursor");
  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString();
  const start = cursor === undefined ? 0 : all.findIndex((item) => keyOf(item) === after) + 1;
  if (cursor !== undefined && start === 0) throw badRequest("This cursor is not of this listing");
  const page = all.slice(start, start + limit);
  const last = page.at(-1);
  if (last !== undefined && start + limit < all.length) {
    c.header("Link", nextPageLink(c, Buffer.from(keyOf(last)).toString("base64url")));
  }
  return page;
}

/** The body of paths-info: Python sends a form, JavaScript sends JSON. */
async function pathsOf(c: HubRequest): Promise<{ paths: string[]; expand: boolean }> {
  const isJson = (c.req.header("content-type") ?? "").startsWith("application/json");
  const body = isJson ? await c.req.json().catch(() => null) : await c.req.parseBody({ all: true });
  const { paths, expand } = (body ?? {}) as { paths?: unknown; expand?: unknown };
  const list = typeof paths === "string" ? [paths] : paths;
  if (!Array.isArray(list) || !list.every((path) => typeof path === "string")) {
    throw badRequest('"paths" must be a list of strings');
  }
  if (list.length > MAX_PATHS) throw badRequest(`At most ${MAX_PATHS} paths per request`);
  return { paths: list, expand: isTrue(expand) };
}

const commitEntry = (commit: Commit) => ({
  id: commit.oid,
  title: commit.title,
  message: commit.description,
  authors: [{ user: commit.author }],
  date: new Date(commit.date).toISOString(),
});
