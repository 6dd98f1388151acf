import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { EXAMPLE, HARNESS } from "../support/gemma.ts";
import { evaluate, requirePython } from "../support/python.ts";

beforeAll(requirePython);

const read = (...path: string[]) => readFile(join(EXAMPLE, ...path), "utf8");

/** A document with the padding of its tables taken out. */
const readTables = async (...path: string[]) => (await read(...path)).replace(/ +\|/g, " |");

describe("numbers that are written in two places", () => {
  it("the perplexity cap of the harness is the guardrail of the board", async () => {
    const collab = parse(await read("collab.yaml")) as {
      scoring: { guardrails: { field: string; max: number }[] };
    };
    const gates = JSON.parse(await read("harness/gates.json")) as { common: { ppl_max: number } };
    const guardrail = collab.scoring.guardrails.find(({ field }) => field === "ppl");
    expect(gates.common.ppl_max).toBe(guardrail?.max);
  });

  it("the harness gives up, with its reason, before the Job's own limit ends it without one", async () => {
    const { jobs } = parse(await read("collab.yaml")) as { jobs: { timeout_minutes: number } };
    const limit = await evaluate<number>(
      HARNESS,
      "from gemma_harness.profiles import *\nresult = FULL.run_s",
    );
    expect(limit).toBeLessThanOrEqual(60 * jobs.timeout_minutes - 120);
  });

  it("every gate and every reason code of a gate is in the README", async () => {
    const readme = await readTables("harness/README.md");
    const code = await Promise.all(
      ["timed.py", "score.py", "probe.py", "choices.py"].map((name) =>
        read("harness/gemma_harness/stages", name),
      ),
    );
    const used = code.join("\n").matchAll(/gates\.(?:at_most|at_least|equal)\(\s*"(\w+)"/g);
    const gates = [...used].map((match) => match[1]);
    expect(gates).toHaveLength(10);
    for (const gate of gates) expect(readme).toContain(`| \`${gate}\` |`);
  });

  it("the README tells the sizes that the profiles have", async () => {
    const readme = await readTables("harness/README.md");
    const profiles = await evaluate<Record<string, number>[]>(
      HARNESS,
      "from gemma_harness.profiles import *\nresult = [vars(p) for p in (FULL, SMOKE, DRY, DRY_SMOKE)]",
    );
    const [full, smoke, dry, drySmoke] = profiles.map((p) => `${p.prompts} × ${p.output_tokens}`);
    for (const row of [
      `| full | ${full} |`,
      `| smoke | ${smoke} |`,
      `| dry | ${dry} (smoke lane: ${drySmoke}) |`,
    ])
      expect(readme).toContain(row);
  });

  it("every lesson from B9 to E53 has one row in the example's README, and only planted submissions that exist", async () => {
    const readme = await readTables("README.md");
    const rows = [...readme.matchAll(/^\| ([B-E])(\d+) \|(.*)\|$/gm)];
    expect(rows.map((row) => Number(row[2]))).toEqual(Array.from({ length: 45 }, (_, index) => 9 + index));
    for (const row of rows) expect(row[3]?.split(" | ")).toHaveLength(3);
    const planted = await readdir(join(EXAMPLE, "submissions/planted"));
    for (const [, name = ""] of readme.matchAll(/planted `([a-z-]+)`/g)) expect(planted).toContain(name);
  });

  it("every switch of the stub is in its README", async () => {
    const readme = await readTables("submissions/stub/README.md");
    const faults = await evaluate<string[]>(
      join(EXAMPLE, "submissions/stub"),
      "from faults import *\nresult = sorted(NUMBERED | PLAIN)",
    );
    for (const fault of faults) expect(readme).toMatch(new RegExp(`\`${fault}(=[A-Z])?\``));
  });
});

describe("the baseline", () => {
  it("has a manifest that the harness accepts", async () => {
    const code = [
      "from pathlib import Path",
      "from gemma_harness.manifest import load_manifest",
      "manifest = load_manifest(Path(input))",
      "result = [manifest.model_id, manifest.lock, manifest.serve]",
    ].join("\n");
    const folder = join(EXAMPLE, "submissions/baseline-vllm");
    expect(await evaluate(HARNESS, code, folder)).toEqual([
      "google/gemma-4-E4B-it",
      "requirements.lock",
      ["python", "serve.py"],
    ]);
  });
});
