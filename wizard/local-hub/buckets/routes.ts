/** Buckets (hub-wire.md 3). */
import { z } from "zod";
import type { Accounts, Caller, HubContext } from "../context.ts";
import { transaction } from "../database.ts";
import { badRequest, entryNotFound } from "../errors.ts";
import { nextPageLink } from "../origin.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { xetOf } from "../xet/store.ts";
import { answerXetToken } from "../xet/token-answer.ts";
import { entryAnswer, treeAnswer } from "./answers.ts";
import { applyBatch, type BatchContext, parseBatch } from "./batch.ts";
import { BucketAccess } from "./bucket-access.ts";
import { BucketStore, xetTarget } from "./bucket-store.ts";
import { EntryStore } from "./entry-store.ts";
import { manageRoutes, readBody } from "./manage-routes.ts";
import { answerResolve } from "./resolve.ts";
import { listByUpload, listCollapsed, listRecursive } from "./tree.ts";

const MAX_PAGE = 5000;
const DEFAULT_PAGE = 1000;
const MAX_PATHS = 2000;
const BUCKET = "/api/buckets/:ns/:name";

export function bucketRoutes(router: HubRouter, hub: HubContext): void {
  const accounts: Accounts = hub.accounts;
  const buckets = new BucketStore(hub.db);
  const entries = new EntryStore(hub.db);
  const access = new BucketAccess(hub, buckets);
  const xet = xetOf(hub);

  const keyOf = (target: string) => (target.startsWith("bucket:") ? target.slice(7) : "");
  const canReadKey = (caller: Caller, key: string) => {
    const bucket = buckets.findByKey(key);
    return bucket !== undefined && accounts.canRead(caller, bucket);
  };
  xet.holders.push({
    holds: (target, hash) => entries.holds(keyOf(target), hash),
    canRead: (caller, hash) => [...entries.bucketsWith(hash)].some((key) => canReadKey(caller, key)),
    hashes: () => entries.hashes(),
  });

  manageRoutes(router, { hub, buckets, entries, access, forget: (target) => xet.files.forgetTarget(target) });

  const tree = (c: HubRequest) => {
    const { bucket } = access.toRead(c);
    const query = {
      bucket: bucket.key,
      prefix: c.req.param("prefix") ?? "",
      cursor: c.req.query("cursor"),
      limit: pageLimit(c.req.query("limit")),
    };
    const page = listingOf(c)(entries, { ...query, newestFirst: c.req.query("direction") !== "asc" });
    if (page.cursor !== null) c.header("Link", nextPageLink(c, page.cursor));
    return c.json(page.items.map(treeAnswer));
  };
  const about = "List files by prefix, recursively or with collapsed directories, or the newest first";
  router.add({ method: "GET", path: `${BUCKET}/tree`, about }, tree);
  router.add({ method: "GET", path: `${BUCKET}/tree/:prefix{[\\s\\S]+}`, about }, tree);

  router.add({ method: "POST", path: `${BUCKET}/paths-info`, about: "Describe files by path" }, async (c) => {
    const { bucket } = access.toRead(c);
    const { paths } = await readBody(c, pathsBody);
    const wanted = new Set(typeof paths === "string" ? [paths] : paths);
    const found = [...wanted].flatMap((path) => entries.get(bucket.key, path) ?? []);
    return c.json(found.map(entryAnswer));
  });

  router.add(
    { method: "POST", path: `${BUCKET}/batch`, about: "Add, copy and delete files", maxBodyBytes: 64 << 20 },
    async (c) => {
      const { caller, bucket } = access.toWrite(c);
      const operations = parseBatch(await c.req.text());
      const now = hub.now();
      const copyProblem = copyCheck({ caller, buckets, entries, accounts });
      const result = transaction(hub.db, () =>
        applyBatch(operations, {
          buckets,
          entries,
          xet,
          caller,
          bucket,
          now,
          copyProblem,
          injectedProblem: (path) => hub.faults.batchEntry(bucket.id, path),
        }),
      );
      return c.json(result, operations.length > 0 && result.succeeded === 0 ? 422 : 200);
    },
  );

  router.add({ method: "GET", path: `${BUCKET}/xet-read-token`, about: "A Xet token for reading" }, (c) => {
    const { caller, bucket } = access.toRead(c);
    return answerXetToken(c, hub, { target: xetTarget(bucket), user: caller?.user ?? null, scope: "read" });
  });

  router.add({ method: "GET", path: `${BUCKET}/xet-write-token`, about: "A Xet token for writing" }, (c) => {
    const { caller, bucket } = access.toWrite(c);
    return answerXetToken(c, hub, { target: xetTarget(bucket), user: caller.user, scope: "write" });
  });

  router.add(
    {
      method: "GET",
      path: "/buckets/:ns/:name/resolve/:path{[\\s\\S]+}",
      about: "Read a file, or a range of it; the hub sends the bytes itself instead of redirecting",
    },
    (c) => {
      const { bucket } = access.toRead(c);
      const path = c.req.param("path") ?? "";
      const entry = entries.get(bucket.key, path);
      if (entry === undefined) throw entryNotFound(path);
      return answerResolve(c, { hub, xet, entry, api: `/api/buckets/${bucket.id}` });
    },
  );
}

const pathsBody = z.object({
  paths: z.union([z.string(), z.array(z.string()).max(MAX_PATHS)]),
});

/** Copies need the right to read the source, and the source to have that content. */
function copyCheck(parts: {
  caller: Caller;
  accounts: Accounts;
  buckets: BucketStore;
  entries: EntryStore;
}): BatchContext["copyProblem"] {
  return ({ sourceRepoType, sourceRepoId, xetHash }) => {
    if (sourceRepoType !== "bucket")
      return `Copies from a ${sourceRepoType} are not supported by the local hub`;
    const source = parts.buckets.find(sourceRepoId);
    if (source === undefined || !parts.accounts.canRead(parts.caller, source)) {
      return `Bucket '${sourceRepoId}' was not found`;
    }
    if (parts.entries.holds(source.key, xetHash)) return null;
    return `Bucket '${sourceRepoId}' has no file with the content ${xetHash}`;
  };
}

function listingOf(c: HubRequest) {
  const sort = c.req.query("sort") ?? "path";
  const recursive = c.req.query("recursive")?.toLowerCase() !== "false";
  if (sort === "path") return recursive ? listRecursive : listCollapsed;
  if (sort !== "uploadedAt") throw badRequest("`sort` must be 'path' or 'uploadedAt'");
  if (!recursive || c.req.param("prefix") !== undefined) {
    throw badRequest("`sort=uploadedAt` works for the whole bucket only: recursive and without a prefix");
  }
  return listByUpload;
}

function pageLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PAGE;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit;
  throw badRequest(`\`limit\` must be a whole number from 1 to ${MAX_PAGE}`);
}
