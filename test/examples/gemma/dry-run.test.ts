import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, failedGates } from "../support/gemma.ts";
import { requirePython } from "../support/python.ts";

beforeAll(requirePython);

const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");

describe("a dry run of an honest submission", () => {
  it("completes with the exact perplexity, a rate no higher than the stub's, and every gate passed", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_TPS: 1000, STUB_PPL: 2.345 });
    const { code, summary, stderr } = await bench.run();
    expect(stderr).toContain("stage timed");
    expect(code).toBe(0);
    expect(summary).toMatchObject({ status: "completed", failure: null, gates_ok: true, identity: "exact" });
    expect(summary.ppl).toBeCloseTo(2.345, 10);
    expect(summary.tps).toBeGreaterThan(0);
    expect(summary.tps).toBeLessThanOrEqual(1000);
    expect(summary.score).toEqual({ tps: summary.tps, ppl: summary.ppl });
    expect(failedGates(summary)).toEqual([]);
  });

  it("says what was measured: harness, data and submission by hash", async () => {
    await using bench = await (await Bench.create()).stub();
    const { summary } = await bench.run();
    expect(summary.provenance.harness_version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const hash of [
      summary.provenance.harness_sha256,
      summary.provenance.data_sha256,
      summary.provenance.submission?.sha256,
      summary.provenance.submission?.runtime_sha256,
    ])
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const serve = await readFile(join(bench.submission, "serve.py"));
    expect(summary.provenance.submission?.files["serve.py"]).toBe(sha256(serve));
  });

  it("lists every output with size and hash in a manifest written last, and prints the summary's hash", async () => {
    await using bench = await (await Bench.create()).stub();
    const { stdout } = await bench.run();
    const manifest = JSON.parse(await bench.output("outputs.json")) as {
      status: string;
      files: { path: string; bytes: number; sha256: string }[];
    };
    expect(manifest.status).toBe("completed");
    expect(manifest.files.map((file) => file.path)).toEqual([
      "choice_results.jsonl",
      "decode_outputs.jsonl",
      "ppl_results.jsonl",
      "server.json",
      "server.log",
      "summary.json",
    ]);
    for (const file of manifest.files) {
      const data = await readFile(join(bench.state, file.path));
      expect([file.path, data.length, sha256(data)]).toEqual([file.path, file.bytes, file.sha256]);
    }
    const last = stdout.trim().split("\n").at(-1) ?? "";
    const result = JSON.parse(last.replace("harness-result: ", "")) as Record<string, unknown>;
    expect(result).toEqual({
      status: "completed",
      reason_code: null,
      summary_sha256: manifest.files.at(-1)?.sha256,
    });
    expect(JSON.parse(await bench.output("progress.json"))).toMatchObject({
      status: "completed",
      stage: "done",
      percent: 100,
    });
  });

  it("gates on the token-weighted perplexity, and keeps the mean of the records as a diagnostic", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_PPL_PER_RECORD: true });
    const { summary } = await bench.run();
    const rows = (await bench.rows("ppl_results.jsonl")) as {
      neg_log_likelihood: number;
      num_tokens: number;
      ppl: number;
    }[];
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const nats = sum(rows.map((row) => row.neg_log_likelihood));
    const weighted = Math.exp(nats / sum(rows.map((row) => row.num_tokens)));
    const mean = sum(rows.map((row) => row.ppl)) / rows.length;
    expect(Math.abs(weighted - mean)).toBeGreaterThan(1e-4);
    expect(summary.ppl).toBeCloseTo(weighted, 10);
    expect(summary.gates.find((gate) => gate.gate === "ppl")?.value).toBe(summary.ppl);
    expect(summary.diagnostics.ppl?.mean_record_ppl).toBeCloseTo(mean, 10);
  });

  it("returns the ids of the very pass that was timed, with hashes that fit", async () => {
    await using bench = await (await Bench.create()).stub();
    const { summary } = await bench.run();
    const rows = (await bench.rows("decode_outputs.jsonl")) as {
      completion_token_ids: number[];
      completion_token_sha256: string;
      prompt_token_ids: number[];
      prompt_token_sha256: string;
    }[];
    expect(rows).toHaveLength(6);
    for (const row of rows) {
      expect(row.completion_token_ids).toHaveLength(32);
      expect(sha256(row.completion_token_ids.join(","))).toBe(row.completion_token_sha256);
      expect(sha256(row.prompt_token_ids.join(","))).toBe(row.prompt_token_sha256);
    }
    expect(summary.diagnostics.timed?.output_tokens).toBe(6 * 32);
    expect(summary.diagnostics.control).toEqual({ records: 3, identical: 3, median_first_difference: null });
  });

  it("tolerates a server that echoes the prompt in front of the ids", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_FAULTS: "echo-prompt" });
    const { summary } = await bench.run();
    expect(summary).toMatchObject({ status: "completed", gates_ok: true });
    expect(summary.diagnostics).toMatchObject({ echoes_prompt: true });
  });

  it("says whether the chat endpoint decodes what the timed one decodes", async () => {
    await using bench = await (await Bench.create()).stub();
    expect((await bench.run()).summary.diagnostics).toMatchObject({ chat_agrees: true });
    await using other = await (await Bench.create()).stub({ STUB_FAULTS: "chat-disagrees" });
    const { summary } = await other.run();
    expect(summary.diagnostics).toMatchObject({ chat_agrees: false });
    expect(summary.gates_ok).toBe(true);
  });

  it("keeps the time of getting ready apart from that of measuring", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_STARTUP_S: 0.5 });
    const { summary } = await bench.run();
    const { setup_seconds, measuring_seconds, stage_seconds } = summary.diagnostics as unknown as {
      setup_seconds: number;
      measuring_seconds: number;
      stage_seconds: Record<string, number>;
    };
    expect(setup_seconds).toBeGreaterThanOrEqual(0.5);
    const total = Object.values(stage_seconds).reduce((sum, seconds) => sum + seconds, 0);
    expect(setup_seconds + measuring_seconds).toBeCloseTo(total, 1);
  });

  it("waits for a server that answers 503 while it loads", async () => {
    await using bench = await (await Bench.create()).stub({
      STUB_READY: "loading-first",
      STUB_STARTUP_S: 0.5,
    });
    expect((await bench.run()).summary).toMatchObject({ status: "completed", gates_ok: true });
  });

  it("measures less in the smoke lane of a dry collab", async () => {
    await using bench = await (await Bench.create()).stub();
    const { summary } = await bench.run(["--profile", "smoke"]);
    expect(summary).toMatchObject({ status: "completed", profile: "dry" });
    expect(summary.diagnostics.timed?.output_tokens).toBe(3 * 16);
  });
});
