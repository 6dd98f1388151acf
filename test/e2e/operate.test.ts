/** The commands that run a collab, from its first deployment to its end, on a local hub. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { runPath, runText } from "../../template/spaces/backend/documents/run.ts";
import { verdictPath, verdictText } from "../../template/spaces/backend/documents/verdict.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { addUser, CollabFolder, emulator } from "../deploy/support.ts";
import { runCli } from "../support/cli.ts";
import { sampleRun, sampleVerdict } from "../support/runs.ts";

let server: LocalHub;
let folder: CollabFolder;
/** Comments and layout must survive every command. */
const YAML = "# Our collab\ncollab:\n  slug: life # short\n  title: A whole life\n  org: demo\n";

beforeAll(async () => {
  server = await startLocalHub();
  folder = await CollabFolder.create({ "collab.yaml": YAML });
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await server.close();
});

/** The status once it is complete: on a busy machine an answer may miss the few seconds that `status` waits. */
async function settledStatus() {
  await expect
    .poll(async () => JSON.stringify((await cli("status")).json), { timeout: 50_000 })
    .not.toContain('"unknown"');
  return (await cli("status")).json;
}

async function cli(command: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const result = await runCli([command, folder.dir, ...args, "--json"], {
    cwd: folder.dir,
    env: { HF_ENDPOINT: server.url, HF_TOKEN: "hf_local_organizer", ...env },
  });
  return { ...result, json: JSON.parse(result.stdout) };
}
const hub = () => createHub({ endpoint: server.url, token: "hf_local_organizer" });
const check = (json: { checks: { name: string; state: string; fix?: string }[] }, name: string) =>
  json.checks.find((one) => one.name === name);

test("before the first deployment, status and doctor say that nothing is there and what to do", async () => {
  const status = await cli("status");
  expect(status.code, status.stdout).toBe(0);
  expect(status.json).toMatchObject({ healthy: false, backend: { state: "missing" }, board: null });
  const doctor = await cli("doctor");
  expect(doctor.code).toBe(1);
  expect(check(doctor.json, "backend")).toMatchObject({
    state: "fail",
    fix: expect.stringContaining("deploy"),
  });
  for (const { state, fix, name } of doctor.json.checks) {
    if (state === "fail") expect(fix, name).toBeTruthy();
  }
  for (const command of ["logs", "open", "export"]) {
    const result = await cli(command);
    expect(result.code).toBe(1);
    expect(result.json.error).toMatchObject({ code: "not_deployed", fix: expect.stringContaining("deploy") });
  }
});

