/** Kinds and names of repositories in URLs and bodies. */

import type { Caller, HubContext } from "../context.ts";
import { badRequest, repoNotFound } from "../errors.ts";
import type { HubRequest } from "../router.ts";
import { findRepo, type GitRepoKind, type Repo } from "./store.ts";

/** Path pattern of the API of all kinds, as in `/api/spaces/{ns}/{name}`. */
export const REPO_API = "/api/:type{models|datasets|spaces}/:ns/:name";

const MAX_NAME_LENGTH = 96;

export function kindOf(type: unknown): GitRepoKind {
  const singular = typeof type === "string" ? type.replace(/s$/, "") : "model";
  if (type === undefined || type === null || singular === "model") return "model";
  if (singular === "space" || singular === "dataset") return singular;
  throw badRequest(`Unknown repository type ${JSON.stringify(type)}: use "model", "dataset" or "space"`);
}

/** `spaces/`, `datasets/` or nothing: what stands before the id in a page's URL. */
export const urlPrefix = (kind: GitRepoKind): string => (kind === "model" ? "" : `${kind}s/`);

/** Throws 400 where `name` is not one the Hub takes for a repository. */
export function checkRepoName(name: unknown): asserts name is string {
  if (
    typeof name !== "string" ||
    !/^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(name) ||
    name.length > MAX_NAME_LENGTH ||
    /--|\.\./.test(name) ||
    /\.(git|ipynb)$/.test(name)
  ) {
    throw badRequest(
      `Invalid repository name ${JSON.stringify(name)}: letters, digits, '-', '_', '.'; at most ${MAX_NAME_LENGTH} characters; no '--' or '..'; not starting or ending with '-' or '.'`,
    );
  }
}

/** Who asks. Throws 401 for a token nobody holds. */
export const callerOf = (hub: HubContext, c: HubRequest): Caller | null =>
  hub.accounts.authenticate(c.req.header("authorization"));

/** The repository that the URL names, if the caller may read it. */
export function readableRepo(
  hub: HubContext,
  c: HubRequest,
  kind = kindOf(c.req.param("type")),
): { repo: Repo; caller: Caller | null } {
  const caller = callerOf(hub, c);
  const repo = findRepo(hub, kind, `${c.req.param("ns")}/${c.req.param("name")}`);
  if (repo === null) throw repoNotFound(caller === null);
  hub.accounts.requireRead(caller, repo);
  return { repo, caller };
}

/** The repository that the URL names, if the caller may write it. */
export function writableRepo(
  hub: HubContext,
  c: HubRequest,
  kind = kindOf(c.req.param("type")),
): { repo: Repo; caller: Caller } {
  const caller = callerOf(hub, c);
  const repo = findRepo(hub, kind, `${c.req.param("ns")}/${c.req.param("name")}`);
  if (repo === null) throw repoNotFound(caller === null);
  hub.accounts.requireWrite(caller, repo);
  return { repo, caller };
}
