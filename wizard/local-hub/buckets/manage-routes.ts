/** Making, describing, listing, moving and deleting buckets (hub-wire.md 3.1). */
import { z } from "zod";
import type { Accounts, HubContext } from "../context.ts";
import { transaction } from "../database.ts";
import { badRequest, HubHttpError } from "../errors.ts";
import { absoluteUrl, nextPageLink } from "../origin.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { bucketAnswer } from "./answers.ts";
import type { BucketAccess } from "./bucket-access.ts";
import { type Bucket, type BucketStore, xetTarget } from "./bucket-store.ts";
import type { EntryStore } from "./entry-store.ts";

/** As the Hub names repositories: letters, digits, `-`, `_`, `.`, at most 96, no separator at the ends. */
const NAME = /^(?!.*(--|\.\.))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;
const PAGE = 1000;

const visibility = z.object({
  private: z.boolean().nullish(),
  visibility: z.enum(["private", "public"]).nullish(),
});
const move = z.object({ fromRepo: z.string(), toRepo: z.string(), type: z.string().nullish() });

export interface BucketParts {
  hub: HubContext;
  buckets: BucketStore;
  entries: EntryStore;
  access: BucketAccess;
  /** Forgets what the Xet side knows of a deleted bucket. */
  forget(target: string): void;
}

export function manageRoutes(router: HubRouter, parts: BucketParts): void {
  const { hub, buckets, entries, access } = parts;
  const accounts: Accounts = hub.accounts;

  router.add({ method: "POST", path: "/api/buckets/:ns/:name", about: "Create a bucket" }, async (c) => {
    const caller = access.caller(c);
    const namespace = access.namespace(c, caller);
    accounts.requireCreate(caller, namespace, "bucket");
    const id = `${namespace}/${requireName(c.req.param("name") ?? "")}`;
    const wanted = await readBody(c, visibility);
    const existing = buckets.find(id);
    if (existing !== undefined) throw conflict(c, existing);
    const key = hub.newId();
    const isPrivate = wanted.private ?? wanted.visibility === "private";
    buckets.create({ key, id, private: isPrivate, createdBy: caller.user, at: hub.now() });
    return c.json({ url: absoluteUrl(c, `/buckets/${id}`), name: id, id: key });
  });

  router.add({ method: "GET", path: "/api/buckets/:ns/:name", about: "Describe a bucket" }, (c) =>
    c.json(bucketAnswer(access.toRead(c).bucket)),
  );

  router.add({ method: "GET", path: "/api/buckets/:ns", about: "List the buckets of a namespace" }, (c) => {
    const caller = access.caller(c);
    const namespace = access.namespace(c, caller);
    if (!accounts.namespaceExists(namespace)) {
      throw new HubHttpError(404, `There is no user or organisation '${namespace}'`);
    }
    const search = (c.req.query("search") ?? "").toLowerCase();
    const page: Bucket[] = [];
    for (const bucket of buckets.list(namespace, c.req.query("cursor") ?? "")) {
      if (!bucket.id.toLowerCase().includes(search) || !accounts.canRead(caller, bucket)) continue;
      if (page.length === PAGE) {
        c.header("Link", nextPageLink(c, page.at(-1)?.id ?? ""));
        break;
      }
      page.push(bucket);
    }
    return c.json(page.map(bucketAnswer));
  });

  router.add({ method: "DELETE", path: "/api/buckets/:ns/:name", about: "Delete a bucket" }, (c) => {
    const { bucket } = access.toWrite(c);
    transaction(hub.db, () => {
      entries.deleteAll(bucket.key);
      parts.forget(xetTarget(bucket));
      buckets.delete(bucket);
    });
    return c.json({});
  });

  router.add(
    { method: "PUT", path: "/api/buckets/:ns/:name/settings", about: "Make a bucket private or public" },
    async (c) => {
      const { bucket } = access.toWrite(c);
      const wanted = await readBody(c, visibility);
      const isPrivate = wanted.private ?? (wanted.visibility && wanted.visibility === "private");
      if (isPrivate !== undefined && isPrivate !== null) buckets.setPrivate(bucket, isPrivate, hub.now());
      return c.json({ private: isPrivate ?? bucket.private });
    },
  );

  router.add(
    { method: "POST", path: "/api/repos/move", about: "Rename a bucket, or move it to another namespace" },
    async (c, next) => {
      const { fromRepo, toRepo, type } = await readBody(c, move);
      // Other kinds of repositories have a handler of their own behind this one.
      if (type !== "bucket") return await next();
      const { caller, bucket } = access.toWriteId(access.caller(c), fromRepo);
      const [namespace = "", name = "", ...more] = toRepo.split("/");
      if (name === "" || more.length > 0) throw badRequest(`'${toRepo}' is not of the form namespace/name`);
      accounts.requireCreate(caller, namespace, "bucket");
      const id = `${namespace}/${requireName(name)}`;
      const existing = buckets.find(id);
      if (existing !== undefined) throw conflict(c, existing);
      buckets.rename(bucket, id, hub.now());
      return c.json({});
    },
  );
}

function requireName(name: string): string {
  if (NAME.test(name)) return name;
  throw badRequest(
    `'${name}' cannot be the name of a bucket: use at most 96 letters, digits, '-', '_' and '.', without '--', '..' or '-' or '.' at the ends`,
  );
}

/** 409. Clients that accept an existing bucket read `url` from it. */
function conflict(c: HubRequest, { id, key }: Bucket): HubHttpError {
  return new HubHttpError(409, `You already created this bucket: ${id}`, {
    body: { url: absoluteUrl(c, `/buckets/${id}`), id: key },
  });
}

export async function readBody<T>(c: HubRequest, schema: z.ZodType<T>): Promise<T> {
  const text = await c.req.text();
  let json: unknown = {};
  try {
    if (text.trim() !== "") json = JSON.parse(text);
  } catch {
    throw badRequest("The body is not JSON");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw badRequest(`The body is not as expected: ${z.prettifyError(parsed.error)}`);
}
