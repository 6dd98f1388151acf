/** The commands that run a collab, from its first deployment to its end, on a local hub. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { addUser, CollabFolder, emulator } from "../deploy/support.ts";
import { runCli } from "../support/cli.ts";

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

  test("the smoke test has left its message and no bucket", async () => {
    const { json } = await cli("status");
    expect(json).toMatchObject({
      healthy: true,
      backend: { state: "healthy", stage: "RUNNING", ours: true },
      board: { agents: 1, messages: 1, results: 0 },
    });
    expect(json.backend.version).toBe(json.backend.wanted);
    const response = await fetch(`${server.url}/api/buckets/demo`, {
      headers: { authorization: "Bearer hf_local_organizer" },
    });
    const buckets = (await response.json()) as { id: string }[];
    expect(buckets.map(({ id }) => id)).toEqual(["demo/life-main-bucket"]);
  });

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
    const open = await cli("open", ["--print"]);
    expect(open.json).toMatchObject({ url: expect.stringMatching(/^http/), opened: false });
  });

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
    const exported = await cli("export", ["--out", out]);
    expect(exported.code, exported.stdout).toBe(0);
    expect(exported.json).toMatchObject({ agents: 1, messages: 2, results: 0, left_out: [] });
    const lines = (await readFile(join(out, "data/messages.jsonl"), "utf8")).trim().split("\n");
    const [first] = lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({ body: expect.stringContaining("Smoke test"), frontmatter: { via: "raw" } });
    expect(await readFile(join(out, "files/message_board", first.filename), "utf8")).toContain("Smoke test");
    expect(await readFile(join(out, "README.md"), "utf8")).toContain("config_name: messages");
    expect((await cli("export", ["--out", out])).json.error.code).toBe("folder_exists");
    expect((await readdir(folder.dir)).filter((name) => name.includes("unfinished"))).toEqual([]);
  });

  test("a broken backend shows in status and doctor, with its reason", async () => {
    await hub().space("demo/life-backend").pause();
    const status = await cli("status");
    expect(status.code).toBe(0);
    expect(status.json).toMatchObject({ healthy: false, backend: { state: "down", stage: "PAUSED" } });
    expect(check((await cli("doctor")).json, "backend")).toMatchObject({ state: "fail" });
    const deploy = await cli("deploy", ["--yes"], { HF_TOKEN: "hf_local_organizer" });
    expect(deploy.code, deploy.stdout).toBe(0);
    expect((await cli("status")).json.healthy).toBe(true);
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

test("status of a Hub that does not answer says so within seconds", async () => {
  const started = performance.now();
  const { json, code } = await cli("status", [], { HF_ENDPOINT: "http://127.0.0.1:9" });
  expect(code).toBe(0);
  expect(json.backend).toMatchObject({ state: "unknown", reason: expect.any(String) });
  expect(performance.now() - started).toBeLessThan(30_000);
});
