import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE, failedGates, type Summary } from "../support/gemma.ts";
import { python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

const PLANTED = join(EXAMPLE, "submissions/planted");

/** What a run deserves: a failure's reason code, or the reason codes of failed gates. */
type Deserved = { failure: string } | { gates: string[] };

const TABLE: Record<string, { public: Deserved; private: Deserved }> = {
  honest: { public: { gates: [] }, private: { gates: [] } },
  slow: { public: { gates: [] }, private: { gates: [] } },
  "over-cap": { public: { gates: ["ppl_over_cap"] }, private: { gates: ["ppl_over_cap"] } },
  broken: { public: { failure: "server_exited" }, private: { failure: "server_exited" } },
  divergent: { public: { gates: ["greedy_divergent"] }, private: { gates: ["greedy_divergent"] } },
  looping: { public: { gates: ["repetition_loop"] }, private: { gates: ["repetition_loop"] } },
  "usage-liar": { public: { gates: ["usage_mismatch"] }, private: { gates: ["usage_mismatch"] } },
  forgetful: { public: { gates: ["quality_drop"] }, private: { gates: ["quality_drop"] } },
  "two-faced": { public: { gates: ["greedy_divergent"] }, private: { gates: ["greedy_divergent"] } },
  "public-special": { public: { gates: [] }, private: { gates: ["public_prompts_special"] } },
  copy: { public: { gates: [] }, private: { gates: [] } },
};

async function plant(bench: Bench, name: string): Promise<void> {
  const done = await python([join(EXAMPLE, "tools/assemble_planted.py"), name, bench.submission]);
  expect(done.code, done.stderr).toBe(0);
}

const runs = new Map<string, Promise<Summary>>();

/** The run of a planted submission on the public data; made once. */
function publicRun(name: string): Promise<Summary> {
  const known = runs.get(name);
  if (known) return known;
  const made = (async () => {
    await using bench = await Bench.create();
    await plant(bench, name);
    return (await bench.run()).summary;
  })();
  runs.set(name, made);
  return made;
}

function outcome(summary: Summary): Deserved {
  return summary.failure ? { failure: summary.failure.reason_code } : { gates: failedGates(summary) };
}

describe("a planted submission gets what it deserves", () => {
  it.each(Object.entries(TABLE))("%s", async (name, deserved) => {
    expect(outcome(await publicRun(name))).toEqual(deserved.public);

    await using bench = await Bench.create();
    await plant(bench, name);
    const folder = join(bench.root, "private");
    await python([join(EXAMPLE, "tools/make_invented_data.py"), "--out", folder, "--seed", "2"]);
    const verified = await bench.run(["--private-dir", folder]);
    expect(outcome(verified.summary)).toEqual(deserved.private);
  });

  it("and every one of them is in the table", async () => {
    const entries = await readdir(PLANTED, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(names.sort()).toEqual(Object.keys(TABLE).sort());
  });
});

describe("planted submissions side by side", () => {
  it("the slow one scores below the honest one", async () => {
    const [honest, slow] = [await publicRun("honest"), await publicRun("slow")];
    expect(slow.tps).toBeLessThanOrEqual(150);
    expect(honest.tps).toBeGreaterThan(slow.tps ?? 0);
  });

  it("a copy has another hash of its files, and the same hash of what runs", async () => {
    const [honest, copy, slow] = await Promise.all(
      ["honest", "copy", "slow"].map(async (name) => (await publicRun(name)).provenance.submission),
    );
    expect(copy?.sha256).not.toBe(honest?.sha256);
    expect(copy?.runtime_sha256).toBe(honest?.runtime_sha256);
    expect(slow?.runtime_sha256).not.toBe(honest?.runtime_sha256);
  });
});
