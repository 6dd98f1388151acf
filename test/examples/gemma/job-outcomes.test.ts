import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { OUTCOMES } from "../../support/run-outcomes.ts";
import { Bench, EXAMPLE } from "../support/gemma.ts";
import { python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

async function classify(status: object, summary: object | null): Promise<unknown> {
  await using bench = await Bench.create();
  await writeFile(join(bench.root, "job_status.json"), JSON.stringify(status));
  if (summary !== null) await writeFile(join(bench.root, "summary.json"), JSON.stringify(summary));
  const done = await python([join(EXAMPLE, "tools/classify_run.py"), bench.root]);
  expect(done.code, done.stderr).toBe(0);
  return JSON.parse(done.stdout);
}

describe("what became of a Job, says tools/classify_run.py", () => {
  it.each(OUTCOMES.map(({ name, ...rest }) => [name, rest] as const))(
    "%s",
    async (_name, { status, summary, outcome }) => {
      expect(await classify(status, summary)).toEqual(outcome);
    },
  );

  it("running", async () => {
    const [first] = OUTCOMES;
    const status = { ...first?.status, status: "running", stage: "RUNNING" };
    expect(await classify(status, null)).toEqual({
      kind: "running",
      reason_code: "running",
      charged: true,
      retry: false,
    });
  });
});
