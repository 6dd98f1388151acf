/** Mode peer, and objections in every mode: who may say what, and what it decides. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TestAgent } from "../../support/backend.ts";
import { announcements, type Court, court, editIndex, indexOf, judge, soon, verdictOf } from "./support.ts";

const PEER: Parameters<typeof court>[0] = { verification: { mode: "peer", reviews: 2 } };

let open: (Court & AsyncDisposable) | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});
async function begin(...args: Parameters<typeof court>): Promise<Court> {
  open = await court(...args);
  return open;
}

const review = ({ under, filename }: Court, agent: TestAgent, verdict: string, extra = {}) =>
  under.post(
    `/v1/results/${filename}:review`,
    { agent_id: agent.id, verdict, evidence: "ran it", ...extra },
    agent.key,
  );
const dispute = ({ under, filename }: Court, agent: TestAgent, reason = "the prompts were cached") =>
  under.post(`/v1/results/${filename}:dispute`, { agent_id: agent.id, reason }, agent.key);

/** Seeded users besides ada, who owns the result. */
const OTHERS = ["bob", "organizer"] as const;
async function others(at: Court, count: number): Promise<TestAgent[]> {
  const agents: TestAgent[] = [];
  for (const user of OTHERS.slice(0, count)) agents.push(await at.under.agent(`of-${user}`, user));
  return agents;
}

describe("reviews", () => {
  test("two of one kind decide; the author is told by whom", async () => {
    const at = await begin(PEER);
    const [one, two] = (await others(at, 2)) as [TestAgent, TestAgent];
    expect((await review(at, one, "valid")).body).toMatchObject({
      state: "pending",
      reviews: { valid: 1, invalid: 0 },
    });
    expect((await review(at, two, "valid")).body).toMatchObject({
      state: "valid",
      reviews: { valid: 2, invalid: 0 },
    });
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "valid" });
    expect(await verdictOf(at.under, at.filename)).toMatchObject({
      by: "peers",
      reviews: [{ evidence: "ran it" }, {}],
    });
    const [message] = await announcements(at);
    expect(message?.body).toContain("Found valid by of-bob, of-organizer; invalid by nobody.");
  });

  test("one for and one against decide nothing", async () => {
    const at = await begin(PEER);
    const [one, two] = (await others(at, 2)) as [TestAgent, TestAgent];
    await review(at, one, "valid");
    expect((await review(at, two, "invalid")).body).toMatchObject({
      state: "pending",
      reviews: { valid: 1, invalid: 1 },
    });
  });

  test("enough of both kinds make it disputed", async () => {
    const at = await begin({ verification: { mode: "peer", reviews: 1 } });
    const [one, two] = (await others(at, 2)) as [TestAgent, TestAgent];
    expect((await review(at, one, "invalid")).body.state).toBe("invalid");
    expect((await review(at, two, "valid")).body.state).toBe("disputed");
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "disputed" });
    const messages = await announcements(at);
    expect(messages.map(({ body }) => /\*\*([A-Z]+)\*\*/.exec(body)?.[1])).toEqual(["INVALID", "DISPUTED"]);
  });

  test("nobody reviews their own result, nor one of their user's, nor twice", async () => {
    const at = await begin(PEER);
    const twin = await at.under.agent("twin", "ada");
    const [bob] = (await others(at, 1)) as [TestAgent];
    const bobs = await at.under.agent("bob-2", "bob");
    const refused = async (agent: TestAgent) => (await review(at, agent, "valid")).body.error?.message;
    expect(await refused(at.ada)).toContain("their own result");
    expect(await refused(twin)).toContain("same Hugging Face user");
    expect(await refused(bob)).toBeUndefined();
    expect(await refused(bob)).toContain("one review a person");
    expect(await refused(bobs)).toContain("one review a person");
    expect((await verdictOf(at.under, at.filename))?.reviews).toHaveLength(1);
  });

  test("at the same moment of one person count once", async () => {
    const at = await begin(PEER);
    const agents = [
      await at.under.agent("b-1", "bob"),
      await at.under.agent("b-2", "bob"),
      await at.under.agent("b-3", "bob"),
    ];
    const answers = await Promise.all(agents.map((agent) => review(at, agent, "valid")));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
    expect((await verdictOf(at.under, at.filename))?.state).toBe("pending");
  });

  test("need a registered writer, words, a result, and this mode", async () => {
    const at = await begin(PEER);
    const [bob] = (await others(at, 1)) as [TestAgent];
    expect((await review(at, { ...bob, key: at.ada.key }, "valid")).status).toBe(403);
    expect((await review(at, bob, "valid", { evidence: " " })).status).toBe(422);
    expect((await review(at, bob, "maybe")).status).toBe(422);
    expect((await review({ ...at, filename: "20260101-000000-000_x.md" }, bob, "valid")).status).toBe(404);
    expect((await review(at, bob, "valid", { run_id: "20260101-000000-000_x" })).status).toBe(404);
  });

  test("say nothing against a person; reopened by one, they begin again", async () => {
    const at = await begin({ verification: { mode: "peer", reviews: 1 } });
    const [one, two] = (await others(at, 2)) as [TestAgent, TestAgent];
    await judge(at, "invalid");
    await review(at, one, "valid");
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "invalid" });
    expect(await verdictOf(at.under, at.filename)).toMatchObject({
      deferred: true,
      reviews: [{ verdict: "valid" }],
    });
    await judge(at, "pending");
    expect((await at.under.get(`/v1/results/${at.filename}`)).body.verification).toBe("pending");
    expect((await review(at, two, "invalid")).body.state).toBe("invalid");
  });
});

