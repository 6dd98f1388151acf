/**
 * The Gemma example from end to end on a local hub, without a mock: upload, smoke and full run, result by run id,
 * verifier Job on the private set, verdict, inbox, board; and every way in which a run can fail.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Run } from "../../template/spaces/backend/documents/run.ts";
import { addFault } from "../support/hub-faults.ts";
import { atMost } from "./support/at-most.ts";
import { keptJobs } from "./support/hub-jobs.ts";
import { stubManifest } from "./support/manifests.ts";
import { requirePython } from "./support/python.ts";
import { NO_LIMITS, PATIENCE_MS, RunsCollab, type TestAgent } from "./support/runs-collab.ts";

let collab: RunsCollab;
let ada: TestAgent;
let bob: TestAgent;

beforeAll(async () => {
  requirePython();
  collab = await RunsCollab.start("gemma-challenge", NO_LIMITS);
  ada = await collab.agent("ada-one", "ada");
  bob = await collab.agent("bob-one", "bob");
}, PATIENCE_MS);
afterAll(() => collab?.[Symbol.asyncDispose]());

const stub = (agent: TestAgent, name: string, env: Record<string, string | number | boolean> = {}) =>
  collab.uploadFolder(agent, name, ["submissions/stub"], [stubManifest(env)]);

describe("a submission on its way to the board", () => {
  it("upload, smoke, full, result, verifier Job, verdict, inbox, board", {
    timeout: PATIENCE_MS * 2,
  }, async () => {
    const prefix = await stub(ada, "v1", { STUB_TPS: 300 });

    const smoke = await collab.run(ada, prefix, "smoke");
    expect(smoke).toMatchObject({ lane: "smoke", status: "completed", failure: null, charged: true });

    const full = await collab.run(ada, prefix, "full");
    expect(full).toMatchObject({ lane: "full", status: "completed", failure: null, kind: "benchmark" });
    expect(full.submission.content_hash).toBe(smoke.submission.content_hash);
    expect(full.summary).toMatchObject({
      values: { ppl: expect.closeTo(2.2, 6), identity: "exact" },
      gates_ok: true,
    });
    expect(full.summary?.harness_version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(full.runtime_hash).not.toBe(full.submission.content_hash);
    expect(full.cost_dollars).toBeGreaterThan(0);

    const filename = await collab.postResult(ada, full, { announce: true });
    const { frontmatter } = await collab.get(`/v1/results/${filename}`);
    expect(frontmatter).toMatchObject({
      tps: full.summary?.values.tps,
      ppl: full.summary?.values.ppl,
      run_id: full.run_id,
    });

    const verdict = await collab.verdict(filename, "valid", "invalid");
    expect(verdict).toMatchObject({ verification: "valid", applied: true, by: "verifier" });
    const runs = (await collab.get("/v1/runs?kind=verification")).items as Run[];
    const again = runs.filter((run) => run.result === filename);
    expect(again).toHaveLength(1);
    expect(again[0]).toMatchObject({ status: "completed", kind: "verification" });

    const news = await collab.until("the verdict in the inbox", async () => {
      const { items } = await collab.get(`/v1/inbox/${ada.id}?expand=true`);
      return (items as { body: string }[]).find(({ body }) => body.includes("VERIFIED VALID"));
    });
    expect(news.body).toContain(filename);

    const board = await collab.get("/v1/leaderboard");
    expect(board.rows[0]).toMatchObject({ agent: ada.id, verification: "valid" });
    const files = collab.hubAs("organizer").bucket(collab.session.centralBucket);
    await collab.until("the board's file", async () => {
      const text = await files.readText("leaderboard/leaderboard.json");
      return text?.includes(filename) ? true : undefined;
    });

    const outputs = [...(await namesOf(full))];
    for (const name of ["summary.json", "outputs.json", "job_status.json", "job_logs.txt"]) {
      expect(outputs).toContain(name);
    }
  });
});

/** What the agent finds in its own bucket. */
function namesOf(run: Run): Promise<Set<string>> {
  return collab.until("the copies of the outputs", async () => {
    const names = new Set<string>();
    for await (const entry of collab
      .hubAs("ada")
      .bucket(run.submission.source.bucket)
      .list(run.run_prefix ?? "")) {
      names.add(entry.path.slice((run.run_prefix ?? "").length + 1));
    }
    return names.has("job_status.json") && names.has("outputs.json") ? names : undefined;
  });
}

