/** The eval Space as it is deployed: its bundle as a process of its own, a real backend, a real hub. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { BackendApi, type PendingResult } from "../../template/spaces/eval/api.ts";
import { Poller, type PollerOptions } from "../../template/spaces/eval/poller.ts";
import { shippedEvalFiles } from "../../wizard/deploy/space-files/eval.ts";
import {
  announcements,
  type Court,
  court,
  editIndex,
  indexOf,
  judge,
  soon,
  verdictOf,
} from "../backend/verification/support.ts";
import { tokenOf } from "../support/backend.ts";
import { WorkFolder } from "../support/work-folder.ts";

const COMMAND = [process.execPath, "judge.js"];
const VERIFICATION = { mode: "eval-space", command: COMMAND, timeout_seconds: 20, memory_mb: 1024 } as const;

/** Does what the result's `does` field says; by default what its score deserves. */
const EVALUATOR = `
const fs = require("node:fs");
const { filename, frontmatter, submission_dir } = JSON.parse(fs.readFileSync(0, "utf8"));
const say = (verdict) => { console.log(JSON.stringify(verdict)); process.exit(0); };
if (frontmatter.does === "crash") throw new Error("boom");
if (frontmatter.does === "wait") say({ verdict: "undecided" });
if (frontmatter.does === "read") {
  if (!submission_dir) say({ verdict: "undecided", reason_code: "needs_submission", reason: "There is no answer.txt." });
  const answer = fs.readFileSync(submission_dir + "/answer.txt", "utf8");
  say({ verdict: answer === "42" ? "valid" : "invalid", reason_code: answer === "42" ? null : "wrong_answer", reason: "read " + answer });
}
const ok = frontmatter.score < 150;
say({ verdict: ok ? "valid" : "invalid", reason_code: ok ? null : "too_good", reason: "looked at " + filename,
  checks: [{ field: "score", claimed: frontmatter.score, measured: 100, comparison: "< 150", ok }] });
`;

class EvalProcess {
  readonly #child: ChildProcess;
  readonly lines: string[] = [];
  readonly url = Promise.withResolvers<string>();

  constructor(folder: string, env: Record<string, string>) {
    this.#child = spawn(process.execPath, [join(folder, "server.js")], {
      env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", EVAL_POLL_S: "0.1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#read(line));
    }
    this.#child.once("exit", () => this.url.reject(new Error(this.lines.join("\n"))));
    this.url.promise.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  // biome-ignore lint/suspicious/noExplicitAny: checked field by field in the tests
  async status(path = "/"): Promise<any> {
    return (await fetch((await this.url.promise) + path)).json();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  #read(line: string): void {
    this.lines.push(line);
    if (!line.startsWith("{")) return;
    const { event, port } = JSON.parse(line) as { event: string; port?: number };
    if (event === "listening") this.url.resolve(`http://127.0.0.1:${port}`);
  }
}

const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of stack.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** A collab with the Space beside it. */
async function begin(): Promise<{ at: Court; space: EvalProcess }> {
  const at = await court({ verification: VERIFICATION });
  stack.push(at as Court & AsyncDisposable);
  const folder = await WorkFolder.create();
  stack.push(folder);
  const { collab, verification, scoring } = at.under.collab;
  const yaml = stringify({ collab, verification, scoring });
  const files = [
    ...(await shippedEvalFiles(at.under.collab)),
    { path: "collab.yaml", content: Buffer.from(yaml) },
    { path: "deployment.json", content: Buffer.from('{"slug": "gemma", "version": "abc123"}') },
    { path: "evaluator/judge.js", content: Buffer.from(EVALUATOR) },
  ];
  for (const { path, content } of files) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), content);
  }
  const space = new EvalProcess(folder.path, {
    HF_ENDPOINT: at.under.localHub.url,
    HF_TOKEN: tokenOf("organizer"),
    BACKEND_API_URL: at.under.url,
  });
  stack.push({ [Symbol.asyncDispose]: () => space.stop() });
  return { at, space };
}

const shown = (at: Court, filename: string, state: string) =>
  vi.waitFor(async () => {
    expect((await at.under.get(`/v1/results/${filename}`)).body.verification).toBe(state);
    expect(at.under.backend.verdicts.current(filename).applied).toBe(true);
  }, soon);

