/** A Space: how it is, what it prints, its files. */
import { html } from "hono/html";
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { type Html, sendPage } from "../page.ts";
import { findRepo, type Repo, readBlob, readTree } from "../repos/store.ts";
import type { HubRouter } from "../router.ts";
import { spaceFields } from "../spaces/space-fields.ts";
import { spacesOf } from "../spaces/spaces.ts";
import { fileView, SHOWN_BYTES } from "./file-view.ts";
import { sizeText, timeText, urlPath } from "./text.ts";

const SHOWN_LINES = 300;
const SPACE = "/spaces/:ns/:name";

export function spacePages(router: HubRouter, hub: HubContext): void {
  const find = (ns: string, name: string): Repo => {
    const repo = findRepo(hub, "space", `${ns}/${name}`);
    if (!repo) throw new HubHttpError(404, `There is no Space ${ns}/${name}`);
    return repo;
  };

  router.add({ method: "GET", path: SPACE, about: "Page: a Space with its logs and files" }, (c) => {
    const repo = find(c.req.param("ns"), c.req.param("name"));
    const { host, runtime } = spaceFields(hub, repo) as {
      host: string | null;
      runtime: { stage: string; errorMessage?: string };
    };
    const runner = spacesOf(hub).runner(repo);
    const files = [...(readTree(hub, repo.oid, repo.head) ?? [])];
    const body = html`<main><p><a href="/">Local hub</a></p><h1>${repo.id}</h1>
<p><strong>${runtime.stage}</strong>${host === null ? "" : html` at <a href="${host}">${host}</a>`}</p>
${runtime.errorMessage === undefined ? "" : html`<pre>${runtime.errorMessage}</pre>`}
<p class="dim">${repo.private ? "private" : "public"}, made by ${repo.createdBy}, changed ${timeText(repo.updatedAt)}, commit <code>${repo.head.slice(0, 12)}</code></p>
<h2>Log</h2>${logView(runner.runLog.lastLines(SHOWN_LINES))}
<h2>Build log</h2>${logView(runner.buildLog.lastLines(SHOWN_LINES))}
<h2>Files</h2><table><tr><th>Name</th><th>Size</th></tr>
${files.map(
  ([path, file]) =>
    html`<tr><td><a href="/spaces/${urlPath(repo.id)}/blob/main/${urlPath(path)}">${path}</a></td><td>${sizeText(file.size)}</td></tr>`,
)}</table></main>`;
    return sendPage(c, { title: repo.id, body });
  });

  router.add(
    { method: "GET", path: `${SPACE}/blob/:rev/:path{[\\s\\S]+}`, about: "Page: a file of a Space" },
    (c) => {
      const repo = find(c.req.param("ns"), c.req.param("name"));
      const rev = c.req.param("rev");
      const path = c.req.param("path");
      const tree = readTree(hub, repo.oid, rev === "main" ? repo.head : rev);
      const file = tree?.get(path);
      if (!file) throw new HubHttpError(404, `There is no file ${path} in ${repo.id} at ${rev}`);
      const body = html`<main><p><a href="/">Local hub</a></p>
<h1><a href="/spaces/${urlPath(repo.id)}">${repo.id}</a> / ${path}</h1>
<p class="dim">${sizeText(file.size)}</p>${fileView(path, readBlob(hub, file.oid).subarray(0, SHOWN_BYTES), file.size)}</main>`;
      return sendPage(c, { title: path, body });
    },
  );
}

export function logView(lines: readonly string[]): Html {
  if (lines.length === 0) return html`<p class="dim">Nothing yet.</p>`;
  return html`<pre>${lines.join("\n")}</pre>`;
}
