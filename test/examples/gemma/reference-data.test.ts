import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE } from "../support/gemma.ts";
import { evaluate, python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

const TOOLS = join(EXAMPLE, "tools");
const IMPORT = "from pathlib import Path\nfrom reference_data import *\n";

describe("making data from questions", () => {
  it("splits by seed and id, whatever the order of the file", async () => {
    const code = `${IMPORT}
rows = [{"id": f"q{n}", "text": str(n)} for n in range(12)]
ids = lambda rows, seed: [[row["id"] for row in part] for part in split_questions(rows, 6, 3, seed)]
result = [ids(rows, 1), ids(rows[::-1], 1), ids(rows, 2)]`;
    const [one, reversed, other] = await evaluate<string[][][]>(TOOLS, code);
    expect(reversed).toEqual(one);
    expect(other).not.toEqual(one);
    expect(new Set(one?.flat()).size).toBe(9);
  });

  it("uses the served model's template for prompts and the reference model's for contexts", async () => {
    const code = `${IMPORT}
rows = [{"id": "a", "text": "x"}]
result = build(rows, [{"id": "w", "text": "y"}], lambda t: [1, ord(t)], lambda t: [2, ord(t)],
               lambda contexts, seeds: [context * 8 for context in contexts], 1)`;
    expect(await evaluate(TOOLS, code)).toEqual({
      prompts: [{ id: "a", token_ids: [1, 120] }],
      references: [
        { id: "a", context_token_ids: [2, 120], target_token_ids: Array(8).fill([2, 120]).flat() },
      ],
      warmup: [{ id: "w", text: "y", token_ids: [1, 121] }],
    });
  });

  it.each([
    [
      "too few questions",
      "split_questions([{'id': 'a', 'text': 'x'}], 1, 1, 1)",
      "1 + 1 questions are needed, there are 1",
    ],
    [
      "an answer that is too short",
      "build([{'id': 'a', 'text': 'x'}], [], lambda t: [1], lambda t: [1], lambda c, s: [[1]], 1)",
      "fewer than 16 tokens: a",
    ],
    ["a line without text", "read_questions(Path(input))", "line 2: needs an object with id and text"],
  ])("refuses %s", async (_name, call, message) => {
    await using bench = await Bench.create();
    const path = join(bench.root, "questions.jsonl");
    await writeFile(path, '{"id": "a", "text": "x"}\n{"id": "b"}\n');
    const code = `${IMPORT}\ntry: ${call}; result = None\nexcept DataError as error: result = str(error)`;
    expect(await evaluate<string>(TOOLS, code, path)).toContain(message);
  });
});

describe("the original event's files", () => {
  it("become data that the harness runs on, without a tokenizer", async () => {
    await using bench = await (await Bench.create()).stub();
    const rows = Array.from({ length: 10 }, (_, index) => ({
      id: `mmlu_pro-${index}`,
      context_token_ids: [2, 105, 500 + index, 106],
      target_token_ids: Array.from({ length: 20 }, (_, at) => 1000 + 7 * at + index),
    }));
    const [file, folder] = [join(bench.root, "ground_truth.jsonl"), join(bench.root, "data")];
    await writeFile(file, `${rows.map((row) => JSON.stringify(row)).join("\n")}\n`);
    const args = ["--references", file, "--out", folder, "--warmup", "3"];
    const done = await python([join(TOOLS, "import_original_data.py"), ...args]);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(await readFile(join(folder, "data_card.json"), "utf8"))).toMatchObject({
      counts: { prompts: 7, references: 10, warmup: 3 },
      target_tokens: 200,
      longest_pair: 24,
    });
    const { summary } = await bench.run(["--private-dir", folder]);
    expect(summary).toMatchObject({ status: "completed", gates_ok: true });
  });
});
