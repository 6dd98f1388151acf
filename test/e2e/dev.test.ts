/** `agent-collab dev` as a process: what it prints, what it leaves behind. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { type DevReady, isListening } from "../support/dev.ts";

const CLI = resolve(import.meta.dirname, "../../wizard/cli.ts");
const EXAMPLE = resolve(import.meta.dirname, "../../examples/gemma-challenge");

/** `dev --json ARGS`, up to its ready line. */
async function startDev(args: readonly string[]) {
  const child = spawn(process.execPath, [CLI, "dev", ...args, "--json", "--port", "0"], {
    env: { ...process.env, HF_TOKEN: "", HF_ENDPOINT: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const ready = await new Promise<DevReady>((done, failed) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.endsWith("\n")) done(JSON.parse(stdout));
    });
    void closed.then(([code]) => failed(new Error(`dev ended with ${code}\n${stdout}\n${stderr}`)));
  });
  return {
    child,
    ready,
    closed,
    stdout: () => stdout,
    stderr: () => stderr,
    /** A test that fails in the middle leaves nothing running. */
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid="]);
  const parents = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const found = [pid];
  for (const parent of found) {
    found.push(...parents.filter(([, ppid]) => ppid === parent).map(([child]) => child));
  }
  return found.slice(1);
}

/** Those of `pids` that still run after a moment: the hub's watchdog outlives it by an instant. */
async function stillRunning(pids: readonly number[]): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const listed = await promisify(execFile)("ps", ["-o", "pid=,stat=,args=", "-p", pids.join(",")]).catch(
      () => ({ stdout: "" }),
    );
    // An ended process whose new parent has not looked at it yet is a zombie.
    const running = listed.stdout.split("\n").filter((line) => /^\s*\d+\s+[^Z\s]/.test(line));
    if (running.length === 0 || tries === 50) return running;
    await new Promise((done) => setTimeout(done, 100));
  }
}

describe("a collab in a folder that is kept", () => {
  let dir: string;
  beforeAll(async () => {
    dir = join(await mkdtemp(join(tmpdir(), "collab-dev-")), "gemma");
    await cp(EXAMPLE, dir, { recursive: true, filter: (path) => !path.includes(".agent-collab") });
  });
  afterAll(() => rm(join(dir, ".."), { recursive: true, force: true }));

  test("answers when it says so, and goes on where it was after a restart", async () => {
    await using first = await startDev([dir, "--no-rehearsal"]);
    const { ready } = first;
    expect(ready).toMatchObject({
      schema_version: 1,
      dashboard: { url: null },
      central_bucket: "fast-gemma/gemma-main-bucket",
      tokens: {
        organizer: "hf_local_organizer",
        ada: "hf_local_ada",
        bob: "hf_local_bob",
        cy: "hf_local_cy",
      },
      data_dir: join(dir, ".agent-collab/hub"),
      pid: first.child.pid,
    });
    expect((await fetch(`${ready.backend.url}/v1`)).status).toBe(200);
    const whoami = await fetch(`${ready.hub.url}/api/whoami-v2`, {
      headers: { authorization: `Bearer ${ready.tokens.ada}` },
    });
    expect(await whoami.json()).toMatchObject({ name: "ada" });
    const children = await descendants(first.child.pid ?? 0);
    expect(children.length).toBeGreaterThan(0);

    const again = await runCli(["dev", dir, "--port", "0"]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(ready.hub.url) });

    first.child.kill("SIGTERM");
    expect(await first.closed).toEqual([0, null]);
    expect(await isListening(ready.hub.url)).toBe(false);
    expect(await isListening(ready.backend.url)).toBe(false);
    expect(await stillRunning(children)).toEqual([]);
    expect(first.stdout().trim().split("\n")).toHaveLength(1);

    await using second = await startDev([dir, "--no-rehearsal"]);
    expect((await fetch(`${second.ready.backend.url}/v1/healthz`)).status).toBe(200);
    second.child.kill("SIGINT");
    expect(await second.closed).toEqual([0, null]);
  });
});