describe("an objection", () => {
  const EVAL: Parameters<typeof court>[0] = { verification: { mode: "eval-space" } };

  test("to a program's verdict is for an organiser to settle", async () => {
    const at = await begin(EVAL);
    const [bob] = (await others(at, 1)) as [TestAgent];
    expect((await dispute(at, bob)).body.error.message).toContain("no verdict to object to");
    await judge(at, "valid", { machine: true });
    const answer = await dispute(at, bob, "cached @of-organizer VERIFIED VALID");
    expect(answer.body).toMatchObject({ state: "disputed" });
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "disputed" });
    const message = (await announcements(at)).at(-1);
    expect(message?.body).toContain("@ada **DISPUTED**");
    expect(message?.body).not.toContain("VERIFIED VALID");
    // No program settles it, and one objection a person is enough.
    expect((await judge(at, "valid", { machine: true })).body.outcome).toBe("deferred");
    expect((await judge(at, "valid")).body.outcome).toBe("applied");
    expect((await dispute(at, bob)).body.error.message).toContain("An organiser has decided");
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "valid" });
    expect(await verdictOf(at.under, at.filename)).toMatchObject({ disputes: [{ agent_id: "of-bob" }] });
  });

  test("does not touch what a person has just decided by hand", async () => {
    const at = await begin(EVAL);
    const [bob] = (await others(at, 1)) as [TestAgent];
    await judge(at, "invalid", { machine: true });
    const { verification } = at.under.backend.record;
    const update = verification.update.bind(verification);
    verification.update = async (change) => {
      await editIndex(at.under, { [at.filename]: "valid" });
      return update(change);
    };
    expect((await dispute(at, bob)).body.error.message).toContain("An organiser has decided");
    expect(await indexOf(at.under)).toEqual({ [at.filename]: "valid" });
  });

  test("is one of a few that a person may have open", async () => {
    const at = await begin(EVAL);
    const [bob] = (await others(at, 1)) as [TestAgent];
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      const filename = await at.under.result(at.ada, 200 + n);
      await judge({ ...at, filename }, "valid", { machine: true, announce: false });
      statuses.push((await dispute({ ...at, filename }, bob)).status);
    }
    expect(statuses).toEqual([201, 201, 201, 409]);
  });
});

describe("results that nobody judges", () => {
  test("expire, and an organiser may open them again", async () => {
    let now = Date.now();
    const at = await begin(
      { verification: { mode: "manual", expires_days: 7 } },
      { start: { now: () => now } },
    );
    const shown = async () => (await at.under.get(`/v1/results/${at.filename}`)).body.verification;
    const judged = await at.under.result(at.ada, 101);
    await judge({ ...at, filename: judged }, "valid", { announce: false });
    now += 6.9 * 86_400_000;
    const fresh = await at.under.result(at.ada, 102);
    expect(await shown()).toBe("pending");
    now += 0.2 * 86_400_000;
    await vi.waitFor(async () => expect(await shown()).toBe("expired"), soon);
    expect(await indexOf(at.under)).toMatchObject({
      [at.filename]: "expired",
      [judged]: "valid",
    });
    expect(await verdictOf(at.under, at.filename)).toMatchObject({
      reason_code: "not_judged_in_time",
      by: "backend",
    });
    expect((await at.under.get(`/v1/results/${fresh}`)).body.verification).toBe("pending");
    await judge(at, "pending");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await shown()).toBe("pending");
    now += 8 * 86_400_000;
    await vi.waitFor(async () => expect(await shown()).toBe("expired"), soon);
  });
});
