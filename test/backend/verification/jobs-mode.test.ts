/** Mode jobs with Jobs that really run: what is queued, measured again, judged and announced without anybody's doing. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import type { CollabInput } from "../../../template/schema/collab.ts";
import { mayExpire } from "../../../template/spaces/backend/verification/expiry.ts";
import type { TestAgent } from "../../support/backend.ts";
import type { Fault } from "../../support/hub-faults.ts";
import { type Behaviour, RunsBed } from "../runs/support.ts";
import { announcements, editIndex, INDEX, indexOf, judge, soon, verdictOf } from "./support.ts";

const SCORING: CollabInput["scoring"] = {
  guardrails: [{ field: "ppl", max: 2.42 }],
  tracks: [
    { id: "lossless", title: "Lossless", requires: ["identity"] },
    { id: "open", title: "Open", requires: [] },
  ],
  columns: [{ field: "identity" }],
};
const ISOLATION = { files: { enforced: true }, network: { enforced: true } };
const GOOD: Behaviour["summary"] = { ppl: 2.4, isolation: ISOLATION };

let open: RunsBed | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

async function begin(
  verification: Partial<Extract<NonNullable<CollabInput["verification"]>, { mode: "jobs" }>> = {},
  collab: Partial<CollabInput> = {},
) {
  const bed = await RunsBed.start({
    collab: { scoring: SCORING, verification: { mode: "jobs", grey_band: 0, ...verification }, ...collab },
    start: {
      verification: { tickMs: 100, wakeMs: 10 },
      recordLimits: {
        editsWithinMs: 100,
        pendingWithinMs: 50,
        firstWaitMs: 5,
        longestWaitMs: 50,
        leasePollMs: 20,
      },
    },
  });
  open = bed;
  await bed.audit.write([{ path: "eval_dataset/private.jsonl", content: "{}" }]);
  const ada = await bed.backend.agent("ada");
  return { bed, under: bed.backend, ada };
}

/** A result whose submission measures `behaviour` and that claims `score`. */
async function claim(
  bed: RunsBed,
  agent: TestAgent,
  score: number,
  behaviour: Behaviour,
  name = `s${score}`,
) {
  const prefix = await bed.submission(agent, { summary: GOOD, ...behaviour }, name);
  return bed.backend.result(agent, score, `ppl: 2.3\nsubmission: ${prefix}\n`, name);
}

async function shown(bed: RunsBed, filename: string, state: string) {
  await vi.waitFor(async () => {
    expect((await bed.backend.get(`/v1/results/${filename}`)).body.verification).toBe(state);
    expect(bed.backend.backend.verdicts.current(filename).applied).toBe(true);
  }, soon);
}
const queueOf = async (bed: RunsBed) => (await bed.backend.get("/v1/verification")).body;

