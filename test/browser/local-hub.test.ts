/** The local hub in a real browser: a static Space that signs people in, and the pages to look inside. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createRepo } from "@huggingface/hub";
import axe from "axe-core";
import { build } from "esbuild";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";

const CHROMIUM = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));

/** What the page of a Space does with @huggingface/hub, as its documentation says. */
const APP = `
import { oauthHandleRedirectIfPresent, oauthLoginUrl } from "@huggingface/hub";
const hubUrl = window.huggingface.variables.OPENID_PROVIDER_URL;
const status = document.querySelector("#status");
document.querySelector("button").onclick = async () => {
  location.href = await oauthLoginUrl({ hubUrl });
};
try {
  const result = await oauthHandleRedirectIfPresent({ hubUrl });
  status.textContent = result ? "signed in as " + result.userInfo.preferred_username : "signed out";
} catch (error) {
  status.textContent = "failed: " + error.message;
}
`;

/** Named by the package for bundlers, which esbuild overlooks beside its `exports`. */
const BROWSER_BUILD = resolve(
  import.meta.dirname,
  "../../node_modules/@huggingface/hub/dist/browser/index.mjs",
);

describe("the local hub in a browser", () => {
  let hub: LocalHub;
  let browser: Browser;
  let context: BrowserContext;
  let spaceUrl: string;

  beforeAll(async () => {
    if (!CHROMIUM) throw new Error("No Chromium. Install it (apt-get install chromium) or set CHROMIUM.");
    hub = await startLocalHub();
    spaceUrl = await createSpace(hub);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    context = await browser.newContext();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await hub?.close();
  });

  test("a static Space signs a person in, by redirect and PKCE", async () => {
    const page = await context.newPage();
    const problems = problemsOf(page);
    await page.goto(spaceUrl);
    await page.locator("#status", { hasText: "signed out" }).waitFor();
    await page.click("button");
    await page.getByRole("button", { name: "Sign in as ada" }).click();
    await page.locator("#status", { hasText: "signed in as ada" }).waitFor();
    expect(new URL(page.url()).origin).toBe(new URL(spaceUrl).origin);
    expect(problems).toEqual([]);
  });

  test("a person who cancels comes back to the Space", async () => {
    const page = await context.newPage();
    await page.goto(spaceUrl);
    await page.click("button");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator("#status", { hasText: "failed" }).waitFor();
  });

  test("the pages to look inside render without errors and pass axe, in both themes", async () => {
    const bucket = createHub({ endpoint: hub.url, token: "hf_local_ada" }).bucket("demo/notes");
    await bucket.create();
    await bucket.write([
      {
        path: "README.md",
        content: "# Notes\n\n- [ ] one\n- [x] two\n\n<script>window.hacked = 1</script>\n",
      },
    ]);
    const page = await context.newPage();
    const problems = problemsOf(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const path of [
        "/",
        "/buckets/demo/notes",
        "/buckets/demo/notes/blob/README.md",
        "/spaces/demo/app",
        "/oauth/device",
      ]) {
        await page.goto(hub.url + path);
        expect(await accessibilityProblems(page), `${path} ${colorScheme}`).toEqual([]);
      }
    }
    expect(await page.evaluate("window.hacked")).toBeUndefined();
    expect(problems).toEqual([]);
  });
});

/** A public static Space with sign-in; returns its address once it runs. */
async function createSpace(hub: LocalHub): Promise<string> {
  const bundle = await build({
    stdin: { contents: APP, resolveDir: import.meta.dirname },
    bundle: true,
    alias: { "@huggingface/hub": BROWSER_BUILD },
    format: "esm",
    write: false,
  });
  const files = {
    "README.md": "---\ntitle: App\nsdk: static\nhf_oauth: true\n---\n",
    "index.html":
      '<!doctype html><html lang="en"><title>App</title><button>Sign in</button><p id="status">…</p><script type="module" src="app.js"></script></html>',
    "app.js": bundle.outputFiles[0]?.text ?? "",
  };
  const access = { accessToken: "hf_local_organizer", hubUrl: hub.url };
  await createRepo({
    ...access,
    repo: { type: "space", name: "demo/app" },
    sdk: "static",
    files: Object.entries(files).map(([path, text]) => ({
      path,
      content: new TextEncoder().encode(text).buffer,
    })),
  });
  const describe = async () => {
    const response = await fetch(`${hub.url}/api/spaces/demo/app`);
    return (await response.json()) as { host: string; runtime: { stage: string } };
  };
  await vi.waitFor(async () => expect((await describe()).runtime.stage).toBe("RUNNING"), 20_000);
  return (await describe()).host;
}

function problemsOf(page: Page): string[] {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico"))
      problems.push(message.text());
  });
  return problems;
}

/** The page's own policy forbids scripts, so axe comes in by the browser's side door. */
async function accessibilityProblems(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe.source });
  const { result } = await session.send("Runtime.evaluate", {
    expression:
      "axe.run().then(({violations}) => violations.map(({id, nodes}) => id + ': ' + nodes[0].html))",
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return result.value as string[];
}
