/**
 * kill -9 of the backend at every step of a run: the next start goes on, nothing is started
 * twice, nothing is charged twice or forgotten, nothing stays where it was for ever.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseRun, type Run } from "../../template/spaces/backend/documents/run.ts";
import { addFault } from "../support/hub-faults.ts";
import { keptJobs } from "./support/hub-jobs.ts";
import { KilledCollab } from "./support/killed-collab.ts";
import { stubManifest } from "./support/manifests.ts";
import { requirePython } from "./support/python.ts";
import { NO_LIMITS, PATIENCE_MS, type Settings, type TestAgent } from "./support/runs-collab.ts";

const SETTINGS: Settings = [...NO_LIMITS, [["verification", "trigger"], "all"]];
const TIMEOUT = PATIENCE_MS * 2;

let collab: KilledCollab;
let ada: TestAgent;
let prefix: string;

beforeAll(async () => {
  requirePython();
  collab = await KilledCollab.create("gemma-challenge", SETTINGS);
  await collab.start();
  ada = await collab.agent("ada-one", "ada");
  prefix = await collab.uploadFolder(ada, "stub", ["submissions/stub"], [stubManifest({ STUB_TPS: 400 })]);
}, PATIENCE_MS);
afterAll(() => collab?.[Symbol.asyncDispose]());

let known: Set<string>;
beforeEach(async () => {
  known = new Set(await runIds());
});

/** From the bucket, which is what a new backend finds. */
async function runIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { path } of collab.central.list("runs"))
    ids.push(path.slice("runs/".length, -".json".length));
  return ids;
}

async function keptRun(id: string): Promise<Run | null> {
  const text = await collab.central.readText(`runs/${id}.json`);
  return text === null ? null : parseRun(text);
}

/** The run that began in this test, once the bucket has it. */
const newRun = () =>
  collab.until("a new run", async () => {
    const id = (await runIds()).find((each) => !known.has(each));
    return id === undefined ? undefined : ((await keptRun(id)) ?? undefined);
  });

const jobStage = (stage: string, labels: Record<string, string>) =>
  collab.until(`a Job that is ${stage}`, async () => {
    const found = keptJobs(collab.hub).filter((job) =>
      Object.entries(labels).every(([key, value]) => job.labels[key] === value),
    );
    return found.some((job) => job.stage === stage) ? true : undefined;
  });

/** Asks for a run without waiting for the answer, which a kill may take away. */
const ask = (lane: Run["lane"] = "smoke") => void collab.startRun(ada, prefix, lane).catch(() => {});

const quota = async () =>
  (await collab.get(`/v1/jobs?agent=${ada.id}`)).quota.lanes.smoke.agent_remaining as number;

/** The run at its end, with one Job, one charge and the cost of it. */
async function expectWhole(id: string): Promise<Run> {
  const run = await collab.over(id);
  expect(run).toMatchObject({ status: "completed", failure: null, charged: true });
  expect(run.attempts).toHaveLength(1);
  expect(run.cost_dollars).toBeGreaterThan(0);
  const jobs = collab.jobsOf(id);
  expect(jobs.map(({ id }) => id)).toEqual([run.attempts[0]?.job_id]);
  await collab.until(`${id} in its final state in the bucket`, async () =>
    (await keptRun(id))?.status === "completed" ? true : undefined,
  );
  return run;
}

describe("the backend is killed", () => {
  it("when a run is reserved and no Job is asked for yet", { timeout: TIMEOUT }, async () => {
    const before = await quota();
    const lift = await addFault(collab.hubUrl, {
      kind: "delay",
      method: "POST",
      path: "/api/jobs/*",
      delayMs: 300_000,
    });
    ask();
    const { run_id, status } = await newRun();
    expect(status).toBe("reserved");
    await collab.kill();
    await lift();
    await collab.start();
    await expectWhole(run_id);
    expect(await quota()).toBe(before - 1);
  });

  it("when the Job runs and the answer to its launch was lost", { timeout: TIMEOUT }, async () => {
    const before = await quota();
    const lift = await addFault(collab.hubUrl, {
      kind: "lost",
      method: "POST",
      path: "/api/jobs/*",
      cut: true,
    });
    ask();
    const { run_id } = await newRun();
    await collab.until("the Job", async () => (collab.jobsOf(run_id).length > 0 ? true : undefined));
    await collab.kill();
    await lift();
    await collab.start();
    await expectWhole(run_id);
    expect(await quota()).toBe(before - 1);
  });

  it("while the Job runs", { timeout: TIMEOUT }, async () => {
    const { body } = await collab.startRun(ada, prefix, "smoke");
    await jobStage("RUNNING", { run: body.run_id });
    await collab.kill();
    await collab.start();
    await expectWhole(body.run_id);
  });

  it("while the Job runs, and comes back long after its end", { timeout: TIMEOUT }, async () => {
    const { body } = await collab.startRun(ada, prefix, "smoke");
    await collab.kill();
    await jobStage("COMPLETED", { run: body.run_id });
    await collab.start();
    await expectWhole(body.run_id);
  });

  it("when the Job has ended and the run's file does not say so", { timeout: TIMEOUT }, async () => {
    const see = { kind: "status", method: "GET", path: "/api/jobs/*/*", user: "organizer" } as const;
    const { body } = await collab.startRun(ada, prefix, "smoke");
    const lift = await addFault(collab.hubUrl, see);
    await jobStage("COMPLETED", { run: body.run_id });
    await collab.kill();
    await lift();
    await collab.start();
    await expectWhole(body.run_id);
  });

  it("when the run is over and its outputs are not copied yet", { timeout: TIMEOUT }, async () => {
    const path = `/api/buckets/${ada.bucket}/batch`;
    const lift = await addFault(collab.hubUrl, { kind: "status", method: "POST", path });
    const { body } = await collab.startRun(ada, prefix, "smoke");
    await expectWhole(body.run_id);
    await collab.kill();
    await lift();
    await collab.start();
    const copied = await collab.until("the copies", async () =>
      (await collab.get(`/v1/runs/${body.run_id}`)).mirrored ? true : undefined,
    );
    expect(copied).toBe(true);
    const status = await collab
      .hubAs("ada")
      .bucket(ada.bucket)
      .readText(`runs/${body.run_id}/job_status.json`);
    expect(JSON.parse(status ?? "null")).toMatchObject({ status: "completed" });
  });
});

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 5);
const LONGEST_LIFE_MS = 3_000;

describe("the backend is killed at any time", () => {
  it(`over and over (${ROUNDS} rounds)`, { timeout: TIMEOUT + ROUNDS * 30_000 }, async () => {
    const before = await quota();
    for (let count = 0; count < 3; count += 1) ask();
    await collab.until("three runs", async () => {
      const fresh = (await runIds()).filter((id) => !known.has(id));
      return fresh.length === 3 ? true : undefined;
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
      await collab.kill();
      await collab.start();
    }
    const fresh = (await runIds()).filter((id) => !known.has(id));
    for (const id of fresh) await expectWhole(id);
    expect(await quota()).toBe(before - fresh.length);
  });
});
