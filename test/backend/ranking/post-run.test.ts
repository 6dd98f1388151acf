/** Results whose numbers come from a run, through the API. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CollabInput } from "../../../template/schema/collab.ts";
import type { Run } from "../../../template/spaces/backend/documents/run.ts";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";
import { keepRun, sampleRun, sampleSummary } from "../../support/runs.ts";

const JOBS: Partial<CollabInput> = {
  scoring: {
    field: "tps",
    unit: "tok/s",
    statistic: "median",
    draws: 3,
    required: ["tps", "ppl", "method", "status", "description"],
    guardrails: [{ field: "ppl", max: 2.42 }],
    columns: [{ field: "identity" }],
    tracks: [{ id: "lossless", title: "Lossless", requires: ["identity"] }],
  },
  jobs: { enabled: true },
};

let under: BackendUnderTest;
let ada: TestAgent;
let n = 0;

async function start(collab: Partial<CollabInput> = JOBS): Promise<void> {
  under = await BackendUnderTest.start({ collab });
  ada = await under.agent("ada");
}
beforeEach(() => {
  n = 0;
});
afterEach(() => under[Symbol.asyncDispose]());

function run(change: Partial<Run> = {}): Promise<Run> {
  n += 1;
  const owner = change.agent_id ?? "ada";
  return keepRun(under, {
    ...sampleRun({
      run_id: `20260601-10000${n}-000_${owner}`,
      summary: sampleSummary({ tps: 100 + n, ppl: 2.3, identity: "exact" }),
    }),
    ...change,
  });
}

const post = (run: Pick<Run, "run_id">, extra: Record<string, unknown> = {}, token = ada.key) =>
  under.post("/v1/results", { run_id: run.run_id, method: "m1", description: "what I did", ...extra }, token);
const board = async (query = "") => (await under.get(`/v1/leaderboard${query}`)).body;

describe("a completed full run", () => {
  test("becomes a result with the server's numbers, announced in the same call", async () => {
    await start({ ...JOBS, board: { channels: [{ id: "results", title: "Results" }] } });
    const bob = await under.agent("bob", "bob");
    const earlier = await under.say(bob, "an idea");
    const measured = await run();
    const answer = await post(measured, {
      body: "How to repeat it.",
      based_on: earlier,
      announce: true,
      channel: "results",
    });
    expect(answer).toMatchObject({
      status: 201,
      body: { via: "run", run_id: measured.run_id, status: "agent-run", score: 101, verification: "pending" },
    });
    const { filename, path, announcement } = answer.body;
    expect(path).toBe(`results/${filename}`);
    const result = (await under.get(`/v1/results/${filename}`)).body;
    expect(result).toMatchObject({
      body: "How to repeat it.",
      verification: "pending",
      frontmatter: {
        tps: 101,
        ppl: 2.3,
        identity: "exact",
        method: "m1",
        status: "agent-run",
        run_id: measured.run_id,
        submission: "hf://buckets/demo/gemma-main-bucket/submissions/c0ffee",
        content_hash: "c0ffee",
        runtime_hash: "c0ffee",
        harness_version: "1.0.0",
        based_on: [earlier],
        agent: "ada",
        via: "run",
      },
      run: { run_id: measured.run_id, status: "completed" },
      draws: [{ run_id: measured.run_id, agent: "ada", hf_user: "ada", score: 101, result: filename }],
      standing: { score: 101, provisional: true, reproduction_of: null, tracks: ["lossless"] },
      verdict: null,
    });
    expect((await under.get(`/v1/messages/${announcement}`)).body).toMatchObject({
      frontmatter: { agent: "ada", channel: "results", refs: `${path}, ${earlier}` },
      body: expect.stringContaining("Result 101 tok/s: m1"),
    });
    expect((await under.get("/v1/inbox/bob")).body.items).toEqual([announcement]);
    expect(await under.central.readText(path)).toContain(`run_id: ${measured.run_id}`);
  });

  test("is posted by its owner alone, with a key or a token, however the collab takes writes", async () => {
    await start({ ...JOBS, board: { writes: "open" } });
    const bob = await under.agent("bob", "bob");
    const measured = await run();
    expect(
      (await under.post("/v1/results", { run_id: measured.run_id, method: "m", description: "d" })).status,
    ).toBe(401);
    expect((await post(measured, {}, bob.key)).body.error.code).toBe("IDENTITY_MISMATCH");
    expect((await post(measured, {}, tokenOf("bob"))).body.error.code).toBe("IDENTITY_MISMATCH");
    expect((await post(measured, { agent_id: "bob" }, bob.key)).body.error).toMatchObject({
      code: "IDENTITY_MISMATCH",
      hint: expect.stringContaining("based_on"),
    });
    expect((await board()).meta.results_considered).toBe(0);
    expect((await post(measured, { agent_id: "ada" }, tokenOf("ada"))).status).toBe(201);
  });

  test("is posted once, also by two requests at the same moment and after a restart", async () => {
    await start();
    const measured = await run();
    const answers = await Promise.all([post(measured), post(measured), post(measured)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const { filename } = answers.find(({ status }) => status === 201)?.body ?? {};
    await under.restart();
    expect((await post(measured, { status: "negative" })).body.error).toMatchObject({
      code: "ALREADY_PROMOTED",
      hint: `existing filename: ${filename}`,
    });
  });

  test("is no post with text: it spends what a result from a bucket does", async () => {
    const limits = { raw_messages_per_minute: 1, bucket_writes_burst: 3 };
    // A clock that stands still: no allowance comes back.
    const at = Date.now();
    under = await BackendUnderTest.start({
      collab: { ...JOBS, board: { limits } },
      start: { now: () => at },
    });
    ada = await under.agent("ada");
    const left = async () => {
      const { posts, promotions, owner } = (await under.get("/v1/limits?as=ada")).body.as;
      return [posts.remaining, promotions.remaining, owner.remaining];
    };
    const [, , owners] = await left();
    await under.say(ada, "the only one of this minute");
    expect(await left()).toEqual([0, 3, owners - 1]);
    const announce = { announce: true };
    for (const promotions of [2, 1]) {
      expect((await post(await run(), announce)).status).toBe(201);
      expect((await left())[1]).toBe(promotions);
    }
    await under.result(ada, 5, "tps: 5\nppl: 2.3\n");
    expect(await left()).toEqual([0, 0, owners - 4]);
    const refused = await post(await run(), announce);
    expect(refused).toMatchObject({ status: 429, body: { error: { code: "RATE_LIMITED" } } });
    expect(refused.body.error.message).toContain("promotions from gemma-ada");
    const { conventions } = (await under.get("/v1")).body;
    expect(conventions.limits).toContain("Promotions, runs and their results: 3 at once");
  });

  test("a score in `fields` does not reach the file", async () => {
    await start();
    const measured = await run();
    for (const fields of [
      { tps: 999 },
      { ppl: 1 },
      { via: "run" },
      { runtime_hash: "x" },
      { status: "agent-run" },
    ]) {
      expect((await post(measured, { fields })).body.error, JSON.stringify(fields)).toMatchObject({
        code: "INVALID_FRONTMATTER",
        message: expect.stringContaining("written by the server"),
      });
    }
    const { body } = await post(measured, { fields: { axis: "kernels" } });
    expect((await under.get(`/v1/results/${body.filename}`)).body.frontmatter).toMatchObject({
      axis: "kernels",
      tps: 101,
    });
  });

  test("what the collab requires besides comes in `fields`, and its absence is named", async () => {
    await start({ ...JOBS, scoring: { required: ["status", "engine"] } });
    const measured = await run({ summary: sampleSummary({ score: 5 }) });
    expect((await post(measured)).body.error.message).toContain('the field "engine" is missing');
    expect((await post(measured, { fields: { engine: " " } })).body.error.message).toContain("blank");
    expect((await post(measured, { fields: { engine: "vllm" } })).status).toBe(201);
  });
});

describe("a run that cannot rank", () => {
  test.each<[string, Partial<Run>, string]>([
    ["is still running", { status: "launched" }, "RUN_NOT_OVER"],
    ["is reserved", { status: "reserved" }, "RUN_NOT_OVER"],
    ["is a smoke run", { lane: "smoke" }, "RUN_CANNOT_RANK"],
    ["was canceled", { status: "canceled" }, "RUN_CANNOT_RANK"],
    [
      "failed",
      {
        status: "failed",
        summary: null,
        failure: { kind: "submission_error", reason_code: "server_exited", message: "", next_step: "" },
      },
      "RUN_CANNOT_RANK",
    ],
    ["has no score", { summary: sampleSummary({ ppl: 2 }) }, "RUN_CANNOT_RANK"],
    ["has a score of zero", { summary: sampleSummary({ tps: 0, ppl: 2 }) }, "RUN_CANNOT_RANK"],
    ["is a verification", { kind: "verification", result: "x.md" }, "RUN_CANNOT_RANK"],
  ])("a run that %s is refused, and nothing is written", async (_what, change, code) => {
    await start();
    const answer = await post(await run(change));
    expect(answer).toMatchObject({ status: 409, body: { error: { code } } });
    expect((await under.get("/v1/results")).body.count).toBe(0);
  });

  test("a failed one is a dead end worth posting, with the kind of its failure", async () => {
    await start();
    const failed = await run({
      status: "failed",
      summary: null,
      failure: { kind: "submission_error", reason_code: "server_exited", message: "", next_step: "" },
    });
    const { status, body } = await post(failed, { status: "negative", announce: true });
    expect(status).toBe(201);
    expect(body.score).toBeNull();
    expect((await under.get(`/v1/results/${body.filename}`)).body.frontmatter).toMatchObject({
      status: "negative",
      failure: { kind: "submission_error", reason: "server_exited" },
    });
    expect(await board()).toMatchObject({ rows: [], meta: { excluded: { status_negative: 1 } } });
    expect((await under.get(`/v1/messages/${body.announcement}`)).body.body).toContain("Negative result: m1");
  });

  test.each([["smoke"], ["full"]] as const)(
    "a %s run can be negative, and then never ranks",
    async (lane) => {
      await start();
      expect((await post(await run({ lane }), { status: "negative" })).status).toBe(201);
      expect((await board()).rows).toEqual([]);
    },
  );

  test("an unknown run, an unknown basis and bad input are told apart", async () => {
    await start();
    const measured = await run();
    expect((await post({ run_id: "20260601-000000-000_ada" })).body.error.code).toBe("NOT_FOUND");
    expect((await post({ run_id: "../../etc" })).body.error.code).toBe("NOT_FOUND");
    expect((await post(measured, { based_on: "20260101-000000-000_x.md" })).body.error.message).toContain(
      "based_on",
    );
    expect((await post(measured, { based_on: ["no filename"] })).body.error.code).toBe("INVALID_FRONTMATTER");
    expect((await post(measured, { method: " " })).body.error.message).toContain("blank");
    expect((await post(measured, { channel: "nowhere", announce: true })).status).toBe(201);
    for (const body of [
      {},
      { run_id: measured.run_id },
      { run_id: measured.run_id, source: "hf://buckets/demo/gemma-ada/r.md" },
      { run_id: measured.run_id, method: "m", description: "d", status: "valid" },
      { run_id: measured.run_id, method: "m", description: "d", fields: { "not a key": 1 } },
      { run_id: measured.run_id, method: "m", description: "d", fields: { nested: {} } },
    ]) {
      expect((await under.post("/v1/results", body, ada.key)).status, JSON.stringify(body)).toBe(422);
    }
  });
});

describe("over a limit", () => {
  test("the result is taken, is invalid with both numbers, and stays on view with its reason", async () => {
    await start();
    const over = await run({ summary: sampleSummary({ tps: 500, ppl: 2.43, identity: "exact" }) });
    const { status, body } = await post(over, { announce: true });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      verification: "invalid",
      reason_code: "guardrail_broken",
      reason: "ppl is 2.43, which is not <= 2.42 (limit included)",
    });
    const { filename } = body;
    const seen = (await under.get(`/v1/results/${filename}`)).body;
    expect(seen).toMatchObject({
      verification: "invalid",
      verdict: {
        state: "invalid",
        by: "backend",
        applied: true,
        run_ids: [over.run_id],
        checks: [{ field: "ppl", measured: 2.43, limit: 2.42, ok: false }],
      },
    });
    const { rows, unranked, meta } = await board();
    expect(rows).toEqual([]);
    expect(unranked).toMatchObject([
      { filename, why: "invalid", score: 500, reason_code: "guardrail_broken", guardrails_ok: false },
    ]);
    expect(meta.excluded).toMatchObject({ verification_invalid: 1 });
    expect((await under.get(`/v1/messages/${body.announcement}`)).body.body).toContain(
      "INVALID (guardrail_broken)",
    );
    await vi.waitFor(async () => {
      const index = JSON.parse((await under.central.readText("results/verification_status.json")) ?? "{}");
      expect(index).toEqual({ [filename]: "invalid" });
    });
  });

  test("a failed gate of the harness gives its own reason", async () => {
    await start();
    const looping = await run({
      summary: sampleSummary(
        { tps: 500, ppl: 2.3 },
        {
          gates_ok: false,
          gates: [
            {
              name: "repetition",
              ok: false,
              reason_code: "looping_text",
              value: 31,
              limit: 8,
              comparison: "<=",
            },
          ],
        },
      ),
    });
    expect((await post(looping)).body).toMatchObject({
      verification: "invalid",
      reason_code: "looping_text",
      reason: "the gate repetition failed: 31, which is not <= 8",
    });
  });

  test("exactly at the limit is within it", async () => {
    await start();
    const at = await run({ summary: sampleSummary({ tps: 500, ppl: 2.42 }) });
    expect((await post(at)).body.verification).toBe("pending");
    expect((await board()).rows).toMatchObject([{ score: 500, guardrails_ok: true }]);
  });

  test("a reported score over the limit is invalid as well; a dead end is not judged", async () => {
    await start({ ...JOBS, jobs: { enabled: false } });
    const file = (status: string) =>
      `---\ntps: 536\nppl: 2.456\nmethod: w128\nstatus: ${status}\ndescription: d ${status}\n---\n`;
    const source = await ada.upload("a.md", file("agent-run"));
    const { body } = await under.post("/v1/results", { source }, ada.key);
    expect(body).toMatchObject({ via: "bucket", verification: "invalid", reason_code: "guardrail_broken" });
    expect((await under.get(`/v1/results/${body.filename}`)).body.verdict.checks).toMatchObject([
      { field: "ppl", claimed: 2.456, measured: null, limit: 2.42, ok: false },
    ]);
    expect(await board()).toMatchObject({ rows: [], unranked: [{ score: 536, why: "invalid" }] });
    const negative = await ada.upload("b.md", file("negative"));
    expect((await under.post("/v1/results", { source: negative }, ada.key)).body).not.toHaveProperty(
      "verification",
    );
  });

  test("a person's edit of the index wins over it", async () => {
    await start();
    const over = await run({ summary: sampleSummary({ tps: 500, ppl: 2.43 }) });
    const { filename } = (await post(over)).body;
    await under.backend.record.verification.update((entries) => new Map([...entries, [filename, "valid"]]));
    expect((await board()).rows).toMatchObject([
      { filename, verification: "valid", reason: null, score: 500 },
    ]);
  });
});

describe("self-reported scores", () => {
  const file = "---\ntps: 900\nppl: 2.3\nmethod: typed\nstatus: agent-run\ndescription: d\n---\n";
  const publish = async (text = file, name = "r.md") =>
    under.post("/v1/results", { source: await ada.upload(name, text) }, ada.key);

  test("stand beside the board where runs measure", async () => {
    await start();
    const { filename } = (await publish()).body;
    await post(await run());
    const { rows, unranked, meta } = await board();
    expect(rows).toMatchObject([{ rank: 1, score: 101, self_reported: false }]);
    expect(unranked).toMatchObject([{ filename, why: "self_reported", score: 900, self_reported: true }]);
    expect(meta.excluded).toMatchObject({ self_reported: 1 });
  });

  test("rank where collab.yaml says so, but provisionally: nobody has drawn them", async () => {
    await start({ ...JOBS, scoring: { ...(JOBS.scoring as object), self_reported: "ranked", draws: 2 } });
    await publish();
    const bob = await under.agent("bob", "bob");
    await run({ agent_id: "bob", hf_user: "bob" });
    const second = await run({ agent_id: "bob", hf_user: "bob" });
    await post(second, {}, bob.key);
    expect((await board()).rows).toMatchObject([
      { rank: 1, agent: "bob", n: 2, provisional: false },
      { rank: 2, agent: "ada", n: 0, provisional: true, score: 900 },
    ]);
  });

  test("are refused where collab.yaml says so, with the way to a run; dead ends are taken", async () => {
    await start({ ...JOBS, scoring: { ...(JOBS.scoring as object), self_reported: "refused" } });
    expect((await publish()).body.error).toMatchObject({
      code: "INVALID_FRONTMATTER",
      hint: expect.stringContaining("/v1/jobs:run"),
    });
    expect((await publish(file.replace("agent-run", "negative"), "n.md")).status).toBe(201);
  });

  test("cannot pass for measured ones: what a file says about runs proves nothing", async () => {
    await start();
    const measured = await run();
    const forged = file.replace("tps: 900", `tps: 900\nvia: run\nruntime_hash: c0ffee`);
    const { filename } = (await publish(forged)).body;
    expect((await board()).unranked).toMatchObject([{ filename, why: "self_reported", run_id: null }]);
    expect(
      (await publish(forged.replace("ppl", `run_id: ${measured.run_id}\nppl`), "f.md")).body.error,
    ).toMatchObject({
      code: "INVALID_FRONTMATTER",
      hint: expect.stringContaining("run_id"),
    });
    expect((await board()).rows).toEqual([]);
  });
});
