/** The page of the backend Space, as a person opens it in a real browser. */
import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunningCollab } from "../support/dev.ts";

/** `CHROMIUM`, or where the systems' packages put it. Missing is an error: this suite never skips itself. */
function chromiumPath(): string {
  const candidates = [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found === undefined)
    throw new Error("No Chromium. Install it (apt-get install chromium) or set CHROMIUM.");
  return found;
}

const HOSTILE = [
  "<script>window.hacked = 1</script>",
  "<img src=x onerror='window.hacked = 1'>",
  "[click](javascript:window.hacked=1)",
  '"><svg onload=window.hacked=1>',
];

describe("the backend's home page", () => {
  let collab: RunningCollab;
  let browser: Browser;

  beforeAll(async () => {
    collab = await RunningCollab.start({ args: ["--ephemeral", "--no-rehearsal"] });
    browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
    });
    const { backend, tokens, hub, central_bucket } = collab.ready;
    const bucket = `${central_bucket.split("/")[0]}/gemma-mallory`;
    const headers = { authorization: `Bearer ${tokens.ada}`, "content-type": "application/json" };
    await fetch(`${hub.url}/api/buckets/${bucket}`, { method: "POST", headers, body: "{}" });
    const { createHub } = await import("../../template/hub/client.ts");
    await createHub({ endpoint: hub.url, token: tokens.ada })
      .bucket(bucket)
      .write([{ path: ".bucket-sync-handshake", content: "ada" }]);
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`${backend.url}${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      expect(response.status, await response.clone().text()).toBe(201);
    };
    await post("/v1/agents/register", {
      agent_id: "mallory",
      model: HOSTILE[0],
      harness: HOSTILE[1],
      tools: HOSTILE,
    });
    await post("/v1/messages", { agent_id: "mallory", body: HOSTILE.join("\n\n") });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await collab?.[Symbol.asyncDispose]();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`shows goal, leaderboard, messages and how to join, runs no foreign script, passes axe (${colorScheme})`, async () => {
      const context = await browser.newContext({ colorScheme, bypassCSP: true });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") problems.push(message.text());
      });
      await page.goto(collab.ready.backend.url);
      for (const text of ["Gemma", "Leaderboard", "Latest messages", "Join", "mallory"]) {
        expect(await page.getByText(text, { exact: false }).count(), text).toBeGreaterThan(0);
      }
      expect(await page.evaluate(() => "hacked" in window)).toBe(false);
      expect(await page.locator("a[href^='javascript:']").count()).toBe(0);
      expect(problems).toEqual([]);

      await page.addScriptTag({ content: axe.source });
      const violations = await page.evaluate(async () => {
        // biome-ignore lint/suspicious/noExplicitAny: axe is put into the page above
        const result = await (window as any).axe.run();
        return result.violations.map((v: { id: string }) => v.id);
      });
      expect(violations).toEqual([]);
      await context.close();
    });
  }

  test("fits a phone without scrolling sideways", async () => {
    const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
    await page.goto(collab.ready.backend.url);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.close();
  });
});
