/**
 * Makes the pictures of the README from the real thing: `node test/support/make-images.ts [board] [create]`. The board of the
 * Gemma example after its rehearsal, and `create` in a terminal (needs tmux), both through Chromium (`CHROMIUM`, default
 * `chromium`).
 */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { RunningCollab } from "./dev.ts";
import { terminalPage } from "./terminal-picture.ts";
import { WorkFolder } from "./work-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ENOUGH_MESSAGES = 6;
const PATIENCE_MS = 60_000;

async function board(browser: Browser): Promise<void> {
  await using collab = await RunningCollab.start({ args: ["--ephemeral"] });
  const { backend, dashboard } = collab.ready;
  await until(async () => {
    const answer = await fetch(`${backend.url}/v1/messages`);
    const { count } = (await answer.json()) as { count: number };
    return count >= ENOUGH_MESSAGES;
  });
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.goto(dashboard.url ?? backend.url, { waitUntil: "networkidle" });
  await page.screenshot({ path: image("board.png") });
}

/** The keys that are pressed, each after the text it answers; the last text is the picture's. */
const KEYS: [text: string, keys: string[]][] = [
  ["How do you want to start", ["Down", "Enter"]],
  ["Where should it be made", ["Enter"]],
  ["What is the collab called", ["Faster sorting", "Enter"]],
  ["What do the agents work on", ["Sort 10 million integers on one core.", "Enter", "Enter"]],
  ["What kind of problem", []],
];

async function create(browser: Browser): Promise<void> {
  await using work = await WorkFolder.create();
  const socket = `images-${process.pid}`;
  const tmux = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync("tmux", ["-L", socket, ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(`tmux ${args[0]} ended with ${status}: ${stderr}`);
    return stdout;
  };
  const command = `env -i HOME='${work.path}' PATH='${process.env.PATH}' TERM=xterm-256color LANG=C.UTF-8 '${process.execPath}' '${ROOT}/bin/create-agent-collab.js'`;
  tmux("new-session", "-d", "-x", "84", "-y", "32", "-c", work.path, command);
  try {
    for (const [text, keys] of KEYS) {
      await until(async () => tmux("capture-pane", "-p").includes(text));
      for (const key of keys) {
        tmux("send-keys", key);
        await new Promise((done) => setTimeout(done, 100));
      }
    }
    const screen = tmux("capture-pane", "-p", "-e").trimEnd();
    const page = await browser.newPage({ viewport: { width: 1000, height: 900 }, deviceScaleFactor: 2 });
    await page.setContent(terminalPage(screen, "npm create agent-collab@latest"));
    await page.locator("#window").screenshot({ path: image("create.png"), omitBackground: true });
  } finally {
    tmux("kill-server");
  }
}

const image = (name: string) => resolve(ROOT, "docs/images", name);

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error("it takes too long");
    await new Promise((done) => setTimeout(done, 200));
  }
}

const PICTURES = { board, create };
const wanted = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  for (const [name, make] of Object.entries(PICTURES)) {
    if (wanted.length === 0 || wanted.includes(name)) await make(browser);
  }
} finally {
  await browser.close();
}