describe("once it is deployed", () => {
  beforeAll(async () => {
    const deployed = await cli("deploy", ["--yes", "--smoke"]);
    expect(deployed.code, deployed.stderr + deployed.stdout).toBe(0);
    expect(deployed.json.smoke.agent_id).toMatch(/^smoke-/);
    expect(deployed.json.remaining).toEqual([]);
  }, 120_000);

  test("the smoke test has left no bucket, and nothing on the board but that something is hidden", async () => {
    const { json: smoke } = await cli("deploy", ["--yes", "--smoke"]);
    expect(smoke.smoke).toMatchObject({
      deleted: [`demo/life-${smoke.smoke.agent_id}`],
      hidden: [`${smoke.smoke.agent_id}.md`, smoke.smoke.message],
      left: [],
    });
    const json = await settledStatus();
    expect(json).toMatchObject({
      healthy: true,
      backend: { state: "healthy", stage: "RUNNING", ours: true },
      board: { agents: 2, messages: 2, results: 0 },
    });
    await expect
      .poll(async () => (await fetch(`${json.backend.url}/v1/messages?expand=true`)).text(), {
        timeout: 50_000,
      })
      .not.toContain("Smoke test of a deployment");
    const agents = await (await fetch(`${json.backend.url}/v1/agents?expand=true`)).text();
    expect(agents).not.toContain("deploy --smoke");
    expect(json.backend.version).toBe(json.backend.wanted);
    const response = await fetch(`${server.url}/api/buckets/demo`, {
      headers: { authorization: "Bearer hf_local_organizer" },
    });
    const buckets = (await response.json()) as { id: string }[];
    expect(buckets.map(({ id }) => id)).toEqual(["demo/life-main-bucket"]);
  }, 120_000);

  test("doctor is content, and notices an edited directory", async () => {
    const good = await cli("doctor");
    expect(good.code, good.stdout).toBe(0);
    expect(check(good.json, "version")).toMatchObject({ state: "ok" });
    await folder.write({ "collab.yaml": `${YAML}board: {channels: [{id: news, title: News}]}\n` });
    expect(check((await cli("doctor")).json, "version")).toMatchObject({ state: "warn" });
    await folder.write({ "collab.yaml": "collab: [\n" });
    const broken = await cli("doctor");
    expect(broken.code).toBe(1);
    expect(check(broken.json, "config")).toMatchObject({ state: "fail" });
    await folder.write({ "collab.yaml": YAML });
  });

  test("logs and open say what they should", async () => {
    const logs = await cli("logs", ["--lines", "5"]);
    expect(logs.json.lines.length).toBeGreaterThan(0);
    expect(logs.json.lines.length).toBeLessThanOrEqual(5);
    for (const [args, code] of [
      [["--run", "nonsense"], "usage"],
      [["--run", "20260601-100000-000_nobody"], "no_such_job"],
      [["--job", "nowhere"], "no_such_job"],
      [["--of", "eval"], "not_deployed"],
    ] as const) {
      expect((await cli("logs", args)).json.error.code, args.join(" ")).toBe(code);
    }
    const open = await cli("open", ["--print"]);
    expect(open.json).toMatchObject({ url: expect.stringMatching(/^http/), opened: false });
  });

  test("logs of a Job, by its id or by its run", async () => {
    const job = await hub()
      .jobs("demo")
      .run({
        image: "python:3.12-slim",
        command: ["sh", "-c", "echo measured 42; printf '\\033[2J hf_local_ada\\n'"],
        ...{ flavor: "cpu-basic", timeoutSeconds: 60, labels: {}, volumes: [] },
      });
    const run = sampleRun({
      run_id: "20260602-100000-000_ada",
      namespace: "demo",
      attempts: [
        {
          ...{ n: 1, job_id: job.id, job_url: job.url, stage: "COMPLETED", cost_dollars: 0, failure: null },
          ...{ reserved_at: "", launched_at: null, finished_at: null },
        },
      ],
    });
    await hub()
      .bucket("demo/life-main-bucket")
      .write([{ path: runPath(run.run_id), content: runText(run) }]);
    for (const args of [
      ["--job", job.id],
      ["--run", run.run_id],
    ]) {
      await expect
        .poll(async () => (await cli("logs", args)).stdout, { timeout: 30_000 })
        .toContain("measured 42");
      const { json, stdout } = await cli("logs", args);
      expect(json).toMatchObject({ job: job.id, namespace: "demo" });
      // A participant's program wrote it: no escape sequence, no token.
      expect(stdout).not.toMatch(/\\u001b|hf_local_ada/);
    }
    await hub()
      .bucket("demo/life-main-bucket")
      .publish({ deletes: [runPath(run.run_id)] });
  }, 120_000);

  test("a paused collab refuses writes until it is resumed; collab.yaml keeps its comments", async () => {
    const post = async () => {
      const { json } = await cli("open", ["--print"]);
      const response = await fetch(`${json.url}/v1/messages`, {
        method: "POST",
        headers: { authorization: "Bearer hf_local_organizer" },
        body: JSON.stringify({ agent_id: "human-organizer", body: "Is this on?" }),
      });
      return response.status;
    };
    expect(await cli("pause")).toMatchObject({ code: 4 });
    expect(await readFile(join(folder.dir, "collab.yaml"), "utf8")).toBe(YAML);

    const paused = await cli("pause", ["--yes"]);
    expect(paused.code, paused.stdout).toBe(0);
    expect(await readFile(join(folder.dir, "collab.yaml"), "utf8")).toBe(`${YAML}  status: paused\n`);
    expect(await post()).toBe(403);
    expect((await cli("pause", ["--yes"])).json).toMatchObject({ already: true, changed: false });

    expect((await cli("resume", ["--yes"])).json).toMatchObject({ status: "open" });
    expect(await post()).toBe(201);
  }, 120_000);

  test("the backend's token is replaced, and only that", async () => {
    await addUser(server, "robot");
    const made = await emulator(server, "POST", "/tokens", { user: "robot" });
    const env = { NEW_TOKEN: made.token };
    expect((await cli("rotate-token", ["--yes"])).code).toBe(2);
    const rotated = await cli("rotate-token", ["--space-token-env", "NEW_TOKEN", "--yes"], env);
    expect(rotated.code, rotated.stdout).toBe(0);
    expect(rotated.json.rotated).toBe(true);
    expect(rotated.stdout + rotated.stderr).not.toContain(made.token);
    const again = await cli("rotate-token", ["--space-token-env", "NEW_TOKEN", "--yes"], env);
    expect(again.json.rotated).toBe(false);

    await folder.write({ "task/goal.md": "Another goal.\n" });
    const refused = await cli("rotate-token", ["--space-token-env", "NEW_TOKEN", "--yes"], env);
    expect(refused.json.error).toMatchObject({ code: "more_than_token" });
    const deploy = await cli("deploy", ["--space-token-env", "NEW_TOKEN", "--yes"], env);
    expect(deploy.code, deploy.stdout).toBe(0);
  }, 120_000);

  test("the record is exported whole, as files and as JSON lines", async () => {
    const out = join(folder.dir, "copy");
    const result = "20260601-100000-000_ada.md";
    const run = sampleRun();
    const verdict = sampleVerdict({
      filename: result,
      state: "valid",
      reason: "measured again",
      applied: true,
    });
    await hub()
      .bucket("demo/life-main-bucket")
      .write([
        { path: `results/${result}`, content: "---\nscore: 1\n---\nIt works.\n" },
        { path: "results/verification_status.json", content: JSON.stringify({ [result]: "valid" }) },
        { path: runPath(run.run_id), content: runText(run) },
        { path: verdictPath(result), content: verdictText(verdict) },
        { path: "runs/damaged.json", content: "{" },
      ]);
    expect((await cli("export", ["--out", out, "--dry-run"])).json).toMatchObject({
      dry_run: true,
      dir: out,
    });
    const exported = await cli("export", ["--out", out]);
    expect(exported.code, exported.stdout).toBe(0);
    expect(exported.json).toMatchObject({
      ...{ agents: 2, messages: 3, results: 1, runs: 1, verdicts: 1, left_out: [] },
    });
    const rows = async (table: string) =>
      (await readFile(join(out, `data/${table}.jsonl`), "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    const [smoke, , post] = await rows("messages");
    expect(smoke).toEqual({ filename: smoke.filename, hidden: "smoke test of a deployment" });
    expect(post).toMatchObject({ body: "Is this on?", frontmatter: { agent: "human-organizer" } });
    expect(await readFile(join(out, "files/message_board", smoke.filename), "utf8")).toContain("Smoke test");
    expect(await rows("results")).toMatchObject([{ verification: "valid", reason: "measured again" }]);
    expect(await rows("runs")).toMatchObject([{ run_id: run.run_id, cost_dollars: run.cost_dollars }]);
    expect(await rows("verdicts")).toMatchObject([{ filename: result, state: "valid", by: verdict.by }]);
    expect(await readFile(join(out, "README.md"), "utf8")).toContain("config_name: messages");
    expect((await cli("export", ["--out", out])).json.error.code).toBe("folder_exists");
    expect((await readdir(folder.dir)).filter((name) => name.includes("unfinished"))).toEqual([]);
  });

  test("a broken backend shows in status and doctor, with its reason", async () => {
    await hub().space("demo/life-backend").pause();
    expect(await settledStatus()).toMatchObject({
      healthy: false,
      backend: { state: "down", stage: "PAUSED" },
    });
    expect(check((await cli("doctor")).json, "backend")).toMatchObject({ state: "fail" });
    const deploy = await cli("deploy", ["--yes"], { HF_TOKEN: "hf_local_organizer" });
    expect(deploy.code, deploy.stdout).toBe(0);
    expect((await cli("status")).json.healthy).toBe(true);
  }, 120_000);

  test("a frozen collab takes nothing from participants, and names what must be run again", async () => {
    const frozen = await cli("close", ["--freeze", "--yes"]);
    expect(frozen.code, frozen.stdout).toBe(0);
    expect(frozen.json).toMatchObject({ status: "frozen", rerun: expect.any(Array) });
    expect(await readFile(join(folder.dir, "collab.yaml"), "utf8")).toContain("status: frozen");
    expect((await cli("close", ["--freeze", "--yes"])).json).toMatchObject({ already: true });
  }, 120_000);

  test("it is closed, and then taken away by name only", async () => {
    const closed = await cli("close", ["--yes"]);
    expect(closed.json).toMatchObject({ status: "closed", rerun: [] });

    expect(await cli("destroy")).toMatchObject({ code: 4 });
    expect(await cli("destroy", ["--confirm", "lif"])).toMatchObject({ code: 2 });
    expect((await cli("destroy", ["--dry-run"])).json.removed).toEqual([]);
    expect((await cli("status")).json.healthy).toBe(true);

    const kept = await cli("destroy", ["--confirm", "life", "--keep-record"]);
    expect(kept.json.removed).toEqual(["demo/life-backend"]);
    expect(await hub().bucket("demo/life-main-bucket").info()).not.toBeNull();
    const gone = await cli("destroy", ["--confirm", "life"]);
    expect(gone.json.removed).toEqual(["demo/life-main-bucket", "demo-admin/life-audit"]);
    expect(await cli("destroy", ["--confirm", "life"])).toMatchObject({ code: 0, json: { removed: [] } });
  }, 120_000);
});

test("destroy leaves alone what is not this collab's", async () => {
  await using other = await CollabFolder.create({
    "collab.yaml": "collab: {slug: alien, title: A, org: demo}\n",
  });
  await hub().space("demo/alien-backend").create({ sdk: "docker" });
  const result = await runCli(["destroy", resolve(other.dir), "--confirm", "alien", "--json"], {
    env: { HF_ENDPOINT: server.url, HF_TOKEN: "hf_local_organizer" },
  });
  expect(JSON.parse(result.stdout)).toMatchObject({ removed: [] });
  expect(await hub().space("demo/alien-backend").info()).not.toBeNull();
});

test("status of a Hub that answers nothing says so in seconds", async () => {
  await emulator(server, "POST", "/faults", {
    kind: "delay",
    path: "/api/**",
    delayMs: 20_000,
    user: "slow",
  });
  await addUser(server, "slow");
  const started = performance.now();
  const { json, code } = await cli("status", [], { HF_TOKEN: "hf_local_slow" });
  await emulator(server, "DELETE", "/faults");
  expect(code).toBe(0);
  expect(json).toMatchObject({ healthy: false, backend: { state: "unknown", reason: expect.any(String) } });
  expect(performance.now() - started).toBeLessThan(15_000);
});

test("status of a Hub that is not there says so within seconds", async () => {
  const started = performance.now();
  const { json, code } = await cli("status", [], { HF_ENDPOINT: "http://127.0.0.1:9" });
  expect(code).toBe(0);
  expect(json.backend).toMatchObject({ state: "unknown", reason: expect.any(String) });
  expect(performance.now() - started).toBeLessThan(30_000);
});
