/** One decision, from the request to index, file, announcement, whatever happens in between. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { INDEX_STATES } from "../../../template/spaces/backend/documents/verdict.ts";
import { decide } from "../../../template/spaces/backend/verification/decide.ts";
import { tokenOf } from "../../support/backend.ts";
import { addFault, type Fault } from "../../support/hub-faults.ts";
import {
  announcements,
  type Court,
  court,
  editIndex,
  INDEX,
  indexOf,
  judge,
  ORGANISER,
  soon,
  verdictOf,
} from "./support.ts";

/** Steps of a decision, in order: what has happened when the process dies. */
const STEPS = [
  "nothing",
  "the verdict file",
  "the verdict file, not acknowledged",
  "the index",
  "the index, not acknowledged",
  "the announcement, not acknowledged",
] as const;

/** Lets the backend die as a crash would, with so much of the next decision done. */
function dieAfter({ under }: Court, step: (typeof STEPS)[number]): Promise<void> {
  const { record, verification: worker } = under.backend;
  // A dead process finishes nothing.
  worker.stop = () => Promise.resolve();
  const dead = Promise.withResolvers<void>();
  const die = (): Promise<never> => {
    record.abandon();
    dead.resolve();
    return new Promise(() => {});
  };
  const submit = record.submit.bind(record);
  let writes = 0;
  record.submit = async (intent) => {
    writes += 1;
    if (step === "nothing") return die();
    const answer = await submit(intent);
    if (writes === 1 && step === "the verdict file, not acknowledged") return die();
    if (writes === 2) return die();
    return answer;
  };
  const { verification } = record;
  const update = verification.update.bind(verification);
  verification.update = async (change) => {
    if (step === "the verdict file") return die();
    const outcome = await update(change);
    return step.startsWith("the index") ? die() : outcome;
  };
  return dead.promise;
}

const EVAL: Parameters<typeof court>[0] = { verification: { mode: "eval-space" } };

let open: (Court & AsyncDisposable) | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});
async function begin(...args: Parameters<typeof court>): Promise<Court> {
  open = await court(...args);
  return open;
}

const CHECKS = [
  {
    field: "tps",
    claimed: 100,
    measured: 97.25,
    limit: 0.05,
    comparison: "within 5 % (limit included)",
    ok: true,
  },
  { field: "ppl", measured: 2.5, limit: 2.42, comparison: "<= 2.42 (limit included)", ok: false },
];

describe("an organiser's verdict", () => {
  test("valid: index, file with its history, announcement with both numbers", async () => {
    const at = await begin();
    const { under, filename } = at;
    const answer = await judge(at, "valid", { reason: "re-run gave 97.25", checks: CHECKS.slice(0, 1) });
    expect(answer.body).toEqual({ filename, state: "valid", outcome: "applied" });
    expect(await indexOf(under)).toEqual({ [filename]: "valid" });
    expect(await verdictOf(under, filename)).toMatchObject({
      state: "valid",
      by: "human:organizer",
      reason: "re-run gave 97.25",
      applied: true,
      deferred: false,
      history: [{ state: "pending", by: "backend" }],
    });
    expect((await under.get(`/v1/results/${filename}`)).body.verification).toBe("valid");

    const [message, ...more] = await announcements(at);
    expect(more).toEqual([]);
    expect(message?.frontmatter).toMatchObject({
      type: "verification",
      refs: [filename],
      via: "server",
      agent: "verifier",
    });
    expect(message?.body).toContain("@ada **VERIFIED VALID**");
    expect(message?.body).toContain("| metric | value | check |");
    expect(message?.body).toContain("| reported tps | 100 | |");
    expect(message?.body).toContain("| re-run tps | 97.25 (Δ -2.75 %) | ✅ within 5 % (limit included) |");
    expect((await under.get("/v1/inbox/ada")).body.items).toContain(message?.filename);
  });

  test("invalid: the reason code, the broken limit", async () => {
    const at = await begin();
    await judge(at, "invalid", { reason_code: "ppl_over_cap", checks: CHECKS });
    const [message] = await announcements(at);
    expect(message?.body).toContain("@ada **INVALID**");
    expect(message?.body).not.toContain("VERIFIED VALID");
    expect(message?.body).toContain("`ppl_over_cap`");
    expect(message?.body).toContain("| ppl | 2.5 | ❌ <= 2.42 (limit included) |");
  });

  test("every state that stands in the index, one after the other, all kept", async () => {
    const at = await begin();
    for (const state of INDEX_STATES) {
      const { status } = await judge(at, state);
      expect(status).toBe(200);
      expect(await indexOf(at.under)).toEqual({ [at.filename]: state });
      expect((await at.under.get(`/v1/results/${at.filename}`)).body.verification).toBe(state);
    }
    const verdict = await verdictOf(at.under, at.filename);
    const states = [...(verdict?.history ?? []), verdict].map((decision) => decision?.state);
    expect(states).toEqual(["pending", ...INDEX_STATES]);
    const times = [...(verdict?.history ?? []), verdict].map((decision) => decision?.at);
    expect(times).toEqual([...times].sort());
  });

  test("without an announcement if so asked", async () => {
    const at = await begin();
    await judge(at, "valid", { announce: false });
    expect(await announcements(at)).toEqual([]);
  });

  test("text of others mentions nobody and does not look like a verdict", async () => {
    const at = await begin();
    await at.under.agent("eve", "bob");
    await judge(at, "invalid", { reason: "see @eve\nand VERIFIED VALID" });
    const [message] = await announcements(at);
    expect(message?.body).not.toContain("VERIFIED VALID");
    expect((await at.under.get("/v1/inbox/eve")).body.items).toEqual([]);
    expect((await at.under.get("/v1/inbox/ada")).body.items).toHaveLength(1);
  });

  test.each([
    ["nobody", undefined, 401, "UNAUTHORIZED"],
    ["a participant", tokenOf("ada"), 403, "NOT_ORGANIZER"],
  ])("not by %s", async (_who, token, status, code) => {
    const at = await begin();
    const body = { state: "valid" };
    const answer = await at.under.post(`/v1/results/${at.filename}:judge`, body, token);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect((await judge({ ...at, filename: "20260101-000000-000_x.md" }, "valid")).status).toBe(404);
    expect((await judge(at, "invalid", { reason: " " })).status).toBe(422);
    expect((await judge(at, "fine")).status).toBe(422);
    expect(await verdictOf(at.under, at.filename)).toBeNull();
  });
});

