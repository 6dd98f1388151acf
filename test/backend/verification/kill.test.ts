/**
 * kill -9 of the backend at every step of a verification: the next start goes on from there. One run with one Job,
 * one of the day's runs spent, one verdict in the file and in the index, one announcement.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isRunOver } from "../../../template/spaces/backend/documents/run.ts";
import { KilledCollab } from "./killed-collab.ts";

const TIMEOUT = 240_000;
const JOB_STARTS = { method: "POST", path: "/api/jobs/demo-admin" } as const;
const JOB_STATES = { method: "GET", path: "/api/jobs/*/*", user: "organizer" } as const;
/** Longer than any test: what waits for it is killed before. */
const NEVER_MS = 600_000;
/** After each start: while it looks around, queues, launches, watches and judges. */
const LIVES_MS = [50, 1_100, 1_500, 2_500];

let collab: KilledCollab;
beforeAll(async () => {
  collab = await KilledCollab.start();
}, TIMEOUT);
afterAll(() => collab?.[Symbol.asyncDispose]());

let runsLeft: number;
let score = 100;
beforeEach(async () => {
  runsLeft = await collab.runsLeft();
  score += 1;
});

/** A result of its own for each test: what has been measured once is not measured again. */
const claim = (seconds = 0) => collab.claim(`v${score}`, score, { sleep: seconds });

/** kill -9, the fault is gone, and the backend comes back. */
async function killAndStart(lift: () => Promise<void> = async () => {}): Promise<void> {
  await collab.kill();
  await lift();
  await collab.startBackend();
}

/** `spent` of the day's runs since the test began: one for each result of it. */
async function expectVerifiedOnce(filename: string, spent = 1): Promise<void> {
  const verdict = await collab.until(async () => {
    const kept = await collab.keptVerdict(filename);
    return kept?.applied && kept.state !== "queued" && kept.state !== "running" ? kept : undefined;
  });
  expect(verdict).toMatchObject({ state: "valid", by: "verifier", deferred: false });
  const runs = await collab.keptRuns(filename);
  expect(runs.map(({ status, failure }) => [status, failure])).toEqual([["completed", null]]);
  const [run] = runs;
  expect(run?.attempts).toHaveLength(1);
  expect(verdict.run_ids).toEqual([run?.run_id]);
  expect(collab.jobsOf(run?.run_id ?? "").map(({ id, stage }) => [id, stage])).toEqual([
    [run?.attempts[0]?.job_id, "COMPLETED"],
  ]);
  expect(run?.cost_dollars).toBeGreaterThan(0);
  expect(await collab.indexEntry(filename)).toBe("valid");
  // The board follows the bucket.
  await collab.until(async () => (await collab.shownState(filename)) === "valid");
  await collab.until(async () => (await collab.announcements(filename)).length > 0);
  expect(await collab.announcements(filename)).toHaveLength(1);
  expect(await collab.runsLeft()).toBe(runsLeft - spent);
}

describe("the backend is killed", { timeout: TIMEOUT }, () => {
  it("when a result is posted and not queued yet", async () => {
    const lift = await collab.refuse("verdicts/**");
    const filename = await claim();
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
  });

  it("when it is queued and no run is reserved", async () => {
    const lift = await collab.refuse("runs/**");
    const filename = await claim();
    await collab.until(async () => (await collab.keptVerdict(filename))?.state === "queued");
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
  });

  it("when the run is reserved and its Job not asked for", async () => {
    const lift = await collab.fault({ ...JOB_STARTS, kind: "delay", delayMs: NEVER_MS });
    const filename = await claim();
    const { run_id, status } = await collab.keptRun(filename);
    expect(status).toBe("reserved");
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
    expect((await collab.keptRun(filename)).run_id).toBe(run_id);
  });

  it("when the Job runs and the answer to its start was lost", async () => {
    const lift = await collab.fault({ ...JOB_STARTS, kind: "lost", cut: true });
    const filename = await claim();
    const { run_id } = await collab.keptRun(filename);
    await collab.until(async () => collab.jobsOf(run_id).length > 0);
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
  });

  it("while the Job runs", async () => {
    const filename = await claim(2);
    const { run_id } = await collab.keptRun(filename);
    await collab.jobStage(run_id, "RUNNING");
    await killAndStart();
    await expectVerifiedOnce(filename);
  });

  it("while the Job runs, and comes back after its end", async () => {
    const filename = await claim(2);
    const { run_id } = await collab.keptRun(filename, ({ status }) => status === "launched");
    await collab.kill();
    await collab.jobStage(run_id, "COMPLETED");
    await collab.startBackend();
    await expectVerifiedOnce(filename);
  });

  it("when the Job is over and the run's file does not say so", async () => {
    const lift = await collab.fault({ ...JOB_STATES, kind: "status" });
    const filename = await claim();
    const { run_id } = await collab.keptRun(filename);
    await collab.jobStage(run_id, "COMPLETED");
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
  });

  it("when the run is over and there is no verdict", async () => {
    const filename = await claim(2);
    await collab.until(async () => (await collab.keptVerdict(filename))?.state === "running");
    const lift = await collab.refuse("verdicts/**");
    await collab.keptRun(filename, isRunOver);
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
  });

  it("between the verdict's file and the index", async () => {
    const lift = await collab.refuse("results/verification_status.json");
    const filename = await claim();
    await collab.until(async () => (await collab.keptVerdict(filename))?.state === "valid");
    expect(await collab.keptVerdict(filename)).toMatchObject({ applied: false });
    expect(await collab.indexEntry(filename)).not.toBe("valid");
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
  });

  it("between the index and the announcement", async () => {
    const lift = await collab.refuse("message_board/**");
    const filename = await claim();
    await collab.until(async () => (await collab.indexEntry(filename)) === "valid");
    await killAndStart(lift);
    await expectVerifiedOnce(filename);
  });

  it("when all of it is done", async () => {
    const filename = await claim();
    await expectVerifiedOnce(filename);
    await killAndStart();
    await expectVerifiedOnce(filename);
  });

  it("again and again, with several results on their way", async () => {
    const filenames: string[] = [];
    for (const seconds of [0, 1, 3]) {
      filenames.push(await claim(seconds));
      score += 1;
    }
    for (const ms of LIVES_MS) {
      await sleep(ms);
      await killAndStart();
    }
    for (const filename of filenames) {
      await collab.until(async () => (await collab.indexEntry(filename)) === "valid");
    }
    for (const filename of filenames) await expectVerifiedOnce(filename, filenames.length);
  });
});
