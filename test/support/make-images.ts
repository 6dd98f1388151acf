/**
 * Makes the picture in the README from the real thing: `node test/support/make-images.ts`. Starts the Gemma example on this
 * machine, waits for its rehearsal, and takes a picture of the board in Chromium (`CHROMIUM`, default `chromium`).
 */
import { resolve } from "node:path";
import { chromium } from "playwright-core";
import { RunningCollab } from "./dev.ts";

const ENOUGH_MESSAGES = 6;
const PATIENCE_MS = 60_000;

await using collab = await RunningCollab.start({ args: ["--ephemeral"] });
const { backend, dashboard } = collab.ready;
const deadline = Date.now() + PATIENCE_MS;
for (;;) {
  const answer = await fetch(`${backend.url}/v1/messages`);
  const { count } = (await answer.json()) as { count: number };
  if (count >= ENOUGH_MESSAGES || Date.now() > deadline) break;
  await new Promise((done) => setTimeout(done, 500));
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.goto(dashboard.url ?? backend.url, { waitUntil: "networkidle" });
  await page.screenshot({ path: resolve(import.meta.dirname, "../../docs/images/board.png") });
} finally {
  await browser.close();
}
