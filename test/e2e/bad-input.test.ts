/** Every kind of bad input a newcomer meets: a clear error that names the thing and the fix, nothing half-written. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { RunningCollab } from "../support/dev.ts";
import type { Finished } from "../support/hf-cli.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../examples/gemma-challenge");

/** Failed for a reason that a person can read: no stack trace, no silence. */
function expectReadableFailure(result: Finished, ...facts: (string | RegExp)[]): void {
  const text = result.stdout + result.stderr;
  expect(result.code, text).not.toBe(0);
  expect(text).not.toMatch(/^\s+at .+:\d+/m);
  for (const fact of facts) expect(text).toMatch(fact);
}

describe("a collab directory that is wrong", () => {
  let work: string;
  let dir: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "collab-bad-input-"));
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const edited = async (name: string, edit: (yaml: string) => string) => {
    dir = join(work, name);
    await cp(EXAMPLE, dir, { recursive: true, filter: (path) => !path.includes(".agent-collab") });
    const file = join(dir, "collab.yaml");
    await writeFile(file, edit(await readFile(file, "utf8")));
    return dir;
  };

  test.each<[name: string, edit: (yaml: string) => string, facts: RegExp[]]>([
    ["broken-yaml", (y) => `${y}\nboard: [unclosed`, [/collab\.yaml:\d+/]],
    ["unknown-key", (y) => y.replace("scoring:", "scorring:"), [/scorring/, /scoring/, /collab\.yaml:\d+/]],
    [
      "wrong-type",
      (y) => y.replace(/max: 2\.42/, 'max: "two"'),
      [/guardrails/, /two/, /number/, /collab\.yaml:\d+/],
    ],
    [
      "capitals",
      (y) => y.replace(/slug: gemma/, "slug: Gemma"),
      [/slug/, /Gemma/, /a-z/, /collab\.yaml:\d+/],
    ],
  ])("%s: check and dev refuse it with file, line and fix", async (name, edit, facts) => {
    await edited(name, edit);
    const check = await runCli(["check", dir]);
    expect(check.code).toBe(1);
    expectReadableFailure(check, ...facts);

    const json = JSON.parse((await runCli(["check", dir, "--json"])).stdout);
    expect(json).toMatchObject({ ok: false });

    expectReadableFailure(await runCli(["dev", dir, "--port", "0"]), ...facts);
    expect(await readdir(dir)).not.toContain(".agent-collab");
  });

  test("a missing task file is named with what belongs in it", async () => {
    await edited("missing-task", (y) => y);
    await rm(join(dir, "task/goal.md"));
    expectReadableFailure(await runCli(["check", dir]), /task\/goal\.md/);
  });

  test("a directory without collab.yaml says how to make one", async () => {
    const empty = await mkdtemp(join(work, "empty-"));
    expectReadableFailure(await runCli(["check", empty]), /collab\.yaml/, /create/);
  });
});

describe("a machine that is in the way", () => {
  test("a taken port is named, and another is offered", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as { port: number };
    try {
      const result = await runCli(["dev", EXAMPLE, "--port", String(port), "--ephemeral"]);
      expectReadableFailure(result, new RegExp(String(port)), /--port/);
    } finally {
      server.close();
    }
  });

  test("a data folder that cannot be written is named", async () => {
    const result = await runCli(["dev", EXAMPLE, "--port", "0", "--data", "/proc/agent-collab"]);
    expectReadableFailure(result, /\/proc\/agent-collab/, /--data/);
  });
});

describe("requests that must be refused", () => {
  let collab: RunningCollab;

  beforeAll(async () => {
    collab = await RunningCollab.start({ args: ["--ephemeral", "--no-rehearsal"] });
  }, 120_000);
  afterAll(() => collab?.[Symbol.asyncDispose]());

  const send = async (path: string, body: unknown, token?: string) => {
    const response = await fetch(`${collab.ready.backend.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };

  test("a wrong token", async () => {
    const answer = await send(
      "/v1/agents/register",
      { agent_id: "x", model: "m", harness: "h" },
      "hf_local_nobody",
    );
    // The scratch bucket is asked for first (api-v1.md 3.4), so a bad token shows on the routes that need only it.
    expect(answer.body.error.code).toBe("BUCKET_MISSING");
    expect(answer.body.error.hint).toContain("hf buckets create");
    const me = await fetch(`${collab.ready.backend.url}/v1/me`, {
      headers: { authorization: "Bearer hf_local_nobody" },
    });
    expect(me.status).toBe(401);
  });

  test("an unregistered agent", async () => {
    const answer = await send("/v1/messages", { agent_id: "stranger", body: "hi" }, collab.ready.tokens.ada);
    expect(answer).toMatchObject({ status: 404, body: { error: { code: "NOT_REGISTERED" } } });
    expect(answer.body.error.hint).toContain("/v1/agents/register");
  });

  test.each([
    "hf://buckets/fast-gemma/gemma-x/../../etc/passwd",
    "hf://buckets/other-org/gemma-x/a.md",
    "/etc/passwd",
  ])("the source %s", async (source) => {
    const answer = await send("/v1/results", { source }, collab.ready.tokens.ada);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "INVALID_PATH" } } });
  });

  test("a body that is not JSON, with the reason", async () => {
    const response = await fetch(`${collab.ready.backend.url}/v1/messages`, {
      method: "POST",
      body: "{oops",
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      error: { code: "INVALID_REQUEST" },
      detail: [{ type: "json_invalid" }],
    });
  });
});
