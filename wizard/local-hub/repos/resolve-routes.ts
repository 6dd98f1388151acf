/** The bytes of a file at a revision (hub-wire.md 5.3). */
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { contentTypeOf } from "./content-type.ts";
import { readableRepo } from "./names.ts";
import { resolveRevision } from "./revision.ts";
import { type GitRepoKind, readBlob, readTree } from "./store.ts";

const PREFIXES: Record<GitRepoKind, string> = { space: "/spaces", dataset: "/datasets", model: "" };

export function resolveRoutes(router: HubRouter, hub: HubContext): void {
  for (const kind of Object.keys(PREFIXES) as GitRepoKind[]) {
    for (const verb of ["resolve", "raw"]) {
      router.add(
        {
          method: "GET",
          path: `${PREFIXES[kind]}/:ns/:name/${verb}/:rev/:path{.+}`,
          about: "a file's bytes, ranges too",
        },
        (c) => answerFile(hub, c, kind),
      );
    }
  }
}

function answerFile(hub: HubContext, c: HubRequest, kind: GitRepoKind): Response {
  const { repo } = readableRepo(hub, c, kind);
  const commit = resolveRevision(hub, repo, c.req.param("rev") as string);
  const path = c.req.param("path") as string;
  const file = readTree(hub, repo.oid, commit)?.get(path);
  if (file === undefined) {
    throw new HubHttpError(404, `Entry not found: ${path}`, {
      code: "EntryNotFound",
      headers: { "X-Repo-Commit": commit },
    });
  }
  const etag = `"${file.oid}"`;
  const headers: Record<string, string> = {
    ETag: etag,
    "X-Repo-Commit": commit,
    "X-Linked-Size": String(file.size),
    "Accept-Ranges": "bytes",
    "Content-Type": asText(contentTypeOf(path)),
    // Files are of anybody: none of them may act as a page of the hub.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
  };
  if (c.req.header("if-none-match") === etag) return c.body(null, 304, headers);
  const content = readBlob(hub, file.oid);
  const range = parseRange(c.req.header("range"), file.size);
  if (range === null)
    return c.body(asBody(content), 200, { ...headers, "Content-Length": String(file.size) });
  if (range === "unsatisfiable") {
    throw new HubHttpError(416, "Range not satisfiable", {
      headers: { "Content-Range": `bytes */${file.size}` },
    });
  }
  return c.body(asBody(content.subarray(range.start, range.end + 1)), 206, {
    ...headers,
    "Content-Range": `bytes ${range.start}-${range.end}/${file.size}`,
    "Content-Length": String(range.end - range.start + 1),
  });
}

/** SQLite hands out bytes of their own, never a view of shared memory. */
const asBody = (content: Uint8Array) => content as Uint8Array<ArrayBuffer>;

const asText = (type: string) =>
  /^(text\/|application\/(javascript|json))/.test(type) ? "text/plain; charset=utf-8" : type;

/** One range of bytes, both ends included. `null`: none asked for, or several, which are answered with the whole. */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | "unsatisfiable" | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return null;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end || start >= size ? "unsatisfiable" : { start, end };
}
