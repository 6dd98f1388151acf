/** `agent-collab deploy` as a process, against a local hub. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { addUser, CollabFolder, emulator, SMALL_BACKEND } from "../deploy/support.ts";
import { runCli } from "../support/cli.ts";

const CLI = resolve(import.meta.dirname, "../../wizard/cli.ts");

let server: LocalHub;
beforeAll(async () => {
  server = await startLocalHub();
});
afterAll(() => server.close());

const env = (token = "hf_local_organizer") => ({ HF_ENDPOINT: server.url, HF_TOKEN: token });
const collab = (slug: string) =>
  CollabFolder.create({ ...SMALL_BACKEND, "collab.yaml": `collab: {slug: ${slug}, title: T, org: demo}\n` });
const deploy = (folder: CollabFolder, args: readonly string[] = [], token?: string) =>
  runCli(["deploy", folder.dir, ...args], { env: env(token) });
const actions = (stdout: string) =>
  (JSON.parse(stdout).plan as { action: string }[]).map(({ action }) => action);

test("a dry run lists everything and writes nothing, here or on the Hub", async () => {
  await using folder = await collab("dry");
  const before = await readdir(folder.dir, { recursive: true });
  await emulator(server, "DELETE", "/requests");
  const result = await deploy(folder, ["--dry-run", "--json"]);
  expect(result.code, result.stderr).toBe(0);
  expect(JSON.parse(result.stdout)).toMatchObject({ ok: true, dry_run: true, changed: true });
  expect(actions(result.stdout)).toEqual(["create", "create", "create", "create", "create"]);

  const { requests } = await emulator(server, "GET", "/requests");
  const sent = requests.filter(({ kind }: { kind: string }) => kind !== "own");
  expect(sent.length).toBeGreaterThan(3);
  expect(sent.filter(({ method }: { method: string }) => method !== "GET")).toEqual([]);
  expect(await readdir(folder.dir, { recursive: true })).toEqual(before);
});

test("nobody there and no --yes: nothing is changed, and the error says what to do", async () => {
  await using folder = await collab("alone");
  const result = await deploy(folder, ["--json"]);
  expect(result.code).toBe(4);
  const { error } = JSON.parse(result.stdout);
  expect(error).toMatchObject({ code: "confirmation_needed", fix: expect.stringContaining("--yes") });
  expect(actions((await deploy(folder, ["--dry-run", "--json"])).stdout)).toContain("create");
});

test("a deployment ends with where it is; the next one says that nothing is to do", async () => {
  await using folder = await collab("twice");
  const first = await deploy(folder, ["--yes"]);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stderr).toContain(server.url);
  expect(first.stderr).toMatch(/\+ create {3,}backend +demo\/twice-backend/);
  expect(first.stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
  expect(first.stdout).toContain("hf://buckets/demo/twice-main-bucket/README.md");

  const second = await deploy(folder, ["--json"]);
  expect(second.code, second.stderr).toBe(0);
  expect(new Set(actions(second.stdout))).toEqual(new Set(["unchanged"]));
  expect(JSON.parse(second.stdout)).toMatchObject({ changed: false, backend: { url: expect.any(String) } });
  const human = await deploy(folder, []);
  expect(human.stdout).toContain("unchanged");
});

test("no output holds the token", async () => {
  await using folder = await collab("secretive");
  const made = await emulator(server, "POST", "/tokens", { user: "organizer" });
  const outputs = [
    await deploy(folder, ["--yes", "--json", "--debug"], made.token),
    await deploy(folder, ["--yes"], made.token),
    await deploy(folder, ["--yes", "--debug"], `${made.token}x`),
  ];
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 4]);
  for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain(made.token);
});

describe("without what it needs", () => {
  test.each([
    ["no token", { HF_TOKEN: "" }, "no_token", /HF_TOKEN/],
    ["a token that is none", { HF_TOKEN: "hf_local_nobody" }, "invalid_token", /HF_TOKEN/],
    ["a Hub that is not there", { HF_ENDPOINT: "http://127.0.0.1:9" }, "hub_unreachable", /HF_ENDPOINT/],
    ["an endpoint that is none", { HF_ENDPOINT: "here" }, "bad_endpoint", /HF_ENDPOINT/],
    [
      "a local token for the real Hub",
      { HF_ENDPOINT: "https://huggingface.co" },
      "local_token",
      /HF_ENDPOINT/,
    ],
  ])("%s is told with what to do", { timeout: 60_000 }, async (_, wrong, code, fix) => {
    await using folder = await collab("lacking");
    const result = await runCli(["deploy", folder.dir, "--yes", "--json"], {
      env: { ...env(), HOME: folder.dir, XDG_CACHE_HOME: "", HF_HOME: "", HF_TOKEN_PATH: "", ...wrong },
    });
    expect(result.code).not.toBe(0);
    const { error } = JSON.parse(result.stdout);
    expect(error.code).toBe(code);
    expect(error.fix).toMatch(fix);
  });
});

test("Ctrl-C in the middle leaves what the next run completes", async () => {
  await using folder = await collab("cut");
  await emulator(server, "POST", "/faults", {
    kind: "delay",
    method: "POST",
    path: "/api/buckets/demo/cut-main-bucket",
    delayMs: 1_000,
  });
  const child = spawn(process.execPath, [CLI, "deploy", folder.dir, "--yes"], {
    env: { ...process.env, ...env() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  await new Promise<void>((done) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (stderr.includes("created audit bucket")) done();
    });
  });
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  await emulator(server, "DELETE", "/faults");
  expect(code).toBe(130);
  expect(stderr).toMatch(/run the same command again/);

  const again = await deploy(folder, ["--yes", "--json"]);
  expect(again.code, again.stderr).toBe(0);
  expect(actions((await deploy(folder, ["--dry-run", "--json"])).stdout)).not.toContain("create");
});

test("two deployments at once end in one state, and whoever lost is told", { timeout: 120_000 }, async () => {
  await using folder = await collab("race");
  await addUser(server, "rival");
  const results = await Promise.all([
    deploy(folder, ["--yes", "--json"]),
    deploy(folder, ["--yes", "--json"], "hf_local_rival"),
  ]);
  expect(results.some(({ code }) => code === 0)).toBe(true);
  for (const { code, stdout } of results) {
    if (code !== 0) expect(JSON.parse(stdout).error.code).toBe("changed_meanwhile");
  }
  const last = await deploy(folder, ["--yes", "--json"]);
  expect(last.code, last.stderr).toBe(0);
  expect(new Set(actions((await deploy(folder, ["--dry-run", "--json"])).stdout))).toEqual(
    new Set(["unchanged"]),
  );
});

test("a token that is revoked in the middle stops it; a new one finishes", { timeout: 120_000 }, async () => {
  await using folder = await collab("revoked");
  const made = await emulator(server, "POST", "/tokens", { user: "organizer" });
  await emulator(server, "POST", "/faults", {
    kind: "delay",
    method: "POST",
    path: "/api/buckets/demo/revoked-main-bucket",
    delayMs: 1_500,
  });
  const child = spawn(process.execPath, [CLI, "deploy", folder.dir, "--yes", "--json"], {
    env: { ...process.env, ...env(made.token) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  await new Promise<void>((done) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (stderr.includes("created audit bucket")) done();
    });
  });
  await emulator(server, "POST", "/tokens/revoke", { token: made.token });
  const [code] = await once(child, "close");
  await emulator(server, "DELETE", "/faults");
  expect(code).not.toBe(0);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: "hub_unauthorized",
    fix: expect.stringContaining("HF_TOKEN"),
  });
  expect((await deploy(folder, ["--yes"])).code).toBe(0);
});
