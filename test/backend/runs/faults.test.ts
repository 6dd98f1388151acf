import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isJobOver } from "../../../template/hub/jobs.ts";
import { unfinishedRuns } from "../../../template/spaces/backend/board/queries/runs.ts";
import type { TestAgent } from "../../support/backend.ts";
import type { Fault } from "../../support/hub-faults.ts";
import { RunsBed, waitFor } from "./support.ts";

const JOBS = "/api/jobs/demo";
const AUDIT = "/api/buckets/demo-admin/gemma-audit";
const CENTRAL = "/api/buckets/demo/gemma-main-bucket";
const SCRATCH = "/api/buckets/demo/gemma-ada-1";
const ORGANIZER = { user: "organizer" };

let bed: RunsBed;
let ada: TestAgent;

beforeEach(async () => {
  bed = await RunsBed.start();
  ada = await bed.backend.agent("ada-1");
});
afterEach(() => bed[Symbol.asyncDispose]());

/** The client itself tries twice: three failures reach whoever has called it. */
const down = { kind: "status", status: 503, count: 3, retryAfterSeconds: 0, ...ORGANIZER } as const;

describe("a Hub that fails", () => {
  it.each<[string, Fault[]]>([
    ["to start the Job", [{ ...down, path: JOBS, method: "POST", count: 1 }]],
    [
      "to start the Job, by cutting the line before",
      [{ kind: "reset", path: JOBS, method: "POST", count: 1 }],
    ],
    ["to answer that it has started the Job", [{ kind: "lost", path: JOBS, method: "POST", count: 1 }]],
    [
      "to answer that, by cutting the line",
      [{ kind: "lost", cut: true, path: JOBS, method: "POST", count: 1 }],
    ],
    ["in the middle of that answer", [{ kind: "truncate", path: JOBS, method: "POST", count: 1 }]],
    [
      "to answer that, and to say what runs",
      [
        { kind: "lost", cut: true, path: JOBS, method: "POST", count: 1 },
        { ...down, path: JOBS, method: "GET", count: 5 },
      ],
    ],
    ["because there are too many requests", [{ ...down, status: 429, path: JOBS, method: "POST" }]],
    ["to show the Job", [{ ...down, path: `${JOBS}/*`, method: "GET", count: 6 }]],
    [
      "to show the Job, which it says is not there",
      [{ ...down, status: 404, path: `${JOBS}/*`, method: "GET", count: 2 }],
    ],
    ["to show the log", [{ ...down, path: `${JOBS}/*/logs`, method: "GET" }]],
    ["to list the snapshot", [{ ...down, path: `${CENTRAL}/tree/**`, method: "GET" }]],
    [
      "to give back the outputs",
      [{ ...down, path: "/buckets/demo-admin/gemma-audit/resolve/runs/**", count: 7 }],
    ],
    ["to say how large they are", [{ ...down, path: `${AUDIT}/paths-info`, count: 5 }]],
    ["to take journal segments", [{ ...down, path: `${AUDIT}/batch`, skip: 1, count: 9 }]],
    ["to take the run's file", [{ ...down, path: `${CENTRAL}/batch`, skip: 1, count: 9 }]],
    ["to take the copies for the agent", [{ ...down, path: `${SCRATCH}/batch`, count: 3 }]],
    ["here and there", [{ ...down, path: "/api/**", count: 200, probability: 0.15 }]],
  ])("%s", async (name, rules) => {
    const prefix = await bed.submission(ada, { score: 1, files: { "rows.jsonl": "{}" } });
    for (const rule of rules) await bed.fault(rule);
    let answer = await bed.launch(ada, prefix);
    // Before anything is reserved the caller is asked to come again.
    while (answer.status === 503) answer = await bed.launch(ada, prefix);
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    const run = await bed.over(answer.body.run_id);
    expect(run).toMatchObject({ status: "completed", charged: true, summary: { values: { score: 1 } } });
    expect(run.attempts).toHaveLength(1);
    await bed.when(run.run_id, ({ mirrored }) => mirrored);
    expect(await bed.struck()).not.toContain(0);
    await bed.clearFaults();
    expect(await bed.jobs.find("run", run.run_id)).toHaveLength(1);
    expect(unfinishedRuns(bed.backend.board)).toEqual([]);
    if (name !== "here and there") expect(await bed.jobs.find("slug", "gemma")).toHaveLength(1);
  });

  it.each([400, 402, 403])(
    "to start the Job, with %i: it is told at once, and nothing is counted",
    async (status) => {
      await bed.fault({ kind: "status", status, path: JOBS, method: "POST", message: "no credits left" });
      const prefix = await bed.submission(ada, { score: 1 });
      const answer = await bed.launch(ada, prefix);
      expect([answer.status, answer.body.error.code]).toEqual([502, "JOB_LAUNCH_FAILED"]);
      expect(answer.body.error.message).toContain("no credits left");
      const [run] = (await bed.backend.get("/v1/runs")).body.items;
      expect(run).toMatchObject({
        status: "failed",
        failure: { kind: "infra_error", reason_code: "launch_refused" },
        charged: false,
        cost_dollars: 0,
      });
      expect(run.attempts).toHaveLength(1);
      await bed.clearFaults();
      expect(await bed.jobs.find("slug", "gemma")).toEqual([]);
      expect((await bed.backend.get("/v1/jobs?agent=ada-1")).body.quota.lanes.full.agent_remaining).toBe(10);
    },
  );

  it("to start the Job, again and again: the run ends", async () => {
    await bed.fault({ kind: "status", status: 500, path: JOBS, method: "POST" });
    const answer = await bed.launch(ada, await bed.submission(ada, { score: 1 }));
    expect(answer.status).toBe(502);
    expect(unfinishedRuns(bed.backend.board)).toEqual([]);
  });

  it("to take what a Job needs, for good: the run ends, and nothing is counted", async () => {
    await bed.fault({ kind: "batch_entry", path: `${AUDIT}/batch`, entry: "runs/**" });
    const answer = await bed.launch(ada, await bed.submission(ada, { score: 1 }));
    expect([answer.status, answer.body.error.code]).toEqual([502, "JOB_LAUNCH_FAILED"]);
    const [run] = (await bed.backend.get("/v1/runs")).body.items;
    expect(run).toMatchObject({ failure: { reason_code: "backend_error" }, charged: false, cost_dollars: 0 });
    expect(unfinishedRuns(bed.backend.board)).toEqual([]);
  });

  it("to keep the harness: nothing is started", async () => {
    await bed.backend.central.publish({ deletes: ["harness/run.py"] });
    const answer = await bed.launch(ada, await bed.submission(ada, { score: 1 }));
    expect([answer.status, answer.body.error.code]).toEqual([502, "JOB_LAUNCH_FAILED"]);
    expect(answer.body.error.hint).toContain("Organisers");
    expect(await bed.jobs.find("slug", "gemma")).toEqual([]);
  });

  it("to say that it has started a Job, and to show it before the run is given up: it is ended later", async () => {
    const { db } = bed.backend.localHub.context;
    const hide = "UPDATE jobs SET labels = json_set(labels, '$.attempt', 'late') WHERE id = NEW.id";
    db.exec(`CREATE TRIGGER late AFTER INSERT ON jobs BEGIN ${hide}; END`);
    await bed.fault({ kind: "lost", path: JOBS, method: "POST" });
    const answer = await bed.launch(ada, await bed.submission(ada, { score: 1, sleep: 60 }));
    expect(answer.status).toBe(502);
    await waitFor(async () => {
      const jobs = await bed.jobs.find("slug", "gemma");
      return jobs.length === 3 && jobs.every(({ stage }) => stage === "CANCELED");
    });
  });

  it("to copy a file of the submission: nothing is launched with half of it", async () => {
    await ada.upload("submissions/v1/weights.bin", "x".repeat(1000));
    const prefix = await bed.submission(ada, { score: 1 });
    await bed.fault({ kind: "batch_entry", path: `${CENTRAL}/batch`, entry: "submissions/**/weights.bin" });
    const answer = await bed.launch(ada, prefix);
    expect([answer.status, answer.body.error.code]).toEqual([404, "SOURCE_NOT_FOUND"]);
    const [run] = (await bed.backend.get("/v1/runs")).body.items;
    const ended = await bed.over(run.run_id);
    expect(ended).toMatchObject({
      status: "failed",
      failure: { reason_code: "snapshot_incomplete" },
      charged: false,
    });
    expect(await bed.jobs.find("slug", "gemma")).toEqual([]);
  });

  it("to end a Job that was asked to end: it is told, and the run goes on", async () => {
    const id = await bed.run(ada, { score: 1, sleep: 60 });
    const fault = { ...down, path: `${JOBS}/*/cancel` };
    await bed.fault({ ...fault, count: 2 });
    const answer = await bed.backend.post(`/v1/runs/${id}:cancel`, {}, ada.key);
    expect([answer.status, answer.body.error.code]).toEqual([503, "HUB_UNAVAILABLE"]);
    expect(bed.state(id).status).toBe("launched");
    expect((await bed.backend.post(`/v1/runs/${id}:cancel`, {}, ada.key)).status).toBe(202);
    expect((await bed.over(id)).status).toBe("canceled");
  });

  it("to show a Job that is on its list: a second one, launched in doubt, is ended", async () => {
    // The first listing behind the lost answer does not show the Job yet.
    await bed.fault({ kind: "lost", cut: true, path: JOBS, method: "POST", count: 1 });
    const { db } = bed.backend.localHub.context;
    db.exec(
      "CREATE TRIGGER late AFTER INSERT ON jobs WHEN (SELECT count(*) FROM jobs) = 1 BEGIN" +
        " UPDATE jobs SET labels = json_set(labels, '$.attempt', 'late') WHERE id = NEW.id; END",
    );
    const id = await bed.run(ada, { score: 1, sleep: 3 });
    db.exec("DROP TRIGGER late; UPDATE jobs SET labels = json_set(labels, '$.attempt', '1')");
    expect((await bed.jobsOf(id)).length).toBe(2);
    const run = await bed.over(id);
    expect(run.status).toBe("completed");
    const jobs = await bed.jobsOf(id);
    expect(jobs.map(({ stage }) => stage)).toContain("COMPLETED");
    expect(jobs.every(isJobOver)).toBe(true);
    // Both have run on the organisation's money.
    expect(run.cost_dollars).toBeCloseTo(2 * 0.000167, 6);
  });
});
