/** A bucket's folders and files. */
import { html } from "hono/html";
import { type Bucket, BucketStore } from "../buckets/bucket-store.ts";
import { EntryStore } from "../buckets/entry-store.ts";
import { listCollapsed, type TreeItem } from "../buckets/tree.ts";
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { type Html, sendPage } from "../page.ts";
import type { HubRouter } from "../router.ts";
import { readContent } from "../xet/content.ts";
import { xetOf } from "../xet/store.ts";
import { fileView, SHOWN_BYTES } from "./file-view.ts";
import { sizeText, timeText, urlPath } from "./text.ts";

const PAGE = 500;
const BUCKET = "/buckets/:ns/:name";

export function bucketPages(router: HubRouter, hub: HubContext): void {
  const buckets = new BucketStore(hub.db);
  const entries = new EntryStore(hub.db);
  const find = (ns: string, name: string): Bucket => {
    const bucket = buckets.find(`${ns}/${name}`);
    if (!bucket) throw new HubHttpError(404, `There is no bucket ${ns}/${name}`);
    return bucket;
  };

  const folder = async (bucket: Bucket, path: string, cursor: string | undefined): Promise<Html> => {
    const prefix = path === "" ? "" : `${path}/`;
    const page = listCollapsed(entries, { bucket: bucket.key, prefix, cursor, limit: PAGE });
    const readme = cursor === undefined ? entries.get(bucket.key, `${prefix}README.md`) : undefined;
    const base = `/buckets/${urlPath(bucket.id)}`;
    return html`<main><p><a href="/">Local hub</a></p>
<h1>${crumbs(base, bucket.id, path)}</h1>
<p class="dim">${bucket.private ? "private" : "public"}, made by ${bucket.createdBy}, ${bucket.totalFiles} files, ${sizeText(bucket.size)}</p>
<table><tr><th>Name</th><th>Size</th><th>Uploaded</th></tr>
${page.items.map((item) => row(item, base, prefix))}</table>
${page.items.length === 0 ? html`<p class="dim">Nothing here.</p>` : ""}
${page.cursor === null ? "" : html`<p><a href="?cursor=${encodeURIComponent(page.cursor)}">Next page</a></p>`}
${readme ? html`<section class="card">${await view(readme.path, readme.hash, readme.size)}</section>` : ""}
</main>`;
  };

  const view = async (path: string, hash: string, size: number): Promise<Html> => {
    const xet = xetOf(hub);
    const file = xet.file(hash);
    if (!file) throw new HubHttpError(500, `The content of ${path} is missing`);
    const parts: Uint8Array[] = [];
    const span = { start: 0, end: Math.min(size, SHOWN_BYTES) };
    for await (const part of readContent(xet, file, span)) parts.push(part);
    return fileView(path, Buffer.concat(parts), size);
  };

  router.add({ method: "GET", path: BUCKET, about: "Page: a bucket's files and README" }, async (c) => {
    const bucket = find(c.req.param("ns"), c.req.param("name"));
    return sendPage(c, { title: bucket.id, body: await folder(bucket, "", c.req.query("cursor")) });
  });
  router.add(
    { method: "GET", path: `${BUCKET}/tree/:path{[\\s\\S]+}`, about: "Page: a folder of a bucket" },
    async (c) => {
      const bucket = find(c.req.param("ns"), c.req.param("name"));
      const body = await folder(bucket, c.req.param("path"), c.req.query("cursor"));
      return sendPage(c, { title: `${bucket.id}/${c.req.param("path")}`, body });
    },
  );
  router.add(
    {
      method: "GET",
      path: `${BUCKET}/blob/:path{[\\s\\S]+}`,
      about: "Page: a file of a bucket, Markdown rendered",
    },
    async (c) => {
      const bucket = find(c.req.param("ns"), c.req.param("name"));
      const path = c.req.param("path");
      const entry = entries.get(bucket.key, path);
      if (!entry) throw new HubHttpError(404, `There is no file ${path} in ${bucket.id}`);
      const base = `/buckets/${urlPath(bucket.id)}`;
      const body = html`<main><p><a href="/">Local hub</a></p><h1>${crumbs(base, bucket.id, path)}</h1>
<p class="dim">${sizeText(entry.size)}, uploaded ${timeText(entry.uploadedAt)}, Xet hash <code>${entry.hash}</code></p>
${bucket.private ? "" : html`<p><a href="${base}/resolve/${urlPath(path)}">The file itself</a></p>`}
${await view(path, entry.hash, entry.size)}</main>`;
      return sendPage(c, { title: path, body });
    },
  );
}

function row(item: TreeItem, base: string, prefix: string): Html {
  if (item.type === "directory") {
    const { path, uploadedAt } = item.directory;
    return html`<tr><td><a href="${base}/tree/${urlPath(path)}">${path.slice(prefix.length)}/</a></td><td></td><td>${timeText(uploadedAt)}</td></tr>`;
  }
  const { path, size, uploadedAt } = item.entry;
  return html`<tr><td><a href="${base}/blob/${urlPath(path)}">${path.slice(prefix.length)}</a></td><td>${sizeText(size)}</td><td>${timeText(uploadedAt)}</td></tr>`;
}

/** `demo/board / logs / day-1`, each but the last a link. */
function crumbs(base: string, id: string, path: string): Html {
  const parts = path.split("/").filter(Boolean);
  const links = parts.map((part, i) => {
    const isLast = i === parts.length - 1;
    const target = `${base}/tree/${urlPath(parts.slice(0, i + 1).join("/"))}`;
    return isLast ? html` / ${part}` : html` / <a href="${target}">${part}</a>`;
  });
  return parts.length === 0 ? html`${id}` : html`<a href="${base}">${id}</a>${links}`;
}
