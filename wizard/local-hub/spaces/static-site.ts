/** The pages of a static Space, straight from its commit. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HubContext } from "../context.ts";
import { contentTypeOf } from "../repos/content-type.ts";
import type { FileTree, TreeFile } from "../repos/git-objects.ts";
import { readBlob } from "../repos/store.ts";

export interface StaticSite {
  tree: FileTree;
  /** What `/` shows. */
  appFile: string;
  headers: Record<string, string>;
  /** Put into every page as `window.huggingface.variables`. */
  variables: Record<string, string>;
}

/** Answers one request from `site`. */
export function serveStatic(
  hub: HubContext,
  site: StaticSite,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { Allow: "GET, HEAD" }).end();
    return;
  }
  const found = findFile(site, request.url ?? "/");
  if (found === null) {
    response
      .writeHead(404, { "Content-Type": "text/plain; charset=utf-8" })
      .end("404: no such file in this Space\n");
    return;
  }
  const { path, file } = found;
  const type = contentTypeOf(path);
  const isPage = type.startsWith("text/html");
  const content = readBlob(hub, file.oid);
  const body = isPage ? withVariables(Buffer.from(content).toString(), site.variables) : content;
  const etag = isPage ? undefined : `"${file.oid}"`;
  const headers = {
    ...site.headers,
    "Content-Type": type,
    "Cache-Control": "no-cache",
    ...(etag && { ETag: etag }),
  };
  if (etag !== undefined && request.headers["if-none-match"] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
}

function findFile(site: StaticSite, url: string): { path: string; file: TreeFile } | null {
  let path: string;
  try {
    path = decodeURIComponent(new URL(`http://space${url}`).pathname).slice(1);
  } catch {
    return null;
  }
  const candidates = path === "" ? [site.appFile] : [path, `${path.replace(/\/$/, "")}/index.html`];
  for (const candidate of candidates) {
    const file = site.tree.get(candidate);
    if (file !== undefined) return { path: candidate, file };
  }
  return null;
}

function withVariables(page: string, variables: Record<string, string>): string {
  const json = JSON.stringify({ variables }).replaceAll("<", "\\u003c");
  const script = `<script>window.huggingface=${json};</script>`;
  const head = /<head[^>]*>/i.exec(page);
  if (head === null) return script + page;
  const end = head.index + head[0].length;
  return page.slice(0, end) + script + page.slice(end);
}
