import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "../../support/backend.ts";
import { tokenOf } from "../../support/backend.ts";
import { RunsBed, waitFor } from "./support.ts";

let bed: RunsBed;
let ada: TestAgent;
let bob: TestAgent;

beforeAll(async () => {
  bed = await RunsBed.start({
    collab: {
      scoring: { guardrails: [{ field: "ppl", max: 3 }] },
      verification: { mode: "jobs", args: ["--profile", "strict"] },
    },
    config: { metrics: true },
  });
  ada = await bed.backend.agent("ada-1");
  bob = await bed.backend.agent("bob-1", "bob");
});
afterAll(() => bed[Symbol.asyncDispose]());

const files = (agent: TestAgent) => bed.backend.hubAs(agent.user).bucket(agent.bucket);

describe("a benchmark run", () => {
  it("is answered as in v1, and more", async () => {
    const prefix = await bed.submission(ada, { score: 5, summary: { ppl: 2 } });
    const { status, body } = await bed.launch(ada, `${prefix}/`, { run_prefix: "runs/v1" });
    expect(status).toBe(202);
    expect(body).toEqual({
      run_id: expect.stringMatching(/^\d{8}-\d{6}-\d{3}_ada-1$/),
      lane: "full",
      agent_id: "ada-1",
      hf_user: "ada",
      submission_bucket: ada.bucket,
      submission_prefix: "submissions/v1",
      content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      run_bucket: ada.bucket,
      run_prefix: "runs/v1",
      job_id: expect.stringMatching(/^[0-9a-f]{24}$/),
      job_url: expect.stringContaining(body.job_id),
      status: "launched",
      hardware: "cpu-basic",
      timeout_minutes: 40,
      reserved_dollars: expect.closeTo(0.0067, 4),
      budget_remaining: null,
      status_file: `hf://buckets/${ada.bucket}/runs/v1/job_status.json`,
      logs_file: `hf://buckets/${ada.bucket}/runs/v1/job_logs.txt`,
      run: `/v1/runs/${body.run_id}`,
      quota: { agent_remaining: 9, user_remaining: 29 },
      message: expect.stringContaining(body.run_id),
    });

    const run = await bed.over(body.run_id);
    expect(run).toMatchObject({
      status: "completed",
      failure: null,
      charged: true,
      cost_dollars: expect.closeTo(0.0002, 4),
      runtime_hash: body.content_hash,
      summary: { values: { score: 5, ppl: 2 }, gates: [], gates_ok: null },
    });
    await bed.when(body.run_id, ({ mirrored }) => mirrored);
    const status_file = JSON.parse((await files(ada).readText("runs/v1/job_status.json")) ?? "");
    expect(status_file).toMatchObject({
      status: "completed",
      stage: "COMPLETED",
      agent_id: "ada-1",
      hf_user: "ada",
      job_id: body.job_id,
      submission_prefix: "submissions/v1",
      timeout_minutes: 40,
      message: expect.stringContaining("summary.json"),
    });
    expect(await files(ada).readText("runs/v1/job_logs.txt")).toContain("harness-result: ");
    expect(JSON.parse((await files(ada).readText("runs/v1/summary.json")) ?? "")).toMatchObject({ score: 5 });

    const shown = await bed.backend.get(`/v1/runs/${body.run_id}`);
    expect(shown.body).toMatchObject({
      status: "completed",
      live: null,
      links: { outputs: `hf://buckets/${ada.bucket}/runs/v1`, job: body.job_url },
    });
    const metrics = await bed.backend.get("/metrics");
    expect(metrics.body).toContain('collab_runs_total{kind="benchmark",lane="full",outcome="completed"} 1');
    expect(metrics.body).toMatch(/collab_run_dollars_total\{kind="benchmark",lane="full"\} 0\.0001/);
  });

  it("shows its stage, percent and last line while it goes on, and its v1 status", async () => {
    const progress = { stage: "timed", percent: 62, last_line: "[harness] prompt 3 of 6" };
    const id = await bed.run(
      ada,
      { score: 1, summary: { ppl: 2 }, progress, sleep: 30 },
      { run_prefix: "runs/live" },
    );
    const live = await waitFor(async () => {
      const { body } = await bed.backend.get(`/v1/runs/${id}`);
      return body.live?.percent === 62 && body.live;
    });
    expect(live).toEqual({ ...progress, at: expect.stringMatching(/^\d{4}-.*Z$/) });
    const status = await waitFor(() => files(ada).readText("runs/live/job_status.json"));
    expect(JSON.parse(status)).toMatchObject({ status: "running", launched_at: expect.any(String) });
    expect((await bed.backend.post(`/v1/runs/${id}:cancel`, {}, ada.key)).status).toBe(202);
    await bed.over(id);
  });

  it("has no token anywhere, and reads the snapshot and not the agent's files", async () => {
    const id = await bed.run(ada, { score: 1, summary: { ppl: 2 } });
    const { job_id: jobId } = bed.state(id).attempts[0] ?? {};
    const response = await fetch(`${bed.backend.localHub.url}/api/jobs/demo/${jobId}`, {
      headers: { authorization: `Bearer ${tokenOf("organizer")}` },
    });
    const text = await response.text();
    const job = JSON.parse(text);
    expect(job).toMatchObject({
      environment: {},
      secrets: [],
      dockerImage: "python:3.12-slim",
      command: ["python3", "/harness/run.py", "--submission-dir", "/submission", "--state-dir", "/state"],
      timeout: 2400,
      labels: {
        task: "gemma-benchmark",
        submission: "submissions-v1",
        agent_id: "ada-1",
        run: id,
        attempt: "1",
        slug: "gemma",
      },
    });
    expect(job.volumes).toEqual([
      expect.objectContaining({ mountPath: "/submission", readOnly: true, source: "demo/gemma-main-bucket" }),
      expect.objectContaining({
        mountPath: "/harness",
        readOnly: true,
        source: "demo/gemma-main-bucket",
        path: "harness",
      }),
      expect.objectContaining({
        mountPath: "/state",
        readOnly: false,
        source: "demo-admin/gemma-audit",
        path: `runs/${id}`,
      }),
    ]);
    expect(text).not.toMatch(/hf_local|ack_/);
    await bed.over(id);
    const log = (await bed.jobs.logs(jobId ?? "", 100)).join("\n");
    expect(log).toContain("environment:");
    expect(log).not.toMatch(/hf_local|ack_|HF_TOKEN/);
    // Nor in what is kept of it.
    const state = JSON.stringify(bed.state(id)) + (await bed.audit.readText(`runs/${id}/run_request.json`));
    expect(state).not.toMatch(/hf_local|ack_/);
  });

  it("measures what was sent, whatever the agent does to its files afterwards", async () => {
    await bed.maxRunning(0);
    const id = await bed.run(ada, { score: 7, summary: { ppl: 2 } });
    const before = bed.state(id).submission.content_hash;
    await ada.upload("submissions/v1/behave.json", JSON.stringify({ score: 9999, summary: { ppl: 1 } }));
    await ada.upload("submissions/v1/extra.py", "more");
    await bed.maxRunning(4);
    expect((await bed.over(id)).summary?.values.score).toBe(7);
    const next = await bed.over((await bed.launch(ada, "submissions/v1")).body.run_id);
    expect(next.summary?.values.score).toBe(9999);
    expect(next.submission.content_hash).not.toBe(before);
    await files(ada).publish({ deletes: ["submissions/v1/extra.py"] });
  });

  it("of a copy has the same content hash, whoever sends it and however it is called", async () => {
    const behaviour = { score: 3, summary: { ppl: 2 } };
    const first = await bed.ended(ada, behaviour);
    await bed.submission(bob, behaviour, "mine");
    const second = await bed.over((await bed.launch(bob, "submissions/mine")).body.run_id);
    expect(second.submission.content_hash).toBe(first.submission.content_hash);
    expect(second.submission.snapshot).toEqual(first.submission.snapshot);
    expect(second.status).toBe("completed");
  });

  it("in the smoke lane is cheap and counts for itself", async () => {
    const id = await bed.run(bob, { score: 1, summary: { ppl: 2 } }, { lane: "smoke" });
    const run = await bed.over(id);
    expect(run).toMatchObject({ lane: "smoke", timeout_minutes: 15, status: "completed" });
    const jobs = await bed.backend.get("/v1/jobs?agent=bob-1");
    expect(jobs.body.quota).toMatchObject({
      agent: "bob-1",
      hf_user: "bob",
      lanes: { smoke: { agent_remaining: 19, user_remaining: 59 }, full: { agent_remaining: 9 } },
    });
    expect(jobs.body.lanes).toMatchObject({
      full: {
        hardware: "cpu-basic",
        timeout_minutes: 40,
        per_agent_per_day: 10,
        median_minutes: expect.any(Number),
      },
      smoke: { timeout_minutes: 15, per_agent_per_day: 20, per_submission_per_day: null },
    });
    expect(jobs.body.budget).toEqual({ per_day: null, left: null });
    const summary = await bed.audit.readText(`runs/${id}/summary.json`);
    expect(summary).toContain('"profile": "smoke"');
  });

  it("is listed newest first, in pages", async () => {
    const all = (await bed.backend.get("/v1/runs?limit=200")).body.items.map(
      (run: { run_id: string }) => run.run_id,
    );
    expect(all).toEqual(all.toSorted().toReversed());
    const first = (await bed.backend.get("/v1/runs?limit=2")).body;
    expect(first.next).toBe(all[1]);
    const second = (await bed.backend.get(`/v1/runs?limit=200&before=${first.next}`)).body;
    expect(second.items).toHaveLength(all.length - 2);
    expect(second.next).toBeNull();
    expect((await bed.backend.get("/v1/runs?agent=bob-1&status=completed")).body.items).toHaveLength(2);
    expect((await bed.backend.get("/v1/runs?status=odd")).status).toBe(400);
    expect((await bed.backend.get("/v1/runs/20260101-000000-000_nobody")).status).toBe(404);
    expect((await bed.backend.get("/v1/runs/..%2Fx")).status).toBe(404);
  });

  it("is an event of the collab at each step", async () => {
    const before = bed.backend.backend.events.latest;
    const run = await bed.ended(bob, { score: 2, summary: { ppl: 2 } });
    await bed.when(run.run_id, ({ mirrored }) => mirrored);
    const { events } = bed.backend.backend.events.after(before);
    const states = events.filter(({ run_id }) => run_id === run.run_id).map(({ state }) => state);
    expect(states).toEqual(["reserved", "launched", "completed", "completed"]);
  });
});