describe("a new best", () => {
  test("is frozen, queued, measured on the private data, judged and announced", async () => {
    const { bed, under, ada } = await begin();
    const filename = await claim(bed, ada, 100, { score: 97 });
    await shown(bed, filename, "valid");
    const verdict = await verdictOf(under, filename);
    expect(verdict).toMatchObject({
      state: "valid",
      by: "verifier",
      run_ids: [expect.stringMatching(/_ada$/)],
      submission: {
        source: { bucket: ada.bucket },
        snapshot: { prefix: expect.stringMatching(/^submissions\/[0-9a-f]{64}$/) },
      },
    });
    expect(verdict?.history.map(({ state }) => state)).toEqual(["pending", "queued", "running"]);
    const [message, ...more] = await announcements({ under, ada, filename });
    expect(more).toEqual([]);
    expect(message?.body).toContain("@ada **VERIFIED VALID**");
    expect(message?.body).toContain(
      "| re-run score | 97 (Δ -3.00 %) | ✅ within ±5 % of the claim (limit included) |",
    );
    expect(message?.body).toContain("| reported ppl | 2.3 | |");
    expect(await indexOf(under)).toEqual({ [filename]: "valid" });
    expect(await queueOf(bed)).toMatchObject({ mode: "jobs", states: { valid: 1 }, queue: [], running: [] });
  });

  test("that is not reproduced, or breaks a guardrail on the private data, is invalid with both numbers", async () => {
    const { bed, under, ada } = await begin();
    const slow = await claim(bed, ada, 100, { score: 80 });
    const over = await claim(bed, ada, 110, { score: 110, summary: { ...GOOD, ppl: 2.5 } });
    await shown(bed, slow, "invalid");
    await shown(bed, over, "invalid");
    expect(await verdictOf(under, slow)).toMatchObject({
      reason_code: "score_differs",
      reason: expect.stringContaining("80"),
    });
    expect(await verdictOf(under, over)).toMatchObject({
      reason_code: "guardrail_broken",
      checks: [{ field: "score" }, { field: "ppl", claimed: 2.3, measured: 2.5, limit: 2.42, ok: false }],
    });
    const [message] = await announcements({ under, ada, filename: over });
    expect(message?.body).toContain("**INVALID**");
    expect(message?.body).toContain("| re-run ppl | 2.5 (Δ +8.70 %) | ❌ <= 2.42 (limit included) |");
  });

  test("close to the limit is measured again, and the mean is judged", async () => {
    const { bed, under, ada } = await begin({ grey_band: 0.02, max_runs: 2 });
    const filename = await claim(bed, ada, 100, { score: 96 });
    await shown(bed, filename, "valid");
    const verdict = await verdictOf(under, filename);
    expect(verdict?.run_ids).toHaveLength(2);
    expect(verdict?.history.map(({ state }) => state)).toEqual([
      "pending",
      "queued",
      "running",
      "queued",
      "running",
    ]);
    expect(verdict?.reason).toContain("2 runs, on average,");
    expect(await announcements({ under, ada, filename })).toHaveLength(1);
  });

  test("that fails twice is invalid, and its server's words stay private", async () => {
    const { bed, under, ada } = await begin();
    const filename = await claim(bed, ada, 100, { print: "the private prompt is 42", exit: 10 });
    await shown(bed, filename, "invalid");
    const verdict = await verdictOf(under, filename);
    expect(verdict?.run_ids).toHaveLength(2);
    expect(JSON.stringify(verdict)).not.toContain("private prompt");
  });
});

describe("isolation", () => {
  test("a run that does not say it was enforced gives no verdict; an organiser may have it measured again", async () => {
    const { bed, under, ada } = await begin();
    const filename = await claim(bed, ada, 100, { score: 100, summary: { ppl: 2.4 } });
    await vi.waitFor(async () => {
      expect(await verdictOf(under, filename)).toMatchObject({
        state: "pending",
        reason_code: "isolation_missing",
      });
    }, soon);
    await vi.waitFor(async () => expect(await indexOf(under)).toEqual({ [filename]: "pending" }), soon);
    expect((await queueOf(bed)).undecided).toMatchObject([{ filename, reason_code: "isolation_missing" }]);
    expect(await announcements({ under, ada, filename })).toEqual([]);
    const runs = (await verdictOf(under, filename))?.run_ids;
    await judge({ under, ada, filename }, "pending", { announce: false });
    await vi.waitFor(async () => {
      const again = await verdictOf(under, filename);
      expect(again).toMatchObject({ state: "pending", reason_code: "isolation_missing" });
      expect(again?.run_ids).not.toEqual(runs);
    }, soon);
  });

  test("is not asked for where collab.yaml says so", async () => {
    const { bed, ada } = await begin({ isolation: [] });
    await shown(bed, await claim(bed, ada, 100, { score: 100, summary: { ppl: 2.4 } }), "valid");
  });
});

describe("the submission", () => {
  test("is nowhere: said with how to mend it; named later, it is verified", async () => {
    const { bed, under, ada } = await begin();
    const filename = await under.result(ada, 100, "ppl: 2.3\nsubmission: submissions/lost\n");
    await shown(bed, filename, "needs_pointer");
    const [message] = await announcements({ under, ada, filename });
    expect(message?.body).toContain("could not be reproduced");
    expect(message?.body).toContain(`POST /v1/results/${filename}:pointer`);
    expect((await queueOf(bed)).needs_pointer).toMatchObject([{ filename }]);
    await vi.waitFor(async () => expect(await indexOf(under)).toEqual({ [filename]: "pending" }), soon);
    expect((await under.get("/v1/results?verification=pending")).body.items).toEqual([filename]);

    const point = (submission: string, agent = ada) =>
      under.post(`/v1/results/${filename}:pointer`, { agent_id: agent.id, submission }, agent.key);
    expect((await point("submissions/lost")).body.error.code).toBe("SOURCE_NOT_FOUND");
    const bob = await under.agent("bob", "bob");
    const theirs = await bed.submission(bob, { score: 100, summary: GOOD });
    expect((await point(theirs, bob)).body.error.code).toBe("IDENTITY_MISMATCH");
    expect((await point(`hf://buckets/${bob.bucket}/${theirs}`)).body.error.code).toBe("SOURCE_NOT_FOUND");
    await bed.submission(ada, { score: 100, summary: GOOD }, "found");
    expect((await point("submissions/found")).status).toBe(200);
    await shown(bed, filename, "valid");
    expect((await point("submissions/found")).body.error.code).toBe("VERDICT_CONFLICT");
  });

  test("of a run is the one that ran", async () => {
    const { bed, under, ada } = await begin();
    const run = await bed.ended(ada, { score: 100, summary: GOOD });
    await bed.submission(ada, { score: 1, summary: GOOD });
    const post = { run_id: run.run_id, method: "m", description: "d" };
    const { status, body } = await under.post("/v1/results", post, ada.key);
    expect([status, body.error]).toEqual([201, undefined]);
    await shown(bed, body.filename, "valid");
    const verdict = await verdictOf(under, body.filename);
    expect(verdict?.submission?.content_hash).toBe(run.submission.content_hash);
  });
});

