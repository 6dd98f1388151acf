import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE, HARNESS } from "../support/gemma.ts";
import { evaluate, python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

const DATA_FILES = ["prompts.jsonl", "references.jsonl", "warmup.jsonl", "choices.jsonl", "data_card.json"];
const PUBLIC = join(HARNESS, "data/invented");

/** Invented data that is not the committed one. */
async function inventPrivateData(bench: Bench): Promise<string> {
  const folder = join(bench.root, "private");
  const made = await python([join(EXAMPLE, "tools/make_invented_data.py"), "--out", folder, "--seed", "2"]);
  expect(made.code, made.stderr).toBe(0);
  return folder;
}

describe("a verification run", () => {
  it("times and scores the private set, and compares the rate with the public one", async () => {
    await using bench = await (await Bench.create()).stub();
    const folder = await inventPrivateData(bench);
    const { summary } = await bench.run(["--private-dir", folder]);
    expect(summary).toMatchObject({ status: "completed", private: true, gates_ok: true });
    const ids = (await bench.rows("decode_outputs.jsonl")).map((row) => row.id);
    expect(ids.every((id) => String(id).startsWith("invented-2-"))).toBe(true);
    expect(summary.gates.map((gate) => gate.gate)).toContain("public_private_ratio");
  });

  it("hides what the server printed from the summary, which may be announced, and keeps it in the log", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_FAULTS: "die-after=11" });
    const folder = await inventPrivateData(bench);
    const { summary, stderr } = await bench.run(["--private-dir", folder]);
    expect(summary.failure?.reason_code).toBe("server_exited");
    expect(JSON.stringify(summary)).not.toContain("EngineCore");
    expect(stderr).not.toContain("EngineCore");
    expect(await bench.output("server.log")).toContain("EngineCore died");
  });

  it("blames nobody when the private data is missing, broken or also public", async () => {
    await using bench = await (await Bench.create()).stub();
    const folder = await inventPrivateData(bench);
    const prompts = await readFile(join(folder, "prompts.jsonl"), "utf8");

    await writeFile(join(folder, "warmup.jsonl"), prompts);
    let { code, summary } = await bench.run(["--private-dir", folder]);
    expect(code).toBe(12);
    expect(summary.failure).toMatchObject({ kind: "infra_error", reason_code: "data_invalid" });

    await writeFile(join(folder, "warmup.jsonl"), '{"id": "a"');
    ({ summary } = await bench.run(["--private-dir", folder]));
    expect(summary.failure?.message).toContain("warmup.jsonl, line 1");

    await rm(folder, { recursive: true });
    ({ summary } = await bench.run(["--private-dir", folder]));
    expect(summary.failure).toMatchObject({ kind: "infra_error", reason_code: "data_missing" });
  });
});

describe("the invented data", () => {
  it("is what its script makes, byte for byte", async () => {
    await using bench = await Bench.create();
    const folder = join(bench.root, "again");
    await python([join(EXAMPLE, "tools/make_invented_data.py"), "--out", folder]);
    const read = (from: string) => Promise.all(DATA_FILES.map((name) => readFile(join(from, name), "utf8")));
    expect(await read(folder)).toEqual(await read(PUBLIC));
    await python([join(EXAMPLE, "tools/make_invented_data.py"), "--out", folder, "--seed", "2"]);
    expect(await read(folder)).toEqual(await read(join(EXAMPLE, "eval_dataset")));
  });

  it("is refused by a run that counts, wherever it lies", async () => {
    const code = [
      "from pathlib import Path",
      "from gemma_harness.dataset import load_dataset",
      "from gemma_harness.errors import HarnessFailure",
      "try: load_dataset(Path(input), prompts=1, references=1, choices=1, invented=False); result = None",
      "except HarnessFailure as error: result = str(error)",
    ].join("\n");
    for (const folder of [PUBLIC, join(EXAMPLE, "eval_dataset")])
      expect(await evaluate<string>(HARNESS, code, folder)).toContain("data_invalid: ");
  });
});
