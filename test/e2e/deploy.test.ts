/** `agent-collab deploy` as a process, against a local hub. */
import { type ChildProcess, spawn } from "node:child_process";
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

/** A deployment that gets a signal, or something else, once it has said `line`. */
async function cutOff(
  folder: CollabFolder,
  line: string | RegExp,
  cut: (child: ChildProcess) => Promise<unknown>,
  token?: string,
) {
  const child = spawn(process.execPath, [CLI, "deploy", folder.dir, "--yes", "--json"], {
    env: { ...process.env, ...env(token) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const reached = new Promise<void>((done) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (stderr.match(line)) done();
    });
  });
  const closed = once(child, "close");
  await Promise.race([reached, closed]);
  await cut(child);
  const [code] = (await closed) as [number | null];
  return { code, stderr, error: JSON.parse(stdout).error };
}
const interrupt = async (child: ChildProcess) => child.kill("SIGINT");

describe("Ctrl-C", () => {
  test.each<[when: string, line: RegExp, slow: { method: string; path: string }, done: RegExp]>([
    [
      "while it looks around",
      /Target:/,
      { method: "GET", path: "/api/whoami-v2" },
      /^Interrupted; nothing was changed\.$/,
    ],
    [
      "while it makes buckets",
      /created audit bucket/,
      { method: "POST", path: "/api/buckets/demo/cut-*" },
      /Done before that: created Space demo\/cut-\d-backend; created audit bucket/,
    ],
    [
      "while it writes files",
      /wrote .agent-collab.json to demo-admin/,
      { method: "POST", path: "/api/buckets/demo/cut-*/batch" },
      /Done before that: .*created central bucket/,
    ],
    [
      "while the Space starts",
      /building|app starting|committed version/,
      { method: "GET", path: "/api/spaces/demo/cut-*/runtime" },
      /Done before that: .*committed version/,
    ],
  ])(
    "%s leaves what the next run completes, and says what that is",
    async (when, line, slow, done) => {
      const slug = `cut-${["around", "buckets", "files", "starts"].findIndex((word) => when.endsWith(word))}`;
      await using folder = await collab(slug);
      const path = slow.path.replace("cut-*", `${slug}*`);
      const fault = await emulator(server, "POST", "/faults", {
        kind: "delay",
        delayMs: 6_000,
        ...slow,
        path,
      });
      const { code, error } = await cutOff(folder, line, interrupt);
      await emulator(server, "DELETE", `/faults/${fault.id}`);
      expect(code).toBe(130);
      expect(error).toMatchObject({ code: "interrupted", message: expect.stringMatching(done) });

      const again = await deploy(folder, ["--yes", "--json"]);
      expect(again.code, again.stderr).toBe(0);
      expect(actions((await deploy(folder, ["--dry-run", "--json"])).stdout)).not.toContain("create");
    },
    120_000,
  );
});

describe("not waiting", () => {
  test("returns once everything is on the Hub; the next run waits for it", async () => {
    await using folder = await collab("hasty");
    const { stdout, code, stderr } = await deploy(folder, ["--yes", "--no-wait", "--json"]);
    expect(code, stderr).toBe(0);
    const { version, ...answer } = JSON.parse(stdout);
    expect(answer).toMatchObject({
      waited: false,
      backend: { url: expect.any(String) },
      next: [{ command: expect.stringContaining("deploy"), when: expect.any(String) }],
    });
    const waited = await deploy(folder, ["--wait", "--yes", "--json"]);
    expect(JSON.parse(waited.stdout)).toMatchObject({ changed: false, waited: true, version });
    const health = await (await fetch(`${answer.backend.url}/v1/healthz`)).json();
    expect(health).toMatchObject({ version });
  });

  test("a Space that takes longer than --timeout is told as such, with what exists", async () => {
    await using folder = await collab("slow");
    await folder.write({ "spaces/backend/server.js": "setInterval(() => {}, 1000);\n" });
    const result = await deploy(folder, ["--yes", "--timeout", "1", "--json"]);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout).error).toMatchObject({
      code: "space_not_ready",
      fix: expect.stringContaining("--timeout"),
      exists: expect.arrayContaining([
        { kind: "space", id: "demo/slow-backend", state: "exists", made: true },
      ]),
    });
  });

  test("cannot be combined with a smoke test", async () => {
    await using folder = await collab("both");
    expect((await deploy(folder, ["--yes", "--no-wait", "--smoke"])).code).toBe(2);
  });
});

test("an agent sees the same, and is asked for --yes like anybody", async () => {
  await using folder = await collab("agent");
  const as = (more: NodeJS.ProcessEnv, ...args: string[]) =>
    runCli(["deploy", folder.dir, ...args], { env: { ...env(), ...more } });
  const plans = await Promise.all([
    as({}, "--dry-run", "--json"),
    as({ CLAUDECODE: "1" }, "--dry-run", "--json"),
  ]);
  expect(plans[1].stdout).toBe(plans[0].stdout);
  expect(await as({ CLAUDECODE: "1" })).toMatchObject({ code: 4 });
  const text = await as({ CLAUDECODE: "1" }, "--yes");
  expect(text.code, text.stderr).toBe(0);
  // Progress is a few lines, none of them drawn over another.
  expect(text.stderr.split("\n").length).toBeLessThan(60);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for escape sequences is the test
  expect(text.stdout + text.stderr).not.toMatch(/\u001b|\r/);
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
  const revoke = () => emulator(server, "POST", "/tokens/revoke", { token: made.token });
  const { code, error } = await cutOff(folder, "created audit bucket", revoke, made.token);
  await emulator(server, "DELETE", "/faults");
  expect(code).toBe(1);
  expect(error).toMatchObject({
    code: "hub_unauthorized",
    message: expect.stringMatching(/Done before that: created Space .*created audit bucket/),
    fix: expect.stringContaining("HF_TOKEN"),
    done: ["created Space demo/revoked-backend", "created audit bucket demo-admin/revoked-audit"],
    exists: expect.arrayContaining([
      { kind: "bucket", id: "demo-admin/revoked-audit", state: "exists", made: true },
    ]),
  });
  expect((await deploy(folder, ["--yes"])).code).toBe(0);
});