const taking = atMost(3);

/** Switches of the stub that end a run, and how. */
const FAULTS: [name: string, env: Record<string, string | boolean>, kind: string, reason: string][] = [
  ["no token ids", { STUB_FAULTS: "drop-token-ids" }, "submission_error", "no_token_ids"],
  ["no prompt_logprobs", { STUB_FAULTS: "drop-logprobs" }, "submission_error", "no_prompt_logprobs"],
  ["a logprob left out", { STUB_FAULTS: "omit-logprob" }, "submission_error", "bad_logprob"],
  ["an infinite logprob", { STUB_FAULTS: "infinite-logprob" }, "submission_error", "bad_logprob"],
  ["chat that fails", { STUB_FAULTS: "chat-fails" }, "submission_error", "server_error"],
  ["answers that are not JSON", { STUB_FAULTS: "bad-json" }, "submission_error", "bad_response"],
  ["a refused request", { STUB_FAULTS: "refuse" }, "submission_error", "request_refused"],
  ["out of memory", { STUB_FAULTS: "oom-above=200" }, "submission_error", "out_of_memory"],
  ["death in the middle", { STUB_FAULTS: "die-after=5" }, "submission_error", "server_exited"],
  ["a slow death", { STUB_FAULTS: "slow-death=4" }, "submission_error", "server_error"],
  ["an early exit", { STUB_EXIT_CODE: "3" }, "submission_error", "server_exited"],
  ["500 for ever", { STUB_READY: "errors" }, "submission_error", "server_answers_errors"],
  ["a hang", { STUB_FAULTS: "hang-after=4" }, "timeout", "request_timeout"],
  ["503 for ever", { STUB_READY: "loading" }, "timeout", "startup_timeout"],
  ["silence", { STUB_READY: "silent" }, "timeout", "server_silent"],
  ["another port", { STUB_WRONG_PORT: true }, "timeout", "server_silent"],
];

/** Switches that leave a run measurable, and what its gates say. */
const GATES: [name: string, env: Record<string, string | number>, reasons: string[]][] = [
  ["over the cap", { STUB_PPL: 2.6 }, ["ppl_over_cap"]],
  ["too few tokens", { STUB_FAULTS: "early-eos=9" }, ["short_output", "greedy_divergent"]],
  ["other tokens", { STUB_FAULTS: "diverge=5" }, ["greedy_divergent"]],
  ["a model that loops", { STUB_FAULTS: "looping-model" }, ["repetition_loop"]],
  ["inflated probabilities", { STUB_FAULTS: "inflated-logprobs" }, ["logprobs_implausible"]],
  ["no alternatives", { STUB_FAULTS: "hide-alternatives" }, ["audit_impossible"]],
  ["no image", { STUB_FAULTS: "no-image" }, ["modality_missing"]],
  ["no audio", { STUB_FAULTS: "no-audio" }, ["modality_missing"]],
  ["an echoed prompt", { STUB_FAULTS: "echo-prompt" }, []],
];

const slug = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");

const smokeRun = (name: string, env: Record<string, string | number | boolean>): Promise<Run> =>
  taking(async () => collab.run(bob, await stub(bob, slug(name), env), "smoke"));

describe("a run that fails says how, and what to do", () => {
  it.concurrent.each(FAULTS)("%s", { timeout: PATIENCE_MS }, async (name, env, kind, reason) => {
    const run = await smokeRun(name, env);
    expect(run).toMatchObject({ status: "failed", failure: { kind, reason_code: reason }, charged: true });
    expect(run.failure?.next_step).not.toBe("");
    expect(run.attempts).toHaveLength(1);
    expect(run.summary?.values.tps).toBeUndefined();
  });
});

