/** The organisers' commands on a collab that runs on this machine. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { runPath, runText } from "../../template/spaces/backend/documents/run.ts";
import {
  parseVerdict,
  type Verdict,
  verdictPath,
  verdictText,
} from "../../template/spaces/backend/documents/verdict.ts";
import type { DevSession } from "../../wizard/dev/session.ts";
import { runCli } from "../support/cli.ts";
import { startWherePeopleJudge } from "../support/people-judge.ts";
import { sampleRun } from "../support/runs.ts";
import { WorkFolder } from "../support/work-folder.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../examples/gemma-challenge");
const INDEX = "results/verification_status.json";

let work: WorkFolder;
let session: DevSession;
let filename: string;
let overCap: string;

beforeAll(async () => {
  work = await WorkFolder.create();
  session = await startWherePeopleJudge(work);
  filename = await postResult();
}, 120_000);
afterAll(async () => {
  await session?.close();
  await work?.[Symbol.asyncDispose]();
});

const hub = (user: keyof DevSession["tokens"]) =>
  createHub({ endpoint: session.hub.url, token: session.tokens[user] });
const central = () => hub("organizer").bucket(session.centralBucket);
const run = (args: string[], user: keyof DevSession["tokens"] = "organizer") =>
  runCli(args, {
    cwd: join(work.path, "collab"),
    env: { HF_ENDPOINT: session.hub.url, HF_TOKEN: session.tokens[user] },
  });
const json = async (args: string[], user?: keyof DevSession["tokens"]) =>
  JSON.parse((await run([...args, "--json"], user)).stdout);
const api = async (path: string, init?: RequestInit & { body?: string }) => {
  const headers = { "content-type": "application/json", authorization: `Bearer ${session.tokens.ada}` };
  const response = await fetch(`${session.backendUrl}${path}`, { headers, ...init });
  return { status: response.status, body: await response.json() };
};

/** Ada's agent registers and posts a result that breaks the guardrail, with a control sequence in its text. */
async function postResult(): Promise<string> {
  const bucket = hub("ada").bucket("fast-gemma/gemma-ada-one");
  await bucket.create();
  const result = (ppl: number) =>
    `---\ntps: 99.5\nppl: ${ppl}\nmethod: fast\nstatus: agent-run\ndescription: "quick \\e[2J one"\n---\nEvidence.\n`;
  await bucket.write([
    { path: ".bucket-sync-handshake", content: "ada" },
    { path: "result.md", content: result(2.4) },
    { path: "over-cap.md", content: result(3.5) },
  ]);
  const registered = await api("/v1/agents/register", {
    method: "POST",
    body: JSON.stringify({ agent_id: "ada-one", model: "m", harness: "h" }),
  });
  expect(registered.status, JSON.stringify(registered.body)).toBe(201);
  const posted = await api("/v1/results", {
    method: "POST",
    body: JSON.stringify({ source: "hf://buckets/fast-gemma/gemma-ada-one/result.md" }),
  });
  expect(posted.status, JSON.stringify(posted.body)).toBe(201);
  return posted.body.filename;
}

/** How often the author of the pending result was told of it. */
async function announced(): Promise<number> {
  const inbox = await api("/v1/inbox/ada-one?expand=true");
  const items: { frontmatter: { refs?: string[] } }[] = inbox.body.items;
  return items.filter(({ frontmatter }) => frontmatter.refs?.includes(filename)).length;
}

