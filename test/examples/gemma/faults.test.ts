import { beforeAll, describe, expect, it } from "vitest";
import { Bench, failedGates } from "../support/gemma.ts";
import { requirePython } from "../support/python.ts";

beforeAll(requirePython);

const EXIT_CODES: Record<string, number> = { submission_error: 10, timeout: 11, infra_error: 12 };

async function expectFailure(
  env: Record<string, string | boolean>,
  kind: string,
  reason: string,
  stage: string,
): Promise<void> {
  await using bench = await (await Bench.create()).stub(env);
  const { code, summary } = await bench.run();
  expect(summary.failure).toMatchObject({ kind, reason_code: reason, details: { stage } });
  expect(summary.failure?.next_step).not.toBe("");
  expect(code).toBe(EXIT_CODES[kind]);
  expect(summary).not.toHaveProperty("tps");
  expect(summary).not.toHaveProperty("score");
  expect(JSON.parse(await bench.output("outputs.json"))).toMatchObject({ status: "failed" });
  expect(JSON.parse(await bench.output("progress.json"))).toMatchObject({ status: "failed", stage });
}

describe("a fault that ends the run is a typed failure", () => {
  it.each([
    ["no token ids", { STUB_FAULTS: "drop-token-ids" }, "submission_error", "no_token_ids", "probe"],
    [
      "no prompt_logprobs",
      { STUB_FAULTS: "drop-logprobs" },
      "submission_error",
      "no_prompt_logprobs",
      "probe",
    ],
    [
      "one token missing in prompt_logprobs",
      { STUB_FAULTS: "omit-logprob" },
      "submission_error",
      "bad_logprob",
      "probe",
    ],
    [
      "a logprob of minus infinity",
      { STUB_FAULTS: "infinite-logprob" },
      "submission_error",
      "bad_logprob",
      "probe",
    ],
    [
      "a chat endpoint without a template",
      { STUB_FAULTS: "chat-fails" },
      "submission_error",
      "server_error",
      "probe",
    ],
    ["answers that are not JSON", { STUB_FAULTS: "bad-json" }, "submission_error", "bad_response", "probe"],
    ["a refused request shape", { STUB_FAULTS: "refuse" }, "submission_error", "request_refused", "probe"],
    [
      "out of memory on the longest record",
      { STUB_FAULTS: "oom-above=200" },
      "submission_error",
      "out_of_memory",
      "canary",
    ],
    [
      "death in the timed pass",
      { STUB_FAULTS: "die-after=11" },
      "submission_error",
      "server_exited",
      "timed",
    ],
    ["a slow death", { STUB_FAULTS: "slow-death=4" }, "submission_error", "server_error", "warmup"],
    ["an early exit", { STUB_EXIT_CODE: "3" }, "submission_error", "server_exited", "start"],
  ])("%s", (_name, env, kind, reason, stage) => expectFailure(env, kind, reason, stage));

  // These wait for a limit of the profile: side by side, they cost one wait.
  it.concurrent.each([
    ["a hang", { STUB_FAULTS: "hang-after=4" }, "timeout", "request_timeout", "warmup"],
    ["500 for ever", { STUB_READY: "errors" }, "submission_error", "server_answers_errors", "start"],
    ["503 for ever", { STUB_READY: "loading" }, "timeout", "startup_timeout", "start"],
    ["silence", { STUB_READY: "silent" }, "timeout", "server_silent", "start"],
    ["another port than the given one", { STUB_WRONG_PORT: true }, "timeout", "server_silent", "start"],
  ] as const)("%s", (_name, env, kind, reason, stage) => expectFailure(env, kind, reason, stage));

  it("shows the server's last lines, and keeps the rows that were finished", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_FAULTS: "die-after=11" });
    const { summary } = await bench.run();
    expect(summary.failure?.details.last_lines).toContain("RuntimeError: EngineCore died unexpectedly");
    const partial = summary.diagnostics.partial as { completed: number; of: number };
    expect(partial.of).toBe(6);
    expect(await bench.rows("decode_outputs.jsonl")).toHaveLength(partial.completed);
  });
});

describe("a fault that leaves a run measurable fails a gate", () => {
  it.each([
    ["over the cap", { STUB_PPL: 2.6 }, ["ppl_over_cap"]],
    ["fewer tokens than asked for", { STUB_FAULTS: "early-eos=9" }, ["short_output", "greedy_divergent"]],
    ["other tokens from the fifth on", { STUB_FAULTS: "diverge=5" }, ["greedy_divergent"]],
    ["a loop after four tokens", { STUB_FAULTS: "loop=4" }, ["repetition_loop", "greedy_divergent"]],
    ["a model that loops", { STUB_FAULTS: "looping-model" }, ["repetition_loop"]],
    ["usage that claims more tokens", { STUB_FAULTS: "lie-usage=1.5" }, ["usage_mismatch"]],
    ["other weights for scoring than for decoding", { STUB_FAULTS: "two-faced" }, ["greedy_divergent"]],
    ["probabilities that sum above 1", { STUB_FAULTS: "inflated-logprobs" }, ["logprobs_implausible"]],
    ["scores without alternatives", { STUB_FAULTS: "hide-alternatives" }, ["audit_impossible"]],
    ["lost answers", { STUB_FAULTS: "forgetful" }, ["quality_drop"]],
    ["no image input", { STUB_FAULTS: "no-image" }, ["modality_missing"]],
    ["no audio input", { STUB_FAULTS: "no-audio" }, ["modality_missing"]],
  ])("%s", async (_name, env, reasons) => {
    await using bench = await (await Bench.create()).stub(env);
    const { code, summary } = await bench.run();
    expect(code).toBe(0);
    expect(failedGates(summary)).toEqual(reasons);
    expect(summary).toMatchObject({ status: "completed", failure: null, gates_ok: false });
    expect(summary.tps).toBeGreaterThan(0);
  });

  it("a near-tie that tips over is told apart from a divergence", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_FAULTS: "tie=3" });
    const { summary } = await bench.run();
    expect(summary).toMatchObject({ identity: "tie-only", gates_ok: true });
    expect(summary.diagnostics.identity).toMatchObject({ verdict: "tie-only", divergent: 0 });
  });

  it("a divergent run carries no identity, which keeps it out of a track that asks for one", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_FAULTS: "diverge=5" });
    const { summary } = await bench.run();
    expect(summary).not.toHaveProperty("identity");
    expect(summary.diagnostics.identity).toMatchObject({ verdict: "divergent", first_divergence: 5 });
  });
});