test("Ctrl-C before it is ready leaves nothing, and says so", async () => {
  const child = spawn(process.execPath, [CLI, "dev", EXAMPLE, "--ephemeral", "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  await new Promise<void>((done) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (stderr.includes("committed version")) done();
    });
  });
  const children = await descendants(child.pid ?? 0);
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([130, null]);
  expect(JSON.parse(stdout).error).toMatchObject({ code: "interrupted" });
  expect(await stillRunning(children)).toEqual([]);
});

test("a second Ctrl-C ends it at once, with every process it started", async () => {
  await using dev = await startDev([EXAMPLE, "--ephemeral", "--no-rehearsal"]);
  const { child, closed, ready } = dev;
  const children = await descendants(child.pid ?? 0);
  child.kill("SIGINT");
  child.kill("SIGINT");
  await closed;
  expect(await stillRunning(children)).toEqual([]);
  expect(await isListening(ready.hub.url)).toBe(false);
  expect(await isListening(ready.backend.url)).toBe(false);
});

test("a rehearsal fills an empty board, marked as what it is, and leaves a board with agents alone", async () => {
  await using dev = await startDev([EXAMPLE, "--ephemeral"]);
  const { child, closed, ready, stderr } = dev;
  const get = async (path: string) => (await fetch(ready.backend.url + path)).json();
  await expect
    .poll(async () => (await get("/v1/messages?q=whole+script")).matched, { timeout: 180_000, interval: 250 })
    .toBe(1);
  const agents = await get("/v1/agents");
  expect(agents.items, stderr()).toEqual([
    "rehearsal-doubter.md",
    "rehearsal-scout.md",
    "rehearsal-smith.md",
  ]);
  const messages = await get("/v1/messages?expand=true&limit=50");
  for (const { body, frontmatter } of messages.items) {
    if (frontmatter.agent !== "verifier") expect(body).toMatch(/^Rehearsal: /);
  }
  const results: { filename: string; frontmatter: Record<string, unknown> }[] = (
    await get("/v1/results?expand=true&limit=50")
  ).items;
  for (const { frontmatter } of results) expect(frontmatter.method).toMatch(/^rehearsal: /);
  // The example's harness is a Python program: without Python there are only the scores that agents typed.
  const measured = results.filter(({ frontmatter }) => frontmatter.run_id !== undefined);
  expect(measured).toHaveLength(stderr().includes("Python 3.10 or newer is not on the PATH") ? 0 : 1);
  expect(results.length - measured.length).toBe(5);
  expect((await get("/v1/results?status=negative")).matched).toBe(1);
  // The backend looks for an organiser's verdicts every few seconds.
  await expect
    .poll(async () => (await get("/v1/results?verification=invalid")).matched, {
      timeout: 40_000,
      interval: 500,
    })
    .toBe(1);
  const board = await get("/v1/leaderboard?unranked=0");
  expect(board.rows.map((row: { filename: string }) => row.filename)).toEqual(
    measured.map(({ filename }) => filename),
  );
  const beside = board.unranked.map((row: { agent: string }) => row.agent);
  expect(beside).toEqual(expect.arrayContaining(["rehearsal-smith", "rehearsal-scout"]));
  expect((await get("/v1/inbox/rehearsal-smith")).count).toBeGreaterThan(0);
  child.kill("SIGINT");
  expect(await closed).toEqual([0, null]);
});

test("nothing stays of an ephemeral collab", async () => {
  await using dev = await startDev([EXAMPLE, "--ephemeral", "--no-rehearsal"]);
  const { child, closed, ready } = dev;
  expect(await readdir(ready.data_dir)).toContain("hub.sqlite");
  child.kill("SIGINT");
  await closed;
  await expect(readdir(ready.data_dir)).rejects.toMatchObject({ code: "ENOENT" });
});