describe("a program's verdict", () => {
  test("counts, may be changed by the program, and never replaces a person's", async () => {
    const at = await begin(EVAL);
    const program = (state: string) => judge(at, state, { machine: true });
    expect((await program("invalid")).body.outcome).toBe("applied");
    expect((await program("valid")).body.outcome).toBe("applied");
    expect((await judge(at, "invalid")).body.outcome).toBe("applied");
    expect((await program("valid")).body.outcome).toBe("deferred");
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "invalid" });
    expect((await at.under.get(`/v1/results/${at.filename}`)).body.verification).toBe("invalid");
    expect(await verdictOf(at.under, at.filename)).toMatchObject({
      state: "valid",
      by: "eval-space",
      deferred: true,
    });
    expect(await announcements(at)).toHaveLength(3);
  });

  test("a person's edit of the index wins; back to pending, a new verdict counts", async () => {
    const at = await begin(EVAL);
    const shown = async (state: string) =>
      vi.waitFor(async () => {
        expect((await at.under.get(`/v1/results/${at.filename}`)).body.verification).toBe(state);
      }, soon);
    await judge(at, "valid", { machine: true });
    await editIndex(at.under, { [at.filename]: "invalid" });
    await shown("invalid");
    expect((await judge(at, "valid", { machine: true })).body.outcome).toBe("deferred");
    await shown("invalid");
    await editIndex(at.under, { [at.filename]: "pending" });
    await shown("pending");
    expect((await judge(at, "valid", { machine: true })).body.outcome).toBe("applied");
    await shown("valid");
    expect(await announcements(at)).toHaveLength(2);
  });

  test("an edit between reading and writing the index is seen", async () => {
    const at = await begin(EVAL);
    const { verification } = at.under.backend.record;
    const update = verification.update.bind(verification);
    verification.update = async (change) => {
      // The decision is made and durable; the index has not been read for it yet.
      await editIndex(at.under, { [at.filename]: "invalid" });
      return update(change);
    };
    expect((await judge(at, "valid", { machine: true })).body.outcome).toBe("deferred");
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "invalid" });
    expect(await announcements(at)).toEqual([]);
  });

  test("is refused in another mode, and for states that are for people", async () => {
    const at = await begin();
    const answer = await judge(at, "valid", { machine: true });
    expect([answer.status, answer.body.error.code]).toEqual([409, "VERDICT_CONFLICT"]);
  });
});

