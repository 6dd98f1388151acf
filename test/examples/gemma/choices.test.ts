import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE, HARNESS } from "../support/gemma.ts";
import { evaluate, python, requirePython } from "../support/python.ts";
import { startStub } from "../support/stub-server.ts";

beforeAll(requirePython);

const IMPORT = "from gemma_harness.stages.choices import *\n";

describe("multiple-choice answers", () => {
  it.each([
    ["B", "B"],
    ["The answer is C.", "C"],
    ["**D**", "D"],
    ["(A) because", "A"],
    ["ABBA", null],
    ["", null],
    [7, null],
  ])("%j is read as %j", async (content, letter) => {
    const code = `${IMPORT}result = read_letter({"choices": [{"message": {"content": input}}]})`;
    expect(await evaluate(HARNESS, code, content)).toBe(letter);
  });

  it.each([
    [0, 0, 1],
    [7, 0, 1 / 128],
    [6, 0, 1 / 64],
    [5, 5, 0.623046875],
    [0, 9, 1],
  ])("%i lost and %i gained are chance with probability %d", async (lost, gained, chance) => {
    const code = `${IMPORT}result = chance_of_loss(*input)`;
    expect(await evaluate(HARNESS, code, [lost, gained])).toBeCloseTo(chance, 12);
  });

  it("the interval of 92 right of 150 is the one of the textbooks", async () => {
    const [low, high] = await evaluate<[number, number]>(HARNESS, `${IMPORT}result = wilson(92, 150)`);
    expect(low).toBeCloseTo(0.5335, 3);
    expect(high).toBeCloseTo(0.6876, 3);
  });

  it("are shown in percent under the name of the question set", async () => {
    await using bench = await (await Bench.create()).stub();
    const { summary } = await bench.run();
    const rows = await bench.rows("choice_results.jsonl");
    const right = rows.filter((row) => row.right).length;
    expect(rows).toHaveLength(24);
    expect((summary as unknown as { invented: number }).invented).toBeCloseTo((100 * right) / 24, 10);
  });
});

describe("record_choices", () => {
  it("writes the unmodified model's answers beside the right ones", async () => {
    await using bench = await Bench.create();
    await using server = await startStub();
    const [items, out] = [join(HARNESS, "data/invented/choices.jsonl"), join(bench.root, "choices.jsonl")];
    const args = ["--base-url", server.url, "--model", "toy", "--items", items, "--out", out];
    const done = await python([join(EXAMPLE, "tools/record_choices.py"), ...args]);
    expect(done.code, done.stderr).toBe(0);
    expect(await readFile(out, "utf8")).toBe(await readFile(items, "utf8"));
  });
});
