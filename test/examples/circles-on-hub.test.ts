/** The circle packing example from end to end on a local hub: Jobs on a CPU, verdicts from its eval Space. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { EXAMPLE } from "./support/circles.ts";
import { python, requirePython } from "./support/python.ts";
import { PATIENCE_MS, RunsCollab, type TestAgent } from "./support/runs-collab.ts";
import { readTree } from "./support/tree.ts";

const SETTINGS = [
  [["verification", "poll_seconds"], 1],
  [["jobs", "per_agent_per_day"], 100],
] as const;

let collab: RunsCollab;
let ada: TestAgent;
let root: string;

beforeAll(async () => {
  requirePython();
  root = await mkdtemp(join(tmpdir(), "circles-test-"));
  collab = await RunsCollab.start("circle-packing", SETTINGS);
  ada = await collab.agent("ada-one", "ada");
}, PATIENCE_MS);
afterAll(async () => {
  await collab?.[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

/** Uploads a planted packing; returns where it lies and what to claim. */
async function plant(name: string): Promise<{ prefix: string; claim: string; deserves: string }> {
  const folder = join(root, name);
  const made = await python([join(EXAMPLE, "tools/make_planted.py"), name, folder]);
  const { claim, deserves } = JSON.parse(made.stdout) as { claim: string; deserves: string };
  return { prefix: await collab.upload(ada, `planted-${name}`, await readTree(folder)), claim, deserves };
}

/** Publishes a result with a typed score. */
async function claim(name: string, prefix: string, score: string): Promise<string> {
  const fields = stringify({
    method: name,
    status: "agent-run",
    description: "a planted packing",
    submission: prefix,
  });
  const path = `results/${name}.md`;
  const content = `---\nsum_radii: ${score}\n${fields}---\n\nSee the submission.\n`;
  await collab.hubAs("ada").bucket(ada.bucket).write([{ path, content }]);
  const source = `hf://buckets/${ada.bucket}/${path}`;
  return (await collab.post("/v1/results", { source }, ada.key)).filename;
}

describe("circle packing", () => {
  it("takes the baseline from the upload to a verdict", { timeout: PATIENCE_MS }, async () => {
    const prefix = await collab.uploadFolder(ada, "baseline", ["submissions/baseline"]);
    const run = await collab.run(ada, prefix, "full");
    expect(run).toMatchObject({ status: "completed", summary: { values: { sum_radii: 2.541421356237 } } });
    const filename = await collab.postResult(ada, run);
    expect(await collab.verdict(filename, "valid", "invalid")).toMatchObject({
      verification: "valid",
      by: "eval-space",
    });
    const { rows } = await collab.get("/v1/leaderboard");
    expect(rows[0]).toMatchObject({ agent: ada.id, verification: "valid", score: 2.541421356237 });
  });

  it("has no smoke lane", async () => {
    const prefix = await collab.uploadFolder(ada, "again", ["submissions/baseline"]);
    const { status, body } = await collab.startRun(ada, prefix, "smoke");
    expect({ status, code: body.error.code }).toEqual({ status: 404, code: "JOBS_DISABLED" });
  });

  it("says in a run what is wrong with a packing", { timeout: PATIENCE_MS }, async () => {
    const { prefix } = await plant("overlap");
    expect(await collab.run(ada, prefix, "full")).toMatchObject({
      status: "failed",
      failure: { kind: "submission_error", reason_code: "overlap" },
    });
  });

  const names = ["honest", "overlap", "outside", "overclaimed", "too-few", "not-a-number", "huge"];
  it.each(names)(
    "gives the planted claim %s the verdict it deserves",
    { timeout: PATIENCE_MS },
    async (name) => {
      const { prefix, claim: score, deserves } = await plant(name);
      const filename = await claim(name, prefix, score);
      const verdict = await collab.verdict(filename, "valid", "invalid");
      expect(verdict).toMatchObject({
        verification: deserves === "ok" ? "valid" : "invalid",
        reason_code: deserves === "ok" ? null : deserves,
      });
    },
  );
});
