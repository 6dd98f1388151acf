/** What a revision in a URL means. There is one branch, `main`; every commit stays readable by its id. */
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import type { Repo } from "./store.ts";

export const BRANCH = "main";
const HEAD_NAMES = new Set([BRANCH, "HEAD", `refs/heads/${BRANCH}`]);

/** Is `revision` the branch itself, so that a commit can go onto it? */
export const isBranch = (revision: string): boolean => HEAD_NAMES.has(revision);

/** The commit id that `revision` names. Throws 404 `RevisionNotFound`. */
export function resolveRevision(hub: HubContext, repo: Repo, revision: string): string {
  if (isBranch(revision)) return repo.head;
  if (/^[0-9a-f]{7,40}$/.test(revision)) {
    const rows = hub.db
      .prepare("SELECT oid FROM repo_commits WHERE repo = ? AND substr(oid, 1, ?) = ? LIMIT 2")
      .all(repo.oid, revision.length, revision) as { oid: string }[];
    if (rows.length === 1) return (rows[0] as { oid: string }).oid;
  }
  throw new HubHttpError(404, `Invalid rev id: ${revision}`, { code: "RevisionNotFound" });
}