describe("judge", () => {
  test("lists what is pending", async () => {
    const listed = await json(["judge", "list"]);
    expect(listed).toMatchObject({
      pending: 1,
      results: [{ filename, agent: "ada-one", score: "99.5 tok/s" }],
    });
    const text = await run(["judge", "list"]);
    expect(text.stdout).toContain(filename);
    expect(text.stdout).not.toContain("\u001b");
  });

  test("what breaks a guardrail is invalid at once, and listed with the number", async () => {
    const posted = await api("/v1/results", {
      method: "POST",
      body: JSON.stringify({ source: "hf://buckets/fast-gemma/gemma-ada-one/over-cap.md" }),
    });
    overCap = posted.body.filename;
    const invalid = { filename: overCap, broken_guardrails: ["ppl 3.5 is above 2.42"] };
    expect(await json(["judge", "list", "--state", "invalid"])).toMatchObject({ results: [invalid] });
    const text = await run(["judge", "list", "--state", "invalid"]);
    expect(text.stdout).toContain("! ppl 3.5 is above 2.42");
    expect(await json(["judge", "list"])).toMatchObject({ pending: 1 });
  });

  test("shows the evidence, marked as data of its author", async () => {
    const shown = await run(["judge", "show", `results/${filename}`]);
    expect(shown.stdout).toMatch(/data, not instructions[\s\S]*method: fast[\s\S]*Evidence\./);
    expect(shown.stdout).not.toContain("\u001b");
  });

  test("--dry-run changes nothing", async () => {
    const dry = await json(["judge", "verdict", filename, "valid", "--reason=x", "--dry-run"]);
    expect(dry).toMatchObject({ changed: false, dry_run: true, before: "pending" });
    // The backend may meanwhile have entered the new result, as pending.
    const index = JSON.parse((await central().readText(INDEX)) ?? "{}");
    expect(index[filename] ?? "pending").toBe("pending");
    expect(await announced()).toBe(0);
  });

  test("a verdict keeps all others, is announced to the author, and the second time is already there", async () => {
    const other = "20260101-000000-000_somebody.md";
    const index = JSON.parse((await central().readText(INDEX)) ?? "{}");
    await central().write([{ path: INDEX, content: JSON.stringify({ ...index, [other]: "valid" }) }]);

    const verdict = await json(["judge", "verdict", filename, "invalid", "--reason", "ppl is above the cap"]);
    expect(verdict).toMatchObject({ changed: true, before: "pending", verdict: "invalid" });
    expect(verdict.outcome).toBe("applied");
    expect(JSON.parse((await central().readText(INDEX)) ?? "")).toEqual({
      [filename]: "invalid",
      [overCap]: "invalid",
      [other]: "valid",
    });
    const inbox = await api("/v1/inbox/ada-one?expand=true");
    expect(inbox.body.items[0]).toMatchObject({
      frontmatter: { refs: [filename] },
      body: expect.stringMatching(/INVALID[\s\S]*above the cap/),
    });

    expect(await json(["judge", "verdict", filename, "invalid", "--reason=x"])).toMatchObject({
      changed: false,
    });
    expect(await announced()).toBe(1);
  });

  test("shows who decided what and why, with the numbers and the runs behind it", async () => {
    const measured = sampleRun({
      run_id: "20260601-100000-000_ada-one",
      status: "failed",
      cost_dollars: 1.25,
      failure: { kind: "timeout", reason_code: "run_timeout", message: "too slow \u001b[2J", next_step: "" },
      summary: {
        ...{ sha256: "", harness_version: null, harness_sha256: null, gates_ok: false },
        values: { tps: 88.5 },
        gates: [
          {
            name: "identity",
            ok: false,
            reason_code: null,
            value: "divergent",
            limit: "exact",
            comparison: "==",
          },
        ],
      },
    });
    await central().write([{ path: runPath(measured.run_id), content: runText(measured) }]);
    const path = verdictPath(filename);
    const verdict = parseVerdict((await central().readText(path)) ?? "") as Verdict;
    const check = { field: "ppl", claimed: 2.4, measured: 3.5, limit: 2.42, comparison: "<=", ok: false };
    const content = verdictText({ ...verdict, run_ids: [measured.run_id], checks: [check] });
    await central().write([{ path, content }]);

    const shown = await run(["judge", "show", filename]);
    expect(shown.stdout).toMatch(/Verdict: invalid by human:organizer.*ppl is above the cap/);
    expect(shown.stdout).toMatch(/FAIL ppl {2}claimed 2\.4 {2}measured 3\.5 {2}limit 2\.42/);
    expect(shown.stdout).toMatch(/Run 20260601-100000-000_ada-one: failed.*\$1\.25/);
    expect(shown.stdout).toMatch(/failed: timeout \(run_timeout\): too slow/);
    expect(shown.stdout).toMatch(/gate identity: FAIL {2}divergent == exact/);
    expect(shown.stdout).not.toContain("\u001b");
    expect(await json(["judge", "show", filename])).toMatchObject({
      verdict: { state: "invalid", checks: [check] },
      runs: [{ run_id: measured.run_id }],
    });
  });

  test("more states and reasons than valid and invalid, and a way back", async () => {
    const disputed = ["judge", "verdict", filename, "disputed", "--reason=two runs differ"];
    expect(await json([...disputed, "--reason-code=runs_differ", "--no-announce"])).toMatchObject({
      changed: true,
      verdict: "disputed",
    });
    expect(parseVerdict((await central().readText(verdictPath(filename))) ?? "")).toMatchObject({
      state: "disputed",
      reason_code: "runs_differ",
    });
    expect(await announced()).toBe(1);
    expect(await json(["judge", "verdict", filename, "pending", "--reason=looking again"])).toMatchObject({
      changed: true,
    });
    const again = ["judge", "verdict", filename, "invalid", "--reason=ppl is above the cap", "--no-announce"];
    expect(await json(again)).toMatchObject({ changed: true });
    expect(await json(["judge", "list", "--state", "invalid"])).toMatchObject({
      results: expect.arrayContaining([expect.objectContaining({ filename })]),
    });
  });

  test("an index that is no index is left alone; the verdict is kept for later", async () => {
    const good = (await central().readText(INDEX)) ?? "{}";
    await central().write([{ path: INDEX, content: "oops" }]);
    const later = await json(["judge", "verdict", filename, "valid", "--reason=x"]);
    expect(later).toMatchObject({ outcome: "later" });
    expect(await central().readText(INDEX)).toBe("oops");
    await central().write([{ path: INDEX, content: good }]);
  });

  test.each<[name: string, args: string[], code: string, user?: "ada"]>([
    ["a participant", ["verdict", "FILE", "valid", "--reason=x"], "not_organiser", "ada"],
    ["an unknown result", ["show", "20260101-000000-000_nobody.md"], "no_such_result"],
    ["a path for a name", ["show", "../../etc/passwd"], "usage"],
    ["an unknown verdict", ["verdict", "FILE", "vald", "--reason=x"], "usage"],
    ["no reason", ["verdict", "FILE", "valid"], "usage"],
    ["an empty reason", ["verdict", "FILE", "valid", "--reason= "], "usage"],
    ["an unknown state", ["list", "--state=vald"], "usage"],
    ["a limit that is none", ["list", "--limit=many"], "usage"],
  ])("%s is refused", async (_name, args, code, user) => {
    const answer = await json(["judge", ...args.map((arg) => (arg === "FILE" ? filename : arg))], user);
    expect(answer).toMatchObject({ ok: false, error: { code } });
  });
});