describe("a run that can be measured shows its gates", () => {
  it.concurrent.each(GATES)("%s", { timeout: PATIENCE_MS }, async (name, env, reasons) => {
    const run = await smokeRun(name, env);
    expect(run).toMatchObject({ status: "completed", failure: null });
    const failed = run.summary?.gates.filter(({ ok }) => !ok).map(({ reason_code }) => reason_code);
    expect(failed).toEqual(reasons);
    expect(run.summary?.gates_ok).toBe(reasons.length === 0);
  });
});

/** Data that every dry run reads, in the harness that was deployed. */
const DATA_FILE = "harness/data/invented/prompts.jsonl";

/** Takes a file of the deployed harness away, as a bad upload would; the answer puts it back. */
async function breakHarness(): Promise<() => Promise<void>> {
  const central = collab.hubAs("organizer").bucket(collab.session.centralBucket);
  const content = (await central.read(DATA_FILE)) ?? "";
  await central.publish({ deletes: [DATA_FILE] });
  return () => central.write([{ path: DATA_FILE, content }]);
}

const quotaOf = async (agent: TestAgent) =>
  (await collab.get(`/v1/jobs?agent=${agent.id}`)).quota.lanes.smoke;

describe("a run that fails without its fault", () => {
  it("is tried once more, and costs no quota when that fails too", { timeout: PATIENCE_MS }, async () => {
    const prefix = await stub(ada, "no-data");
    const before = await quotaOf(ada);
    const mend = await breakHarness();
    try {
      const run = await collab.run(ada, prefix, "smoke");
      expect(run).toMatchObject({
        status: "failed",
        failure: { kind: "infra_error", reason_code: "data_missing" },
        charged: false,
      });
      expect(run.attempts.map(({ n, failure }) => [n, failure?.kind])).toEqual([
        [1, "infra_error"],
        [2, "infra_error"],
      ]);
    } finally {
      await mend();
    }
    expect(await quotaOf(ada)).toEqual(before);
  });

  it("is completed by the second try where the first was bad luck", { timeout: PATIENCE_MS }, async () => {
    const prefix = await stub(ada, "bad-luck");
    const mend = await breakHarness();
    // The backend does not see the first Job end before the harness is whole again.
    const see = await addFault(collab.hubUrl, {
      kind: "status",
      method: "GET",
      path: "/api/jobs/*/*",
      user: "organizer",
    });
    const { body } = await collab.startRun(ada, prefix, "smoke");
    await collab.until("the first Job to end", async () => {
      const job = keptJobs(collab.session.hub).find(({ id }) => id === body.job_id);
      return job?.stage === "ERROR" ? true : undefined;
    });
    await mend();
    await see();
    const run = await collab.over(body.run_id);
    expect(run).toMatchObject({ status: "completed", failure: null, charged: true });
    expect(run.attempts.map(({ failure }) => failure?.reason_code)).toEqual(["data_missing", undefined]);
  });

  it("is canceled when its owner says so, and by nobody else", { timeout: PATIENCE_MS }, async () => {
    const prefix = await stub(ada, "slow", { STUB_TPS: 5 });
    const { body } = await collab.startRun(ada, prefix, "full");
    const path = `/v1/runs/${body.run_id}:cancel`;
    expect((await collab.request(path, {}, bob.key)).status).toBe(403);
    await collab.post(path, {}, ada.key);
    const run = await collab.over(body.run_id);
    expect(run).toMatchObject({ status: "canceled", failure: { kind: "canceled" } });
  });
});

describe("before anything is paid for", () => {
  it("a manifest is refused with the line of every fault", async () => {
    const manifest =
      '{\n  "serve": ["python", "serve.py"],\n  "port": 8000,\n  "env": {\n    "HF_TOKEN": "x"\n  }\n}\n';
    const prefix = await collab.uploadFolder(
      bob,
      "bad",
      ["submissions/stub"],
      [{ path: "manifest.json", content: manifest }],
    );
    const { status, body } = await collab.startRun(bob, prefix, "smoke");
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    const text = JSON.stringify(body);
    expect(text).toContain("port");
    expect(text).toContain("HF_TOKEN");
    expect(text).toMatch(/\b3\b/);
    expect(text).toMatch(/\b5\b/);
  });
});