describe("ending a run early", () => {
  const sleeping = { score: 1, summary: { ppl: 2 }, sleep: 60 };

  it("is for its agent, its owner and organisers, and for nobody else", async () => {
    const id = await bed.run(ada, sleeping);
    const path = `/v1/runs/${id}:cancel`;
    expect((await bed.backend.post(path, {})).status).toBe(401);
    expect((await bed.backend.post(path, {}, bob.key)).body.error.code).toBe("IDENTITY_MISMATCH");
    expect((await bed.backend.post(path, {}, tokenOf("bob"))).body.error.code).toBe("NOT_ORGANIZER");
    expect((await bed.backend.post("/v1/runs/20260101-000000-000_x:cancel", {}, ada.key)).status).toBe(404);
    expect(bed.state(id).status).toBe("launched");

    const answer = await bed.backend.post(path, {}, tokenOf("ada"));
    expect(answer.status).toBe(202);
    expect(answer.body.run_id).toBe(id);
    const run = await bed.over(id);
    expect(run).toMatchObject({ status: "canceled", failure: { kind: "canceled", reason_code: "canceled" } });
    expect((await bed.jobsOf(id)).map(({ stage }) => stage)).toEqual(["CANCELED"]);
    // Again: it is over.
    expect((await bed.backend.post(path, {}, ada.key)).body.status).toBe("canceled");

    const second = await bed.run(ada, sleeping);
    expect((await bed.backend.post(`/v1/runs/${second}:cancel`, {}, tokenOf("organizer"))).status).toBe(202);
    expect((await bed.over(second)).status).toBe("canceled");
  });

  it("costs nothing and counts nothing before a machine has taken it", async () => {
    await bed.maxRunning(0);
    const id = await bed.run(bob, sleeping);
    await bed.backend.post(`/v1/runs/${id}:cancel`, {}, bob.key);
    expect(await bed.over(id)).toMatchObject({ status: "canceled", charged: false, cost_dollars: 0 });
    await bed.maxRunning(4);
  });
});

