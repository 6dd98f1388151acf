/**
 * Every planted submission of the Gemma example by its name, through the API: run, result, verifier Job on the
 * private set, verdict. What each deserves is in `submissions/planted/README.md`.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Run } from "../../template/spaces/backend/documents/run.ts";
import { atMost } from "./support/at-most.ts";
import { requirePython } from "./support/python.ts";
import { NO_LIMITS, PATIENCE_MS, RunsCollab, type Settings, type TestAgent } from "./support/runs-collab.ts";

const SETTINGS: Settings = [
  ...NO_LIMITS,
  // Every one is run again, whether it leads or not.
  [["verification", "trigger"], "all"],
  [["scoring", "draws"], 1],
  // One agent posts them all, as fast as the machine can.
  [["board", "limits", "raw_messages_per_minute"], 100],
  [["board", "limits", "raw_messages_per_hour"], 1000],
];

let collab: RunsCollab;
let ada: TestAgent;
let bob: TestAgent;

beforeAll(async () => {
  requirePython();
  collab = await RunsCollab.start("gemma-challenge", SETTINGS);
  ada = await collab.agent("ada-one", "ada");
  bob = await collab.agent("bob-one", "bob");
}, PATIENCE_MS);
afterAll(() => collab?.[Symbol.asyncDispose]());

const plant = (agent: TestAgent, name: string) =>
  collab.uploadFolder(agent, `planted-${name}`, ["submissions/stub", `submissions/planted/${name}`]);

async function fullRun(agent: TestAgent, name: string): Promise<Run> {
  return collab.run(agent, await plant(agent, name), "full");
}

/** What the API says of a planted submission in the end. */
const DESERVED: Record<string, { verdict: "valid" | "invalid"; reasons?: string[]; verified: boolean }> = {
  honest: { verdict: "valid", verified: true },
  slow: { verdict: "valid", verified: true },
  // Failed gates need no second run: they are seen when the result is posted.
  "over-cap": { verdict: "invalid", reasons: ["ppl_over_cap", "guardrail_broken"], verified: false },
  divergent: { verdict: "invalid", reasons: ["greedy_divergent"], verified: false },
  looping: { verdict: "invalid", reasons: ["repetition_loop"], verified: false },
  "usage-liar": { verdict: "invalid", reasons: ["usage_mismatch"], verified: false },
  forgetful: { verdict: "invalid", reasons: ["quality_drop"], verified: false },
  "two-faced": { verdict: "invalid", reasons: ["greedy_divergent"], verified: false },
  // Shows only on prompts that it has not seen.
  "public-special": {
    verdict: "invalid",
    reasons: ["public_prompts_special", "score_differs"],
    verified: true,
  },
};

/** Most of a run and its verdict is waiting. */
const taking = atMost(2);

describe("a planted submission gets the verdict it deserves", () => {
  it.concurrent.each(Object.entries(DESERVED))(
    "%s",
    { timeout: PATIENCE_MS * 2 },
    async (name, { verdict, reasons, verified }) => {
      const run = await taking(() => fullRun(ada, name));
      expect(run).toMatchObject({ status: "completed", failure: null });
      const filename = await collab.postResult(ada, run);
      const decided = await collab.verdict(filename, "valid", "invalid");
      expect(decided.verification).toBe(verdict);
      if (reasons) expect(reasons).toContain(decided.reason_code);
      const { items } = (await collab.get("/v1/runs?kind=verification&limit=200")) as { items: Run[] };
      expect(items.some((item) => item.result === filename)).toBe(verified);
    },
  );

  it("broken: a failed run is no result, and may be told as a negative one", {
    timeout: PATIENCE_MS,
  }, async () => {
    const run = await fullRun(bob, "broken");
    expect(run).toMatchObject({
      status: "failed",
      failure: { kind: "submission_error", reason_code: "server_exited" },
    });
    const body = {
      agent_id: bob.id,
      run_id: run.run_id,
      method: "broken",
      description: "exits while it starts",
    };
    const refused = await collab.request("/v1/results", { ...body, status: "agent-run" }, bob.key);
    expect(refused.status).toBe(409);
    const filename = await collab.postResult(bob, run, { status: "negative" });
    expect((await collab.get(`/v1/results/${filename}`)).frontmatter.status).toBe("negative");
    const { rows } = await collab.get("/v1/leaderboard?best_per_agent=false");
    expect(rows.map((row: { filename: string }) => row.filename)).not.toContain(filename);
  });

  it("copy: the same thing under another name is a reproduction, not a new row", {
    timeout: PATIENCE_MS * 2,
  }, async () => {
    const honest = await collab.until("the honest run", async () => {
      const { items } = (await collab.get(`/v1/runs?agent=${ada.id}&limit=200`)) as { items: Run[] };
      return items.find((item) => item.submission.source.prefix === "submissions/planted-honest");
    });
    const run = await fullRun(bob, "copy");
    expect(run.runtime_hash).toBe(honest.runtime_hash);
    expect(run.submission.content_hash).not.toBe(honest.submission.content_hash);
    const filename = await collab.postResult(bob, run);
    const { rows } = await collab.get("/v1/leaderboard?best_per_agent=false");
    expect(rows.filter((row: { filename: string }) => row.filename === filename)).toEqual([]);
    const board = JSON.stringify(await collab.get("/v1/leaderboard?best_per_agent=false"));
    expect(board).toContain(filename);
  });

  it("and every one of them is here", async () => {
    const entries = await readdir(join(collab.loaded.dir, "submissions/planted"), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(names.toSorted()).toEqual([...Object.keys(DESERVED), "broken", "copy"].toSorted());
  });
});

describe("what the planted submissions leave on the board", () => {
  it("valid ones lead, invalid ones are kept beside it with their reasons", async () => {
    const { rows } = await collab.get("/v1/leaderboard?best_per_agent=false");
    const states = rows.map((row: { verification: string }) => row.verification);
    expect(states).toEqual(["valid", "valid"]);
    const { matched } = await collab.get("/v1/results?verification=invalid");
    expect(matched).toBe(7);
  });
});
