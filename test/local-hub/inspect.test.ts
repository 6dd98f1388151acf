import { describe, expect, it } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { renderMarkdown } from "../../wizard/local-hub/inspect/markdown.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

const HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>";

async function hubWithBoard(files: Record<string, string>): Promise<LocalHub> {
  const hub = await startLocalHub();
  const bucket = createHub({ endpoint: hub.url, token: "hf_local_organizer" }).bucket("demo/board");
  await bucket.create({ private: true });
  await bucket.write(Object.entries(files).map(([path, content]) => ({ path, content })));
  return hub;
}
const page = async (hub: LocalHub, path: string) => {
  const response = await call(hub, path);
  expect(response.status, path).toBe(200);
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  return response.text();
};

describe("the page to look inside a hub", () => {
  it("names accounts, buckets and Spaces, without a token", async () => {
    await using hub = await hubWithBoard({ "README.md": "# Welcome" });
    const space = { type: "space", sdk: "static", organization: "demo", name: "dashboard" };
    await call(hub, "/api/repos/create", { method: "POST", as: "organizer", json: space });
    const home = await page(hub, "/");
    for (const text of ["demo/board", "demo/dashboard", "hf_local_ada", hub.url])
      expect(home).toContain(text);
    const state = await (await call(hub, "/_emulator/state")).json();
    expect(state).toMatchObject({
      buckets: [{ id: "demo/board", private: true, files: 1, created_by: "organizer" }],
      spaces: [{ id: "demo/dashboard" }],
      orgs: [{ name: "demo", members: { ada: "contributor" } }, { name: "demo-admin" }],
    });
    expect(await page(hub, "/spaces/demo/dashboard")).toContain("demo/dashboard");
  });

  it("walks through a bucket to its files, and renders Markdown", async () => {
    await using hub = await hubWithBoard({
      "README.md": "---\ntitle: Board\n---\n# Welcome\n\nSee *this*, or [that](https://example.com).\n",
      "logs/day 1/a#b.txt": "one line",
      "data.bin": "\0\u0001",
    });
    const root = await page(hub, "/buckets/demo/board");
    expect(root).toContain("<h2>Welcome</h2>");
    expect(root).toContain('href="/buckets/demo/board/tree/logs"');
    expect(await page(hub, "/buckets/demo/board/tree/logs")).toContain("day 1/");
    const folder = await page(hub, "/buckets/demo/board/tree/logs/day%201");
    expect(folder).toContain('href="/buckets/demo/board/blob/logs/day%201/a%23b.txt"');
    expect(await page(hub, "/buckets/demo/board/blob/logs/day%201/a%23b.txt")).toContain("one line");
    expect(await page(hub, "/buckets/demo/board/blob/data.bin")).toContain("not text");
  });

  it("shows what strangers wrote as text, whatever they wrote", async () => {
    await using hub = await hubWithBoard({ "README.md": HOSTILE, "<b>name.txt": HOSTILE });
    for (const path of ["/buckets/demo/board", "/buckets/demo/board/blob/%3Cb%3Ename.txt"]) {
      const text = await page(hub, path);
      expect(text).not.toMatch(/<script|<img src=x|<b>/);
    }
  });

  it.each([
    "/buckets/demo/nothing",
    "/buckets/demo/board/blob/nothing",
    "/spaces/demo/nothing",
    "/jobs/demo/nothing",
  ])("answers %s with 404", async (path) => {
    await using hub = await hubWithBoard({});
    expect((await call(hub, path)).status).toBe(404);
  });

  it("shows a Job and its log", async () => {
    await using hub = await startLocalHub();
    const started = await call(hub, "/api/jobs/demo", {
      method: "POST",
      as: "organizer",
      json: { dockerImage: "python:3.12", command: ["echo", "hello from the job"], flavor: "cpu-basic" },
    });
    const { id } = (await started.json()) as { id: string };
    const isOver = async () => {
      const job = (await (await call(hub, `/api/jobs/demo/${id}`, { as: "organizer" })).json()) as {
        status: { stage: string };
      };
      return job.status.stage === "COMPLETED";
    };
    await expect.poll(isOver, { timeout: 20_000 }).toBe(true);
    const text = await page(hub, `/jobs/demo/${id}`);
    expect(text).toContain("hello from the job");
    expect(text).toContain("COMPLETED");
    expect(await page(hub, "/")).toContain(`/jobs/demo/${id}`);
  });
});

describe("Markdown of strangers", () => {
  const render = async (text: string) => String(await renderMarkdown(text));

  it.each([
    ["a script", "<script>alert(1)</script>"],
    ["raw HTML in a line", "hello <img src=x onerror=alert(1)> there"],
    ["a script as a link", "[click](javascript:alert(1))"],
    ["a script in disguise", "[click](java\nscript:alert(1))"],
    ["data as a link", "[click](data:text/html,<script>alert(1)</script>)"],
    ["a link with a quote", '[click](https://example.com/"onmouseover="alert(1))'],
    ["a picture", '![x](https://example.com/x.png "onload=alert(1)")'],
    ["a title", '[x](https://example.com "a\\" onclick=\\"alert(1)")'],
    ["code", "`<script>`\n\n```html\n<script>\n```"],
    ["an autolink", "<https://example.com/<script>>"],
    ["HTML in a heading", "# <svg onload=alert(1)>"],
    ["HTML in a table", "| a |\n|---|\n| <script>x</script> |"],
  ])("of %s makes nothing that runs or loads", async (_, text) => {
    const html = await render(text);
    expect(html).not.toMatch(/<(script|img|svg|iframe|object)/i);
    expect(html).not.toMatch(/<[a-z][^>]*\son\w+=/i);
    expect(html).not.toMatch(/href="(?!https?:)/i);
  });

  it("keeps what is harmless, each character once", async () => {
    const html = await render(
      "# A & B\n\n1. **bold** `x < y`\n2. ~~no~~\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    );
    for (const part of [
      "<h2>A &amp; B</h2>",
      "<strong>bold</strong>",
      "<code>x &lt; y</code>",
      "<del>no</del>",
      "<td>1</td>",
    ]) {
      expect(html).toContain(part);
    }
    expect(html).not.toContain("&amp;amp;");
  });

  it("survives nesting without end", async () => {
    expect(await render(`${">".repeat(5_000)} deep`)).toBeTruthy();
    expect(await render(`${"[".repeat(3_000)}x${"](y)".repeat(3_000)}`)).toBeTruthy();
  });
});