describe("a verification run", () => {
  const start = (n: number, prefix: string) =>
    bed.backend.backend.runs.startVerification({
      result: "20260601-100000-000_ada-1.md",
      owner: { agentId: "ada-1", hfUser: "ada" },
      submission: { bucket: ada.bucket, prefix },
      n,
    });

  it("has the private data, the organisers' namespace and a public end without words of the submission", async () => {
    await bed.audit.write([{ path: "eval_dataset/private.jsonl", content: "{}" }]);
    const over: string[] = [];
    const stop = bed.backend.backend.runs.onOver((run) => over.push(run.run_id));
    const prefix = await bed.submission(
      ada,
      { score: 4, summary: { ppl: 2, identity: "words of a server" } },
      "verified",
    );
    const [run, same] = await Promise.all([start(1, prefix), start(1, prefix)]);
    expect(same.run_id).toBe(run.run_id);
    expect(run).toMatchObject({
      kind: "verification",
      status: "reserved",
      namespace: "demo-admin",
      run_prefix: null,
    });
    const ended = await bed.over(run.run_id);
    expect(ended).toMatchObject({
      status: "completed",
      summary: { values: { score: 4, ppl: 2 } },
    });
    expect((await start(1, prefix)).run_id).toBe(run.run_id);
    await bed.when(run.run_id, ({ mirrored }) => mirrored);
    const beside = await bed.audit.readText(`${ended.state.prefix}/job_status.json`);
    expect(JSON.parse(beside ?? "")).toMatchObject({
      status: "completed",
      filename: "20260601-100000-000_ada-1.md",
    });
    expect(await bed.audit.readText(`${ended.state.prefix}/job_logs.txt`)).toContain("harness-result");
    expect(over).toEqual([run.run_id]);
    stop();

    const [job] = await bed.jobsOf(run.run_id, "demo-admin");
    const response = await fetch(`${bed.backend.localHub.url}/api/jobs/demo-admin/${job?.id}`, {
      headers: { authorization: `Bearer ${tokenOf("organizer")}` },
    });
    const inspected = JSON.parse(await response.text());
    expect(inspected.command.slice(4)).toEqual([
      "--state-dir",
      "/state",
      "--private-dir",
      "/private",
      "--profile",
      "strict",
    ]);
    expect(inspected.labels).toMatchObject({
      task: "gemma-verification",
      result: "20260601-100000-000_ada-1-md",
      via: "bucket-sync-verifier",
    });
    expect(inspected.volumes).toContainEqual(
      expect.objectContaining({
        mountPath: "/private",
        readOnly: true,
        path: "eval_dataset",
        source: "demo-admin/gemma-audit",
      }),
    );
    expect(ended.state.prefix).toBe("verification_runs/20260601-100000-000_ada-1.md/1");
    expect(bed.backend.backend.runs.verificationCapacity()).toEqual({
      per_day: 20,
      left: 19,
      retry_after_seconds: null,
    });
  });

  it("may be of a snapshot, and is the organisers' to end", async () => {
    const behaviour = { score: 4, summary: { ppl: 2 }, sleep: 60 };
    const benchmark = await bed.run(ada, behaviour);
    const { snapshot, content_hash } = bed.state(benchmark).submission;
    const run = await bed.backend.backend.runs.startVerification({
      result: "20260601-100000-000_ada-1.md",
      owner: { agentId: "ada-1", hfUser: "ada" },
      submission: snapshot,
      n: 2,
    });
    expect(run.submission.content_hash).toBe(content_hash);
    expect((await bed.backend.post(`/v1/runs/${run.run_id}:cancel`, {}, ada.key)).status).toBe(401);
    expect((await bed.backend.post(`/v1/runs/${run.run_id}:cancel`, {}, tokenOf("ada"))).status).toBe(403);
    await bed.when(run.run_id, ({ status }) => status === "launched");
    expect((await bed.backend.get(`/v1/runs/${run.run_id}`)).body.live.last_line).toBeNull();
    for (const id of [run.run_id, benchmark]) {
      expect((await bed.backend.post(`/v1/runs/${id}:cancel`, {}, tokenOf("organizer"))).status).toBe(202);
      await bed.over(id);
    }
  });
});