describe("the eval Space", () => {
  test("judges what is pending, announces it, and says what it has done", async () => {
    const { at, space } = await begin();
    const liar = await at.under.result(at.ada, 200);
    await shown(at, at.filename, "valid");
    await shown(at, liar, "invalid");
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "valid", [liar]: "invalid" });
    expect(await verdictOf(at.under, liar)).toMatchObject({ by: "eval-space", reason_code: "too_good" });
    const [message] = await announcements({ ...at, filename: liar });
    expect(message?.body).toContain("**INVALID**");
    expect(message?.body).toContain("| re-run score | 100 (Δ -50.00 %) | ❌ < 150 |");
    await vi.waitFor(async () => expect((await space.status()).left_pending).toBe(0), soon);
    const status = await space.status("/healthz");
    expect(status).toMatchObject({
      status: "ok",
      version: "abc123",
      configured: true,
      evaluated: 2,
      valid: 1,
      invalid: 1,
      errors: 0,
      limits: { seconds: 20, memory_mb: 1024 },
      enforced: { network: { enforced: expect.any(Boolean) }, processes: { enforced: expect.any(Boolean) } },
    });
    expect(status.last_poll).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await fetch(`${await space.url.promise}/other`)).status).toBe(404);
  });

  test("keeps its token out of its environment, where an evaluator could read it, and out of its log", async () => {
    const { at, space } = await begin();
    await shown(at, at.filename, "valid");
    const environment = await readFile(`/proc/${space.pid}/environ`, "latin1").catch(() => "");
    expect(environment).not.toContain(tokenOf("organizer"));
    expect(JSON.stringify(await space.status())).not.toContain(tokenOf("organizer"));
    expect(space.lines.join("\n")).not.toContain(tokenOf("organizer"));
  });

  test("reads the frozen submission; where there is none, its owner is told and may name it", async () => {
    const { at, space } = await begin();
    await shown(at, at.filename, "valid");
    const read = "does: read\nsubmission: submissions/v1\n";
    const lost = await at.under.result(at.ada, 101, read);
    await shown(at, lost, "needs_pointer");
    const [message] = await announcements({ ...at, filename: lost });
    expect(message?.body).toContain("There is no answer.txt.");
    expect(message?.body).toContain(":pointer");
    await at.ada.upload("submissions/v2/answer.txt", "42");
    const pointer = { agent_id: "ada", submission: "submissions/v2" };
    expect((await at.under.post(`/v1/results/${lost}:pointer`, pointer, at.ada.key)).status).toBe(200);
    // What was frozen counts, not what lies there later.
    await at.ada.upload("submissions/v2/answer.txt", "41");
    await shown(at, lost, "valid");
    expect((await announcements({ ...at, filename: lost })).length).toBe(2);

    await at.ada.upload("submissions/v1/answer.txt", "1");
    const wrong = await at.under.result(at.ada, 102, read);
    await shown(at, wrong, "invalid");
    expect(await verdictOf(at.under, wrong)).toMatchObject({ reason_code: "wrong_answer", reason: "read 1" });
    expect((await space.status()).errors).toBe(0);
  });

  test("leaves pending what its evaluator cannot tell, and goes on with the others", async () => {
    const { at, space } = await begin();
    const crash = await at.under.result(at.ada, 101, "does: crash\n");
    const wait = await at.under.result(at.ada, 102, "does: wait\n");
    const fine = await at.under.result(at.ada, 103);
    await shown(at, fine, "valid");
    await vi.waitFor(async () => expect((await space.status()).left_pending).toBe(2), soon);
    const status = await space.status();
    expect(status.last_error).toContain("boom");
    expect(status.last_error).toContain(crash);
    for (const filename of [crash, wait]) await shown(at, filename, "pending");
    expect(await verdictOf(at.under, crash)).toBeNull();
  });

  test("does not replace what a person has decided, whenever that was", async () => {
    const { at } = await begin();
    await shown(at, at.filename, "valid");
    await judge(at, "invalid", { announce: false });
    await sleep(500);
    await shown(at, at.filename, "invalid");
    await editIndex(at.under, { [at.filename]: "pending" });
    await shown(at, at.filename, "valid");
  });

  test("says so when its collab is verified another way, and ends", async () => {
    const folder = await WorkFolder.create();
    stack.push(folder);
    const { under } = await begin().then(({ at }) => at);
    for (const { path, content } of await shippedEvalFiles(under.collab))
      await writeFile(join(folder.path, path), content);
    await writeFile(join(folder.path, "collab.yaml"), stringify({ collab: under.collab.collab }));
    const space = new EvalProcess(folder.path, { HF_TOKEN: tokenOf("organizer") });
    await expect(space.url.promise).rejects.toThrow("verification.mode is manual");
    await space.stop();
  });
});