describe("the queue", () => {
  test("holds what is better than the best valid result, in order, with times; the rest stays pending", async () => {
    const { bed, under, ada } = await begin({ runs_per_day: 1 });
    const best = await claim(bed, ada, 100, { score: 100 });
    await shown(bed, best, "valid");
    const bob = await under.agent("bob", "bob");
    const worse = await claim(bed, bob, 50, { score: 50 });
    const better = await claim(bed, bob, 120, { score: 120 });
    const alsoBetter = await claim(bed, bob, 110, { score: 110 });
    const ofAda = await claim(bed, ada, 105, { score: 105 });
    await vi.waitFor(async () => {
      const { queue } = await queueOf(bed);
      expect(queue.map(({ filename }: { filename: string }) => filename)).toEqual([
        better,
        ofAda,
        alsoBetter,
      ]);
    }, soon);
    const { queue, capacity } = await queueOf(bed);
    expect(capacity).toMatchObject({ runs_per_day: 1, left: 0 });
    const day = 86_400_000;
    const begins = queue.map(({ starts_at }: { starts_at: string }) => Date.parse(starts_at));
    expect(begins[0]).toBeGreaterThan(Date.now() + day - 600_000);
    expect(begins[1] - begins[0]).toBe(day);
    expect(queue.map(({ position }: { position: number }) => position)).toEqual([1, 2, 3]);
    expect((await under.get(`/v1/results/${worse}`)).body.verification).toBe("pending");
    expect((await queueOf(bed)).states).toEqual({ pending: 1, queued: 3, valid: 1 });

    // A person judges the first: it leaves, and what is no better than it needs no run.
    await judge({ under, ada, filename: better }, "valid", { announce: false });
    await vi.waitFor(async () => {
      expect(await queueOf(bed)).toMatchObject({ queue: [], states: { pending: 3, valid: 2 } });
    }, soon);
  });

  test("holds the best of each track", async () => {
    const { bed, under, ada } = await begin({ runs_per_day: 1 });
    await shown(bed, await claim(bed, ada, 100, { score: 100 }), "valid");
    const prefix = await bed.submission(ada, { score: 50, summary: GOOD }, "exact");
    const exact = await under.result(ada, 50, `ppl: 2.3\nidentity: exact\nsubmission: ${prefix}\n`);
    await shown(bed, exact, "queued");
  });

  test("is left when the mode is switched, and taken up when it is switched back", async () => {
    const { bed, under, ada } = await begin({ runs_per_day: 1 });
    await shown(bed, await claim(bed, ada, 100, { score: 100 }), "valid");
    const waiting = await claim(bed, ada, 120, { score: 120 });
    await shown(bed, waiting, "queued");
    const write = (verification: CollabInput["verification"]) => {
      const { collab } = under;
      const yaml = {
        collab: collab.collab,
        scoring: collab.scoring,
        jobs: collab.jobs,
        board: collab.board,
        verification,
      };
      return under.central.write([{ path: "collab.yaml", content: stringify(yaml) }]);
    };
    await write({ mode: "manual" });
    await shown(bed, waiting, "pending");
    expect(await queueOf(bed)).toMatchObject({
      mode: "manual",
      capacity: null,
      queue: [{ filename: waiting }],
    });
    await write({ mode: "jobs", grey_band: 0 });
    await shown(bed, waiting, "valid");
  });
});

