/** What a repository is: info with `expand`, and lists (hub-wire.md 5.4). */
import type { HubContext } from "../context.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { spaceFields } from "../spaces/space-fields.ts";
import { readCard } from "./card.ts";
import { callerOf, kindOf, REPO_API, readableRepo } from "./names.ts";
import { resolveRevision } from "./revision.ts";
import { listRepos, type Repo, readBlob, readCommit, readTree } from "./store.ts";

const MAX_LIST = 1_000;
/** What a list shows of each repository unless `full` or `expand` ask for more. */
const LIST_FIELDS = ["_id", "id", "author", "createdAt", "lastModified", "likes", "private", "sdk", "tags"];

export function infoRoutes(router: HubRouter, hub: HubContext): void {
  const about = "what a repository is; runtime and host of a Space";
  const answer = (c: HubRequest) => {
    const { repo } = readableRepo(hub, c);
    const commit = resolveRevision(hub, repo, c.req.param("rev") ?? "main");
    const blobs = isTrue(c.req.query("blobs"));
    const info = repoInfo(hub, repo, { commit, blobs, hostname: new URL(c.req.url).hostname });
    return c.json(expanded(c, info));
  };
  router.add({ method: "GET", path: REPO_API, about }, answer);
  router.add({ method: "GET", path: `${REPO_API}/revision/:rev`, about }, answer);

  router.add(
    {
      method: "GET",
      path: "/api/:type{models|datasets|spaces}",
      about: "repositories that the caller may read, by author and search; no paging",
      support: "partial",
    },
    (c) => {
      const caller = callerOf(hub, c);
      const search = (c.req.query("search") ?? "").toLowerCase();
      const limit = Math.min(Number.parseInt(c.req.query("limit") ?? "", 10) || MAX_LIST, MAX_LIST);
      const repos = listRepos(hub, kindOf(c.req.param("type")), c.req.query("author") ?? null)
        .filter((repo) => repo.id.toLowerCase().includes(search) && hub.accounts.canRead(caller, repo))
        .slice(0, limit);
      const fields = isTrue(c.req.query("full")) ? null : LIST_FIELDS;
      const { hostname } = new URL(c.req.url);
      const infos = repos.map((repo) => repoInfo(hub, repo, { commit: repo.head, blobs: false, hostname }));
      return c.json(infos.map((info) => expanded(c, info, fields)));
    },
  );
}

const isTrue = (value: string | undefined): boolean => value === "true" || value === "True";

interface InfoOptions {
  commit: string;
  /** Files with their ids and sizes. */
  blobs: boolean;
  /** Host name by which the client reached the hub. */
  hostname: string;
}

/** Everything the Hub says about a repository at a commit. */
function repoInfo(
  hub: HubContext,
  repo: Repo,
  { commit, blobs, hostname }: InfoOptions,
): Record<string, unknown> {
  const tree = readTree(hub, repo.oid, commit) ?? new Map();
  const readme = tree.get("README.md");
  const card =
    readme === undefined ? {} : readCard(Buffer.from(readBlob(hub, readme.oid)).toString(), repo.kind).data;
  const tags = Array.isArray(card.tags) ? card.tags.map(String) : [];
  return {
    _id: repo.oid,
    id: repo.id,
    author: repo.id.split("/")[0],
    sha: commit,
    lastModified: new Date(readCommit(hub, repo.oid, commit)?.date ?? repo.updatedAt).toISOString(),
    createdAt: new Date(repo.createdAt).toISOString(),
    private: repo.private,
    gated: false,
    disabled: false,
    likes: 0,
    downloads: 0,
    tags: repo.sdk === null ? tags : [repo.sdk, ...tags],
    cardData: card,
    siblings: [...tree].map(([rfilename, file]) =>
      blobs ? { rfilename, size: file.size, blobId: file.oid } : { rfilename },
    ),
    usedStorage: [...tree.values()].reduce((sum, file) => sum + file.size, 0),
    ...(repo.kind === "space"
      ? { sdk: repo.sdk, models: [], datasets: [], ...spaceFields(hub, repo, hostname) }
      : {}),
  };
}

/** With `expand` in the query: `_id`, `id` and the fields that it names; else those of `otherwise`, or all. */
function expanded(
  c: HubRequest,
  info: Record<string, unknown>,
  otherwise: string[] | null = null,
): Record<string, unknown> {
  const asked = [...(c.req.queries("expand") ?? []), ...(c.req.queries("expand[]") ?? [])];
  const keys = asked.length > 0 ? asked : otherwise;
  if (keys === null) return info;
  const wanted = new Set(["_id", "id", ...keys]);
  return Object.fromEntries(Object.entries(info).filter(([key]) => wanted.has(key)));
}