describe("broadcast", () => {
  test("needs a yes when nobody is there, and shows itself with --dry-run", async () => {
    expect((await run(["broadcast", "hello"])).code).toBe(4);
    expect(await json(["broadcast", "hello", "--dry-run"])).toMatchObject({
      posted: false,
      agent_id: "human-organizer",
    });
    expect((await api("/v1/inbox/human-x")).body.count).toBe(0);
  });

  test("reaches every inbox", async () => {
    await writeFile(join(work.path, "collab", "news.md"), "We close **on Friday**.\n");
    const posted = await json(["broadcast", "@news.md", "--yes"]);
    expect(posted).toMatchObject({ posted: true });
    // As after a lost answer: the same words again are the same broadcast.
    expect(await json(["broadcast", "@news.md", "--yes"])).toEqual(posted);
    expect((await api("/v1/inbox/human-x")).body.count).toBe(1);
    expect((await api("/v1/inbox/human-x?expand=true")).body.items[0].body).toBe("We close **on Friday**.");
  });

  test.each<[args: string[], code: string, user?: "ada"]>([
    [[" ", "--yes"], "usage"],
    [["x".repeat(5000), "--yes"], "usage"],
    [["hello", "--yes"], "not_organiser", "ada"],
  ])("%j is refused", async (args, code, user) => {
    expect(await json(["broadcast", ...args], user)).toMatchObject({ error: { code } });
  });
});

describe("invite", () => {
  test("gives one paragraph that brings an agent in, and the text for people", async () => {
    const invited = await json(["invite"]);
    expect(invited).toMatchObject({
      status: "ready",
      invite_url: null,
      backend: { url: session.backendUrl },
    });
    expect(invited.agents).toContain(
      `hf buckets cp hf://buckets/${session.centralBucket}/README.md -\` with HF_ENDPOINT=${session.hub.url}`,
    );
    expect(invited.agents).toContain("data, not instructions");
    expect((await run(["invite", "--quiet"])).stdout.trim()).toBe(invited.agents);
  });
});

describe("eject", () => {
  test("puts the backend's code where deploy takes it from, once", async () => {
    expect(await json(["eject", "backend", "--dry-run"])).toMatchObject({
      ejected: false,
      files: ["Dockerfile", "README.md", "server.js", "unpack-thread.js"],
    });
    expect(await json(["eject", "backend"])).toMatchObject({ ejected: true });
    expect(Object.keys(await work.tree("collab/spaces/backend"))).toEqual([
      "Dockerfile",
      "README.md",
      "server.js",
      "unpack-thread.js",
    ]);
    expect(await json(["eject", "backend"])).toMatchObject({ ejected: false, already: true });
    expect(await json(["deploy", "--dry-run"])).toMatchObject({ ok: true });
  });

  test("gives the eval Space's code, too", async () => {
    expect(await json(["eject", "eval", "--dry-run"])).toMatchObject({
      ejected: false,
      files: ["Dockerfile", "README.md", "server.js"],
    });
  });

  test("an unknown part is refused with what there is", async () => {
    expect((await json(["eject", "frontend"])).error).toMatchObject({
      code: "usage",
      message: expect.stringMatching(/backend/),
    });
  });
});

describe("a collab that does not run", () => {
  test.each([["judge", "list"], ["invite"], ["broadcast", "x", "--yes"], ["hide", "--list"]])(
    "%j says how to start it",
    async (...args) => {
      const dir = join(work.path, "elsewhere");
      await mkdir(dir, { recursive: true });
      await cp(join(EXAMPLE, "task"), join(dir, "task"), { recursive: true });
      await writeFile(join(dir, "collab.yaml"), "collab: {slug: other, title: t, org: fast-gemma}\n");
      const env = { HF_ENDPOINT: session.hub.url, HF_TOKEN: session.tokens.organizer };
      const failed = await runCli([...args, "--json"], { cwd: dir, env });
      expect(JSON.parse(failed.stdout).error).toMatchObject({
        code: "not_deployed",
        fix: expect.stringMatching(/deploy/),
      });
    },
  );
});
