/** Writing files: validate-yaml, preupload, commit (hub-wire.md 5.2). */
import type { HubContext } from "../context.ts";
import { badRequest, HubHttpError } from "../errors.ts";
import { absoluteUrl } from "../origin.ts";
import type { HubRouter } from "../router.ts";
import { jsonObject } from "./body.ts";
import { readCard } from "./card.ts";
import { announce } from "./changes.ts";
import type { FileTree, TreeFile } from "./git-objects.ts";
import { kindOf, REPO_API, urlPrefix, writableRepo } from "./names.ts";
import { changesOf, MAX_COMMIT_BYTES, MAX_FILE_BYTES, parseCommitRequest, tooLarge } from "./operations.ts";
import { checkedPath } from "./paths.ts";
import { BRANCH, isBranch } from "./revision.ts";
import { addCommit, blobSha256, findRepoByOid, type Repo, readTree, setRepoSdk } from "./store.ts";

const MAX_PREUPLOAD_FILES = 1_000;

export function commitRoutes(router: HubRouter, hub: HubContext): void {
  router.add(
    { method: "POST", path: "/api/validate-yaml", about: "check a README's metadata" },
    async (c) => {
      const body = await jsonObject(c);
      const card = readCard(String(body.content ?? ""), kindOf(body.repoType));
      const messages = (lines: string[]) => lines.map((message) => ({ message }));
      return c.json({ errors: messages(card.errors), warnings: messages(card.warnings) });
    },
  );

  router.add(
    {
      method: "POST",
      path: `${REPO_API}/preupload/:rev`,
      about: `how to send files; all are "regular", 413 beyond ${MAX_FILE_BYTES} bytes`,
      support: "partial",
    },
    async (c) => {
      const { repo } = writableRepo(hub, c);
      requireBranch(c.req.param("rev") as string);
      const { files } = await jsonObject(c);
      if (!Array.isArray(files)) throw badRequest('"files" must be an array');
      if (files.length > MAX_PREUPLOAD_FILES) {
        throw badRequest(`At most ${MAX_PREUPLOAD_FILES} files per preupload`);
      }
      const tree = readTree(hub, repo.oid, repo.head) as FileTree;
      const answers = files.map((file: { path?: unknown; size?: unknown } | null) => {
        const path = checkedPath(file?.path);
        const size = file?.size;
        if (typeof size !== "number" || !Number.isInteger(size) || size < 0) {
          throw badRequest(`The size of ${path} must be a whole number of bytes`);
        }
        if (size > MAX_FILE_BYTES) throw tooLarge(path, size);
        const oid = tree.get(path)?.oid;
        return { path, uploadMode: "regular", shouldIgnore: false, ...(oid === undefined ? {} : { oid }) };
      });
      return c.json({ files: answers, commitOid: repo.head });
    },
  );

  router.add(
    {
      method: "POST",
      path: `${REPO_API}/commit/:rev`,
      about: "one atomic commit on main; no pull requests",
      support: "partial",
      maxBodyBytes: MAX_COMMIT_BYTES,
    },
    async (c) => {
      const asked = writableRepo(hub, c);
      requireBranch(c.req.param("rev") as string);
      if (["1", "true"].includes(c.req.query("create_pr") ?? "")) {
        throw badRequest("Pull requests are not supported by the local hub: commit to main");
      }
      const request = parseCommitRequest(await c.req.text());
      // The body took time to arrive: the head may have moved, or the repository may be gone.
      const repo = findRepoByOid(hub, asked.repo.oid);
      if (repo === null) throw new HubHttpError(404, "Repository not found", { code: "RepoNotFound" });
      const { parentCommit } = request;
      if (parentCommit !== null && !(parentCommit.length >= 7 && repo.head.startsWith(parentCommit))) {
        throw new HubHttpError(
          412,
          `A commit has happened since: ${BRANCH} is at ${repo.head}, not at ${parentCommit}. Read it and try again.`,
        );
      }
      const tree = readTree(hub, repo.oid, repo.head) as FileTree;
      const changes = changesOf(tree, request.operations, knownIn(hub, tree));
      const sdk = checkReadme(repo, changes.get("README.md"));
      const commit = addCommit(hub, repo, {
        changes,
        author: asked.caller.user,
        title: request.title,
        description: request.description,
      });
      if (sdk !== null && sdk !== repo.sdk) setRepoSdk(hub, repo, sdk);
      await announce(hub, { type: "committed", repo: findRepoByOid(hub, repo.oid) as Repo });
      return c.json({
        success: true,
        commitOid: commit.oid,
        commitUrl: absoluteUrl(c, `/${urlPrefix(repo.kind)}${repo.id}/commit/${commit.oid}`),
        hookOutput: "",
      });
    },
  );
}

function requireBranch(revision: string): void {
  if (!isBranch(revision)) {
    throw new HubHttpError(404, `Invalid rev id: ${revision}`, { code: "RevisionNotFound" });
  }
}

/** Content that the repository holds already may be named by its SHA-256; that of others may not. */
function knownIn(hub: HubContext, tree: FileTree): (sha256: string) => TreeFile | null {
  return (sha256) => [...tree.values()].find((file) => blobSha256(hub, file.oid) === sha256) ?? null;
}

/** Refuses a README whose metadata the Hub would refuse. The SDK it names, if it is a Space's. */
function checkReadme(repo: Repo, change: Uint8Array | TreeFile | null | undefined): string | null {
  if (!(change instanceof Uint8Array)) return null;
  const card = readCard(Buffer.from(change).toString(), repo.kind);
  if (card.errors.length > 0) {
    throw badRequest(`Invalid metadata in README.md.\n- ${card.errors.join("\n- ")}`);
  }
  return repo.kind === "space" ? String(card.data.sdk) : null;
}