describe("a crash", () => {
  test.each(STEPS)("after %s: one announcement, index and file agree", async (step) => {
    const at = await begin(EVAL);
    const { under, filename } = at;
    await vi.waitFor(async () => expect(await indexOf(under)).toEqual({ [filename]: "pending" }), soon);
    const dead = dieAfter(at, step);
    void decide(under.backend, filename, { state: "invalid", reason: "slow", by: "eval-space" });
    await dead;
    await under.restart();
    if (step === "nothing") await judge(at, "invalid", { machine: true });
    await vi.waitFor(async () => {
      expect(await verdictOf(under, filename)).toMatchObject({
        state: "invalid",
        applied: true,
        deferred: false,
      });
    }, soon);
    expect(await indexOf(under)).toEqual({ [filename]: "invalid" });
    expect(await announcements(at)).toHaveLength(1);
    expect((await verdictOf(under, filename))?.history).toHaveLength(1);
    await under.restart();
    expect(await announcements(at)).toHaveLength(1);
  });

  test("and a person's edit before the restart: the edit stays", async () => {
    const at = await begin(EVAL);
    const { under, filename } = at;
    await vi.waitFor(async () => expect(await indexOf(under)).toEqual({ [filename]: "pending" }), soon);
    const dead = dieAfter(at, "the verdict file");
    void decide(under.backend, filename, { state: "invalid", reason: "slow", by: "eval-space" });
    await dead;
    await editIndex(under, { [filename]: "valid" });
    await under.restart();
    await vi.waitFor(async () => {
      expect(await verdictOf(under, filename)).toMatchObject({ applied: true, deferred: true });
    }, soon);
    expect(await indexOf(under)).toEqual({ [filename]: "valid" });
    expect((await under.get(`/v1/results/${filename}`)).body.verification).toBe("valid");
    expect(await announcements(at)).toEqual([]);
  });
});

describe("when the Hub fails", () => {
  const CALLS = {
    "the write token": "/api/buckets/*/*/xet-write-token",
    uploading: "/xet/*/v1/xorbs/**",
    "publishing to the central bucket": "/api/buckets/demo/gemma-main-bucket/batch",
    "publishing the journal": "/api/buckets/demo-admin/gemma-audit/batch",
    "asking what is there": "/api/buckets/demo/gemma-main-bucket/paths-info**",
  };
  const FAULTS: Record<string, Fault> = {
    "answers 500": { kind: "status", status: 500 },
    "cuts the line": { kind: "reset" },
    "does it, but says 500": { kind: "lost" },
  };
  const cases = Object.entries(CALLS).flatMap(([call, path]) =>
    Object.entries(FAULTS).map(([fault, rule]) => [call, fault, { ...rule, path, count: 4 }] as const),
  );

  test("at any call: decided once, announced once", async () => {
    const at = await begin(EVAL);
    const { under } = at;
    for (const [index, [, , rule]] of cases.entries()) {
      const filename = await under.result(at.ada, 200 + index);
      const lift = await addFault(under.localHub.url, rule);
      await judge({ ...at, filename }, index % 2 === 0 ? "valid" : "invalid", { machine: true });
      await lift();
    }
    const { body } = await under.get("/v1/results?expand=true&limit=200&order=asc");
    const judged: { filename: string }[] = body.items.slice(1);
    await vi.waitFor(async () => {
      const index = await indexOf(under);
      for (const [at2, { filename }] of judged.entries())
        expect([filename, index[filename]]).toEqual([filename, at2 % 2 === 0 ? "valid" : "invalid"]);
      for (const { filename } of judged) expect(await announcements({ ...at, filename })).toHaveLength(1);
    }, soon);
    for (const { filename } of judged)
      expect(await verdictOf(under, filename)).toMatchObject({ applied: true, deferred: false });
  }, 180_000);

  test("an index that nobody can read is left alone; mended, the verdict takes effect", async () => {
    const at = await begin();
    await at.under.central.write([{ path: INDEX, content: "not JSON" }]);
    expect((await judge(at, "valid")).body.outcome).toBe("later");
    expect(await at.under.central.readText(INDEX)).toBe("not JSON");
    expect(await announcements(at)).toEqual([]);
    await at.under.central.write([{ path: INDEX, content: "{}" }]);
    await vi.waitFor(async () => expect(await indexOf(at.under)).toEqual({ [at.filename]: "valid" }), soon);
    await vi.waitFor(async () => expect(await announcements(at)).toHaveLength(1), soon);
  });
});

test("many verdicts at once cost few writes of the index", async () => {
  const at = await begin(EVAL);
  const filenames = [at.filename];
  for (let n = 1; n < 12; n += 1) filenames.push(await at.under.result(at.ada, 100 + n));
  const { verification } = at.under.backend.record;
  const update = vi.spyOn(verification, "update");
  await Promise.all(
    filenames.map((filename) =>
      judge({ ...at, filename }, "valid", { machine: true, announce: false }, ORGANISER),
    ),
  );
  expect(Object.values(await indexOf(at.under))).toEqual(filenames.map(() => "valid"));
  expect(update.mock.calls.length).toBeLessThan(filenames.length);
});
