/** The long question sets, with a stand-in for the `inspect` program: `test/examples/support/inspect/inspect`. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE, HARNESS } from "../support/gemma.ts";
import { evaluate, python, requirePython } from "../support/python.ts";
import { type StubServer, startStub } from "../support/stub-server.ts";

beforeAll(requirePython);

const FAKE_INSPECT = resolve(import.meta.dirname, "../support/inspect");
const WITH_INSPECT = { PATH: [FAKE_INSPECT, process.env.PATH].join(delimiter) };

interface TaskBlock {
  task: string;
  status: string;
  reason_code?: string;
  message?: string;
  accuracy?: number;
  stderr?: number;
  interval?: [number, number];
  total_samples?: number;
  completed_samples?: number;
  against_reference?: { items: number; lost: number; gained: number; chance: number } | null;
}

interface Block {
  status: string;
  tasks: TaskBlock[];
}

const COUNT = 40;

/** Question sets of 40 each, all answered with A; returns their folder. */
async function questionSets(bench: Bench): Promise<string> {
  const folder = join(bench.root, "evals");
  await mkdir(folder);
  for (const task of ["mmlu_pro", "gpqa_diamond"]) {
    const rows = Array.from({ length: COUNT }, (_, index) => ({
      id: `${task}-${index}`,
      question: `What is ${index} + ${index}?`,
      options: [String(2 * index), "1", "2", "3"],
      answer: "A",
    }));
    await writeFile(join(folder, `${task}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  return folder;
}

async function ask(
  server: StubServer,
  folder: string,
  out: string,
  args: readonly string[] = [],
  env = WITH_INSPECT,
) {
  const paths = ["--base-url", server.url, "--model", "toy", "--data", folder, "--out", out];
  const done = await python([join(EXAMPLE, "tools/run_evals.py"), ...paths, ...args], { env });
  return { ...done, block: JSON.parse(done.stdout || "null") as Block };
}

const task = (block: Block, name: string) => block.tasks.find((entry) => entry.task === name);

describe("the long question sets", () => {
  it("are counted sample by sample, with error, interval and number, and compared with the unmodified model", async () => {
    await using bench = await Bench.create();
    const folder = await questionSets(bench);
    const out = join(bench.root, "out");
    await using server = await startStub();
    const first = await ask(server, folder, out);
    expect(first.code, first.stderr).toBe(0);
    expect(first.block).toMatchObject({
      status: "completed",
      tool: { name: "inspect-ai", version: "0.0.0" },
    });
    const rows = (await readFile(join(out, "eval_results.jsonl"), "utf8")).trim().split("\n");
    expect(rows).toHaveLength(2 * COUNT);
    const right = rows.filter((row) => row.includes('"mmlu_pro"') && JSON.parse(row).correct).length;
    expect(right).toBeGreaterThan(0);
    expect(task(first.block, "mmlu_pro")).toMatchObject({
      accuracy: right / COUNT,
      completed_samples: COUNT,
      total_samples: COUNT,
      raw_correct: right,
      epochs: 1,
      against_reference: null,
    });
    expect(JSON.parse(await readFile(join(out, "eval_summary.json"), "utf8"))).toEqual(first.block);

    await copyFile(join(out, "eval_results.jsonl"), join(folder, "reference_results.jsonl"));
    const same = await ask(server, folder, join(bench.root, "same"));
    expect(task(same.block, "mmlu_pro")?.against_reference).toEqual({
      items: COUNT,
      lost: 0,
      gained: 0,
      chance: 1,
    });
  });

  it("show a model that lost what the unmodified one knew", async () => {
    await using bench = await Bench.create();
    const folder = await questionSets(bench);
    const known = Array.from({ length: COUNT }, (_, index) => ({
      task: "mmlu_pro",
      id: `mmlu_pro-${index}`,
      correct: true,
    }));
    await writeFile(
      join(folder, "reference_results.jsonl"),
      known.map((row) => `${JSON.stringify(row)}\n`).join(""),
    );
    await using server = await startStub();
    const { block } = await ask(server, folder, join(bench.root, "out"), ["--evals", "mmlu_pro"]);
    const paired = task(block, "mmlu_pro")?.against_reference;
    expect(paired?.lost).toBeGreaterThan(20);
    expect(paired?.chance).toBeLessThan(1e-6);
  });
});

describe("a set without a result says why, and takes nothing else down", () => {
  it.each([
    ["there is no such program", null, [], "tool_missing", "evals/requirements.lock"],
    ["it leaves no log", "no-log", [], "eval_failed", "the model could not be reached"],
    ["it says error", "error", [], "eval_failed", "inspect says error"],
    ["its log is cut off", "cut-off", [], "log_unreadable", "is not a log of Inspect"],
    ["it takes too long", "slow", ["--minutes", "0.02"], "eval_timeout", "--evals-minutes"],
    ["many questions have no score", "drop=10", [], "samples_missing", "10 of 40 questions"],
  ] as const)("%s", async (_name, fault, args, reason, message) => {
    await using bench = await Bench.create();
    const folder = await questionSets(bench);
    await using server = await startStub();
    if (fault !== null) await writeFile(join(folder, "FAKE_INSPECT"), fault);
    const env = fault === null ? { PATH: process.env.PATH ?? "" } : WITH_INSPECT;
    const done = await ask(server, folder, join(bench.root, "out"), ["--evals", "mmlu_pro", ...args], env);
    expect(done.code).toBe(1);
    expect(done.block).toMatchObject({
      status: "failed",
      tasks: [{ status: "failed", reason_code: reason }],
    });
    expect(done.block.tasks[0]?.message).toContain(message);
  });

  it("the questions are not there, or not readable", async () => {
    await using bench = await Bench.create();
    const folder = await questionSets(bench);
    await writeFile(join(folder, "mmlu_pro.jsonl"), '{"id": "a"}\n');
    await using server = await startStub();
    const { block } = await ask(server, folder, join(bench.root, "out"));
    expect(task(block, "mmlu_pro")).toMatchObject({ status: "failed", reason_code: "data_invalid" });
    expect(task(block, "gpqa_diamond")).toMatchObject({ status: "completed" });
  });

  it("a question without a score counts as wrong", async () => {
    await using bench = await Bench.create();
    const folder = await questionSets(bench);
    await writeFile(join(folder, "FAKE_INSPECT"), "drop=2");
    await using server = await startStub();
    const { block } = await ask(server, folder, join(bench.root, "out"), ["--evals", "mmlu_pro"]);
    expect(task(block, "mmlu_pro")).toMatchObject({ completed_samples: COUNT - 2, total_samples: COUNT });
  });
});

describe("the errors of the shares are those of the original event", () => {
  it.each([
    [92, 150, 0.6133, 0.0399],
    [41, 80, 0.5125, 0.0562],
  ])("%i of %i", async (right, total, share, stderr) => {
    const code = [
      "from gemma_harness.proportions import *",
      "right, total = input",
      "error = standard_error(right / total, total)",
      "result = [right / total, error, visible_difference(error)]",
    ].join("\n");
    const [accuracy = 0, error = 0, visible = 0] = await evaluate<number[]>(HARNESS, code, [right, total]);
    expect(accuracy).toBeCloseTo(share, 4);
    expect(error).toBeCloseTo(stderr, 4);
    expect(visible).toBeCloseTo(2.7718 * error, 4);
  });
});

describe("as a stage of a run", () => {
  it("is skipped in a dry run, whatever the command line asks for", async () => {
    await using bench = await (await Bench.create()).stub();
    const { code, summary } = await bench.run(
      ["--evals", "mmlu_pro", "--evals", "gpqa_diamond"],
      WITH_INSPECT,
    );
    expect(code).toBe(0);
    expect(summary).toMatchObject({ status: "completed", evals: { status: "skipped" } });
    expect(summary).not.toHaveProperty("mmlu_pro_accuracy");
  });

  it("leaves no trace where nobody asks for it", async () => {
    await using bench = await (await Bench.create()).stub();
    expect((await bench.run()).summary).not.toHaveProperty("evals");
  });

  /** The stage as the full lane calls it, on a server that runs; returns the block and the fields beside the score. */
  async function stage(bench: Bench, server: StubServer, folder: string) {
    const code = [
      "from pathlib import Path",
      "from types import SimpleNamespace",
      "from gemma_harness.gates import load_limits",
      "from gemma_harness.outputs import Outputs",
      "from gemma_harness.profiles import FULL",
      "from gemma_harness.stages.evals import run_evals",
      "outputs = Outputs(Path(input['state']))",
      "work = Path(input['work'])",
      "work.mkdir()",
      "run = SimpleNamespace(profile=FULL, work=work, base_url=input['url'], limits=load_limits('full'), outputs=outputs,",
      "    settings=SimpleNamespace(evals=('mmlu_pro',), evals_minutes=5, private_dir=None, public_data=Path(input['data'])),",
      "    manifest=SimpleNamespace(served_model_name='toy'), progress=SimpleNamespace(line=lambda text: None))",
      "run.eval_fields = {}",
      "run_evals(run)",
      "outputs.finish('completed', 'now')",
      "result = [run.evals, run.eval_fields]",
    ].join("\n");
    const paths = { state: bench.state, work: join(bench.root, "work"), data: join(folder, "..") };
    return evaluate<[Block, Record<string, unknown>]>(
      HARNESS,
      code,
      { ...paths, url: server.url },
      WITH_INSPECT,
    );
  }

  it("writes its block, its rows and its log, and fields that a track may ask for", async () => {
    await using bench = await Bench.create();
    const folder = await questionSets(bench);
    await using server = await startStub();
    const [block, fields] = await stage(bench, server, folder);
    expect(block.status).toBe("completed");
    const { accuracy, stderr } = block.tasks[0] ?? {};
    expect(fields).toEqual({ mmlu_pro_accuracy: accuracy, mmlu_pro_stderr: stderr, mmlu_pro_epochs: 1 });
    const manifest = JSON.parse(await bench.output("outputs.json")) as { files: { path: string }[] };
    expect(manifest.files.map((file) => file.path)).toEqual([
      "eval_log_mmlu_pro.json",
      "eval_results.jsonl",
      "eval_summary.json",
    ]);
  });

  it("says evals_kept only where the unmodified model was asked the same and nothing was lost", async () => {
    await using bench = await Bench.create();
    const folder = await questionSets(bench);
    await using server = await startStub();
    await writeFile(
      join(folder, "reference_results.jsonl"),
      '{"task": "mmlu_pro", "id": "mmlu_pro-0", "correct": false}\n',
    );
    const [, fields] = await stage(bench, server, folder);
    expect(fields.evals_kept).toBe(true);
  });
});
