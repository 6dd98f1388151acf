import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isJobOver } from "../../../template/hub/jobs.ts";
import { listRuns, unfinishedRuns } from "../../../template/spaces/backend/board/queries/runs.ts";
import type { TestAgent } from "../../support/backend.ts";
import { RunsBed, waitFor } from "./support.ts";

const JOBS = "/api/jobs/demo";
const AUDIT_BATCH = "/api/buckets/demo-admin/gemma-audit/batch";

/** The backend dies at one step after the other; the next one must go on as if nothing had been. */
describe("a backend that dies", () => {
  let bed: RunsBed;
  let ada: TestAgent;

  beforeEach(async () => {
    bed = await RunsBed.start();
    ada = await bed.backend.agent("ada-1");
  });
  afterEach(() => bed[Symbol.asyncDispose]());

  /** Sends a run whose answer nobody waits for, and returns its id once it is reserved. */
  async function reserved(behaviour: Parameters<RunsBed["submission"]>[1]): Promise<string> {
    const prefix = await bed.submission(ada, behaviour);
    bed.launch(ada, prefix).catch(() => {});
    return waitFor(async () => listRuns(bed.backend.board, { limit: 1 })[0]?.run_id);
  }

  /** The run has completed, from one Job, and counts once. */
  async function expectOne(id: string, attempts = 1): Promise<void> {
    const run = await bed.over(id);
    expect(run).toMatchObject({ status: "completed", charged: true, summary: { values: { score: 1 } } });
    expect(run.attempts).toHaveLength(attempts);
    expect(await bed.jobsOf(id)).toHaveLength(attempts);
    expect(await bed.jobs.find("slug", "gemma")).toHaveLength(attempts);
    expect(unfinishedRuns(bed.backend.board)).toEqual([]);
    expect(listRuns(bed.backend.board, { limit: 10 })).toHaveLength(1);
    expect((await bed.backend.get("/v1/jobs?agent=ada-1")).body.quota.lanes.full.agent_remaining).toBe(9);
    await bed.when(id, ({ mirrored }) => mirrored);
    const status = await bed.backend.hubAs("ada").bucket(ada.bucket).readText(`runs/${id}/job_status.json`);
    expect(JSON.parse(status ?? "")).toMatchObject({ status: "completed" });
  }

  it("after the reservation: the Job is launched by the next", async () => {
    await bed.fault({ kind: "status", status: 503, path: JOBS, method: "*" });
    const id = await reserved({ score: 1 });
    await bed.backend.crash(() => bed.clearFaults());
    await expectOne(id);
  });

  it("while the launch is in doubt: its Job is found and no other launched", async () => {
    await bed.fault({ kind: "lost", cut: true, path: JOBS, method: "POST" });
    await bed.fault({ kind: "status", status: 503, path: JOBS, method: "GET" });
    const id = await reserved({ score: 1 });
    await waitFor(async () => jobCount() === 1);
    await bed.backend.crash(() => bed.clearFaults());
    await expectOne(id);
  });

  it("after the launch, before it is written down: its Job is found", async () => {
    await bed.fault({ kind: "delay", delayMs: 1_500, path: JOBS, method: "POST" });
    const id = await reserved({ score: 1 });
    await waitFor(() => bed.audit.readText(`runs/${id}/run_request.json`));
    await bed.fault({ kind: "status", status: 503, path: AUDIT_BATCH });
    await waitFor(async () => jobCount() === 1);
    await sleep(200);
    expect(bed.state(id).status).toBe("reserved");
    await bed.backend.crash(() => bed.clearFaults());
    await expectOne(id);
  });

  it("while the Job runs: the next one watches it", async () => {
    const id = await bed.run(ada, { score: 1, sleep: 2 });
    await bed.backend.crash();
    await expectOne(id);
  });

  it("and stays away until the Job is over: the next one settles it", async () => {
    const id = await bed.run(ada, { score: 1 });
    await bed.backend.crash(async () => {
      await waitFor(async () => (await bed.jobsOf(id)).every(isJobOver));
    });
    await expectOne(id);
  });

  it("before the outputs are read back", async () => {
    await bed.fault({ kind: "status", status: 503, path: "/buckets/demo-admin/gemma-audit/resolve/runs/**" });
    const id = await bed.run(ada, { score: 1 });
    await waitFor(async () => (await bed.jobsOf(id)).every(isJobOver));
    await sleep(300);
    expect(bed.state(id).status).toBe("launched");
    await bed.backend.crash(() => bed.clearFaults());
    await expectOne(id);
  });

  it("before the end is written down", async () => {
    const id = await bed.run(ada, { score: 1 });
    await bed.fault({ kind: "status", status: 503, path: AUDIT_BATCH });
    await waitFor(async () => (await bed.jobsOf(id)).every(isJobOver));
    await sleep(300);
    await bed.backend.crash(() => bed.clearFaults());
    await expectOne(id);
  });

  it("before the agent has its copies", async () => {
    await bed.fault({
      kind: "status",
      status: 503,
      path: `/api/buckets/${ada.bucket}/batch`,
      user: "organizer",
    });
    const id = await bed.run(ada, { score: 1 });
    expect(await bed.over(id)).toMatchObject({ status: "completed", mirrored: false });
    await bed.backend.crash(() => bed.clearFaults());
    await expectOne(id);
  });

  it("between two attempts", async () => {
    await bed.maxRunning(0);
    const id = await bed.run(ada, { score: 1 });
    const [first] = await bed.jobsOf(id);
    await bed.fault({ kind: "status", status: 503, path: JOBS, method: "*" });
    bed.backend.localHub.context.db
      .prepare(
        "UPDATE jobs SET stage = 'ERROR', message = 'The node was lost', finished_at = created_at WHERE id = ?",
      )
      .run(first?.id ?? "");
    await bed.when(id, ({ attempts }) => attempts.length === 2);
    await bed.backend.crash(() => bed.clearFaults());
    await bed.maxRunning(4);
    await expectOne(id, 2);
  });

  it("while a run is being canceled", async () => {
    const id = await bed.run(ada, { score: 1, sleep: 60 });
    await bed.fault({ kind: "status", status: 503, path: AUDIT_BATCH });
    expect((await bed.backend.post(`/v1/runs/${id}:cancel`, {}, ada.key)).status).toBe(202);
    await bed.backend.crash(() => bed.clearFaults());
    expect(await bed.over(id)).toMatchObject({ status: "canceled", failure: { reason_code: "canceled" } });
    expect(unfinishedRuns(bed.backend.board)).toEqual([]);
  });

  it("again and again", async () => {
    const id = await reserved({ score: 1, sleep: 1 });
    for (let n = 0; n < 4; n++) {
      await bed.backend.crash();
      await sleep(100 * n);
    }
    await expectOne(id);
  });

  it("and stops properly in between, for a change", async () => {
    const id = await bed.run(ada, { score: 1, sleep: 1 });
    await bed.backend.restart();
    await expectOne(id);
  });

  function jobCount(): number {
    const { db } = bed.backend.localHub.context;
    return (db.prepare("SELECT count(*) AS n FROM jobs").get() as { n: number }).n;
  }
});
