/** Create, delete, move and configure repositories (hub-wire.md 5.1). */
import type { HubContext } from "../context.ts";
import { badRequest, HubHttpError, repoNotFound } from "../errors.ts";
import { absoluteUrl } from "../origin.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { checkSpaceCreation } from "../spaces/creation.ts";
import { fileContent, jsonObject } from "./body.ts";
import { initialSpaceReadme, readCard, SPACE_SDKS } from "./card.ts";
import { announce } from "./changes.ts";
import { callerOf, checkRepoName, kindOf, REPO_API, urlPrefix, writableRepo } from "./names.ts";
import { checkedPath } from "./paths.ts";
import { requirePlan } from "./plans.ts";
import { deleteRepo, findRepo, insertRepo, type Repo, renameRepo, setRepoPrivate } from "./store.ts";

const GIT_ATTRIBUTES = ["7z", "bin", "gz", "npy", "onnx", "parquet", "pt", "safetensors", "zip"]
  .map((extension) => `*.${extension} filter=lfs diff=lfs merge=lfs -text\n`)
  .join("");

const repoUrl = (c: HubRequest, kind: Repo["kind"], id: string) => absoluteUrl(c, `/${urlPrefix(kind)}${id}`);

export function createRoutes(router: HubRouter, hub: HubContext): void {
  router.add(
    {
      method: "POST",
      path: "/api/repos/create",
      about: "create a model, dataset or Space; docker and static Spaces run",
      support: "partial",
    },
    async (c) => {
      const body = await jsonObject(c);
      const caller = callerOf(hub, c);
      const kind = kindOf(body.type);
      checkRepoName(body.name);
      const namespace = typeof body.organization === "string" ? body.organization : (caller?.user ?? "");
      hub.accounts.requireCreate(caller, namespace, kind);
      const id = `${namespace}/${body.name}`;
      const existing = findRepo(hub, kind, id);
      if (existing !== null) {
        throw new HubHttpError(409, `You already created this ${kind} repo`, {
          body: { url: repoUrl(c, kind, id), id: existing.oid },
        });
      }
      const sdk = kind === "space" ? sdkOf(body.sdk) : null;
      if (sdk !== null) {
        requirePlan(hub, namespace, sdk);
        checkSpaceCreation(body);
      }
      const repo = insertRepo(hub, {
        kind,
        id,
        private: isPrivate(body) ?? false,
        sdk,
        createdBy: caller.user,
        files: initialFiles(body.files, sdk, body.name),
      });
      await announce(hub, { type: "created", repo, creation: body });
      return c.json({ url: repoUrl(c, kind, id), name: id, id: repo.oid });
    },
  );

  router.add(
    { method: "DELETE", path: "/api/repos/delete", about: "delete a model, dataset or Space" },
    async (c) => {
      const body = await jsonObject(c);
      const caller = callerOf(hub, c);
      const namespace = typeof body.organization === "string" ? body.organization : (caller?.user ?? "");
      const repo = findRepo(hub, kindOf(body.type), `${namespace}/${body.name}`);
      if (repo === null) throw repoNotFound(caller === null);
      hub.accounts.requireWrite(caller, repo);
      deleteRepo(hub, repo);
      await announce(hub, { type: "deleted", repo });
      return c.json({ success: true });
    },
  );

  router.add(
    { method: "PUT", path: `${REPO_API}/settings`, about: "visibility of a repository" },
    async (c) => {
      const { repo } = writableRepo(hub, c);
      const wanted = isPrivate(await jsonObject(c));
      if (wanted !== null) setRepoPrivate(hub, repo, wanted);
      const now = wanted ?? repo.private;
      return c.json({ private: now, visibility: now ? "private" : "public" });
    },
  );

  router.add(
    { method: "POST", path: "/api/repos/move", about: "rename or move a repository" },
    async (c, next) => {
      const body = await jsonObject(c);
      if (body.type === "bucket") return next();
      const caller = callerOf(hub, c);
      const kind = kindOf(body.type);
      const repo = findRepo(hub, kind, String(body.fromRepo));
      if (repo === null) throw repoNotFound(caller === null);
      hub.accounts.requireWrite(caller, repo);
      const [namespace = "", name, ...rest] = String(body.toRepo).split("/");
      if (rest.length > 0) throw badRequest("toRepo must be 'namespace/name'");
      checkRepoName(name);
      hub.accounts.requireCreate(caller, namespace, kind);
      const id = `${namespace}/${name}`;
      if (findRepo(hub, kind, id) !== null) {
        throw new HubHttpError(409, `${id} exists already`, { body: { url: repoUrl(c, kind, id) } });
      }
      renameRepo(hub, repo, id);
      await announce(hub, { type: "moved", repo: { ...repo, id } });
      return c.json({ success: true });
    },
  );
}

function sdkOf(sdk: unknown): string {
  if (typeof sdk === "string" && (SPACE_SDKS as readonly string[]).includes(sdk)) return sdk;
  throw badRequest(`Unknown Space SDK ${JSON.stringify(sdk)}: use one of ${SPACE_SDKS.join(", ")}`);
}

/** `protected` keeps the files to those who may write and shows the running app: private, as far as files go. */
function isPrivate(body: Record<string, unknown>): boolean | null {
  const { visibility } = body;
  if (visibility === "private" || visibility === "protected") return true;
  if (visibility === "public") return false;
  if (visibility !== undefined && visibility !== null) {
    throw badRequest(`Unknown visibility ${JSON.stringify(visibility)}: use "public" or "private"`);
  }
  return typeof body.private === "boolean" ? body.private : null;
}

function initialFiles(files: unknown, sdk: string | null, name: string): Map<string, Uint8Array> {
  const initial = new Map<string, Uint8Array>([[".gitattributes", Buffer.from(GIT_ATTRIBUTES)]]);
  if (sdk !== null) initial.set("README.md", Buffer.from(initialSpaceReadme(name, sdk)));
  if (files === undefined || files === null) return initial;
  if (!Array.isArray(files)) throw badRequest('"files" must be an array');
  for (const file of files as ({ path?: unknown; content?: unknown; encoding?: unknown } | null)[]) {
    const path = checkedPath(file?.path);
    initial.set(path, fileContent(path, file?.content, file?.encoding));
  }
  const readme = initial.get("README.md");
  if (sdk !== null && readme !== undefined) {
    const { errors } = readCard(Buffer.from(readme).toString(), "space");
    if (errors.length > 0) throw badRequest(`Invalid metadata in README.md.\n- ${errors.join("\n- ")}`);
  }
  return initial;
}