describe("the loop", () => {
  const pending = (n: number, verification = "pending"): PendingResult => ({
    filename: `20260601-100000-${String(n).padStart(3, "0")}_ada.md`,
    frontmatter: {},
    body: "",
    verification,
  });
  const verdict = { verdict: "valid", reasonCode: null, reason: "", checks: [] } as const;

  function loop(results: () => PendingResult[], change: Partial<PollerOptions> = {}) {
    const judged: string[] = [];
    const evaluated: string[] = [];
    let now = 0;
    const poller = new Poller({
      api: {
        async *pending() {
          yield* results();
        },
        submission: async () => null,
        judge: async (filename) => {
          judged.push(filename);
          return { outcome: "applied" as const };
        },
      },
      fetchSubmission: () => Promise.reject(new Error("there is none")),
      evaluate: async ({ filename }) => {
        evaluated.push(filename);
        return { ok: true, verdict: { ...verdict, checks: [] } };
      },
      pollMs: 1000,
      log: () => {},
      now: () => now,
      ...change,
    });
    return { poller, judged, evaluated, later: (ms: number) => (now += ms) };
  }

  test("hundreds of undecided ones hold up no newer one, and are asked more and more rarely", async () => {
    const old = Array.from({ length: 250 }, (_, n) => pending(n));
    const calls: string[] = [];
    const { poller, judged, later } = loop(() => [...old, pending(999)], {
      evaluate: async ({ filename }) => {
        calls.push(filename);
        const word = filename.includes("-999_") ? "valid" : "undecided";
        return { ok: true, verdict: { ...verdict, verdict: word, checks: [] } };
      },
    });
    await poller.poll();
    expect(judged).toEqual([pending(999).filename]);
    expect(poller.state.left_pending).toBe(250);
    calls.length = 0;
    await poller.poll();
    expect(calls.filter((name) => !name.includes("-999_"))).toEqual([]);
    for (let n = 0; n < 100; n += 1) {
      later(1000);
      await poller.poll();
    }
    expect(calls.filter((name) => name === old[0]?.filename).length).toBeLessThan(8);
  });

  test("what needs a pointer is not evaluated again before it has one", async () => {
    const { poller, evaluated } = loop(() => [pending(1, "needs_pointer"), pending(2)]);
    await poller.poll();
    expect(evaluated).toEqual([pending(2).filename]);
  });

  test("a backend that is down is an error to be seen, and tried again", async () => {
    const at = await court({ verification: VERIFICATION });
    stack.push(at);
    let url = "http://127.0.0.1:1";
    const api = new BackendApi({ url: () => Promise.resolve(url), token: tokenOf("organizer") });
    const { poller } = loop(() => [], { api });
    await poller.poll();
    expect(poller.state).toMatchObject({
      errors: 1,
      last_poll: null,
      last_error: expect.stringContaining("does not answer"),
    });
    url = at.under.url;
    await poller.poll();
    expect(poller.state).toMatchObject({ valid: 1, errors: 1, left_pending: 0 });
    expect((await at.under.get(`/v1/results/${at.filename}`)).body.verification).toBe("valid");
  });

  test("a token that may not judge changes nothing and is said", async () => {
    const at = await court({ verification: VERIFICATION });
    stack.push(at);
    const api = new BackendApi({ url: () => Promise.resolve(at.under.url), token: tokenOf("ada") });
    const { poller } = loop(() => [], { api });
    await poller.poll();
    expect(poller.state.last_error).toContain("NOT_ORGANIZER");
    expect((await at.under.get(`/v1/results/${at.filename}`)).body.verification).toBe("pending");
  });
});
