/** `GET /v1/taskforces/{name}/files/{path}`: the bytes of one file (api-v1.md 3.14). */
import { z } from "@hono/zod-openapi";
import { leafOf } from "../documents/filenames.ts";
import { requirePath } from "../documents/paths.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";
import { requireTaskforce } from "./taskforces.ts";

/** Larger ones are read from the bucket, where nothing passes through this process. */
const MAX_SERVED_BYTES = 32 * 1024 * 1024;

/** Types that are shown as they are. Whatever a browser could run is served as plain text or for download. */
const TYPES: Readonly<Record<string, string>> = {
  md: "text/markdown; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  json: "application/json",
  py: "text/x-python; charset=utf-8",
  log: "text/plain; charset=utf-8",
  html: "text/plain; charset=utf-8",
  htm: "text/plain; charset=utf-8",
  xhtml: "text/plain; charset=utf-8",
  xml: "text/plain; charset=utf-8",
  svg: "text/plain; charset=utf-8",
  js: "text/plain; charset=utf-8",
  mjs: "text/plain; charset=utf-8",
  css: "text/plain; charset=utf-8",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
};

export function contentTypeOf(path: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(TYPES, extension) ? (TYPES[extension] ?? "") : "application/octet-stream";
}

export const getTaskforceFile = defineRoute({
  method: "GET",
  path: "/v1/taskforces/{name}/files/{path}",
  wildcard: true,
  params: "name, path",
  purpose: "The bytes of one file of a taskforce.",
  auth: "none",
  status: 200,
  response: z.string(),
  async handler({ backend, params: { name = "", path = "" }, requester }) {
    requireTaskforce(backend, name);
    requirePath(path, "path");
    const full = `taskforces/${name}/${path}`;
    const leaf = leafOf(path);
    if (backend.board.hidden.has(leaf))
      throw new ApiError("NOT_FOUND", `${full} is hidden by the organisers.`);
    const listed = backend.board.sql.get<{ size: number }>("SELECT size FROM files WHERE path = ?", full);
    const missing = () => new ApiError("NOT_FOUND", `There is no ${full}.`);
    if (!listed) throw missing();
    if (listed.size > MAX_SERVED_BYTES) {
      throw new ApiError("TOO_LARGE", `${full} has ${listed.size} bytes.`, {
        hint: `Read it from the bucket: hf buckets cp hf://buckets/${backend.names.centralBucket}/${full} .`,
      });
    }
    const bytes = await backend.files.read(full, requester.ip);
    if (bytes === null) throw missing();
    return new Response(new Uint8Array(bytes), {
      headers: { "content-type": contentTypeOf(path), "cache-control": "no-cache" },
    });
  },
});