describe("people and crashes", () => {
  test("a person who judges while a run goes on has decided", async () => {
    const { bed, under, ada } = await begin();
    const filename = await claim(bed, ada, 100, { score: 100, sleep: 2 });
    await shown(bed, filename, "running");
    await editIndex(under, { [filename]: "invalid" });
    await shown(bed, filename, "invalid");
    await vi.waitFor(
      async () =>
        expect(under.backend.runs.medianMinutes({ kind: "verification", lane: "full" })).not.toBeNull(),
      soon,
    );
    await shown(bed, filename, "invalid");
    expect(await announcements({ under, ada, filename })).toEqual([]);
    // Back to pending by hand: what was measured is judged.
    await editIndex(under, { [filename]: "pending" });
    await shown(bed, filename, "valid");
  });

  test("a backend that dies while a run goes on: one run, one verdict, one announcement", async () => {
    const { bed, under, ada } = await begin();
    const filename = await claim(bed, ada, 100, { score: 100, sleep: 2 });
    await shown(bed, filename, "running");
    under.backend.record.abandon();
    await under.restart();
    await shown(bed, filename, "valid");
    expect((await verdictOf(under, filename))?.run_ids).toHaveLength(1);
    await under.restart();
    expect(await announcements({ under, ada, filename })).toHaveLength(1);
    expect(await bed.jobsOf((await verdictOf(under, filename))?.run_ids[0] ?? "", "demo-admin")).toHaveLength(
      1,
    );
  });
});

describe("when the Hub fails while a result is verified", () => {
  const CENTRAL = "/api/buckets/demo/gemma-main-bucket";
  test.each<[call: string, rule: Fault]>([
    ["writing to the central bucket", { path: `${CENTRAL}/batch`, kind: "status", status: 500 }],
    ["writing the journal", { path: "/api/buckets/demo-admin/gemma-audit/batch", kind: "lost" }],
    ["asking what is there", { path: `${CENTRAL}/paths-info**`, kind: "reset" }],
    [
      "listing the submission",
      { path: "/api/buckets/*/*/tree**", kind: "status", status: 503, retryAfterSeconds: 0 },
    ],
    ["starting the Job", { path: "/api/jobs/demo-admin", method: "POST", kind: "lost" }],
    ["looking at the Job", { path: "/api/jobs/demo-admin/*", kind: "status", status: 500 }],
  ])("%s, six times over: one Job, one verdict, one announcement", async (_call, rule) => {
    const { bed, under, ada } = await begin();
    const filename = await claim(bed, ada, 100, { score: 100 });
    await bed.fault({ ...rule, count: 6 });
    await shown(bed, filename, "valid");
    expect((await bed.struck())[0]).toBeGreaterThan(0);
    await bed.clearFaults();
    const verdict = await verdictOf(under, filename);
    expect(verdict).toMatchObject({ applied: true, deferred: false });
    expect(await indexOf(under)).toEqual({ [filename]: "valid" });
    expect(await announcements({ under, ada, filename })).toHaveLength(1);
    for (const run of verdict?.run_ids ?? []) expect(await bed.jobsOf(run, "demo-admin")).toHaveLength(1);
  });

  test("writing the index, for many turns: what is decided is neither measured again nor does it expire", async () => {
    const { bed, under, ada } = await begin({ trigger: "all" });
    await bed.maxRunning(0);
    const filename = await claim(bed, ada, 100, { score: 100 });
    await vi.waitFor(async () => expect(await indexOf(under)).toEqual({ [filename]: "pending" }), soon);
    await bed.fault({ path: `${CENTRAL}/batch`, kind: "batch_entry", entry: INDEX });
    await bed.maxRunning(4);
    const decided = { state: "valid", applied: false };
    const current = () => under.backend.verdicts.current(filename);
    await vi.waitFor(() => expect(current()).toMatchObject(decided), soon);
    expect(mayExpire(current(), 1, Date.now() + 10 * 86_400_000)).toBe(false);
    // Once when it was decided, then once a turn.
    await vi.waitFor(async () => expect((await bed.struck())[0]).toBeGreaterThan(3), soon);
    expect(current()).toMatchObject(decided);
    await bed.clearFaults();
    await shown(bed, filename, "valid");
    const verdict = await verdictOf(under, filename);
    expect(verdict?.run_ids).toHaveLength(1);
    expect(verdict?.history.map(({ state }) => state)).toEqual(["pending", "queued", "running"]);
    expect(await announcements({ under, ada, filename })).toHaveLength(1);
  });
});
