import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE, HARNESS } from "../support/gemma.ts";
import { evaluate, python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("hash recipes", () => {
  it("are the ones written down: text as UTF-8, ids in decimal joined by commas", async () => {
    const hashes = await evaluate<string[]>(
      HARNESS,
      "from gemma_harness.hashing import *\nresult = [text_sha256('naïve 🦜'), token_sha256([2, 105, 262143]), token_sha256([])]",
    );
    expect(hashes).toEqual([sha256("naïve 🦜"), sha256("2,105,262143"), sha256("")]);
    // Golden: computed once with sha256sum, so that a change of recipe cannot hide in both languages.
    expect(hashes[1]).toBe("835b70469b7825e0455255b96d44f4dddee3d03ef4ed342323b273d788d4b6a1");
  });

  it("of files do not depend on order, and change with a name or a byte", async () => {
    const [one, other, renamed] = await evaluate<string[]>(
      HARNESS,
      [
        "from gemma_harness.hashing import files_sha256 as f",
        "result = [f([('a', '1'), ('b', '2')]), f([('b', '2'), ('a', '1')]), f([('c', '1'), ('b', '2')])]",
      ].join("\n"),
    );
    expect(one).toBe(sha256("1  a\n2  b\n"));
    expect(other).toBe(one);
    expect(renamed).not.toBe(one);
  });
});

describe("perplexity", () => {
  it("is exp of the sum of NLL by the sum of tokens, not the mean of the records", async () => {
    const records = [
      ["long", 512, 587.936764476565],
      ["short", 216, 215.794],
      ["worst", 300, 512.25],
    ] as const;
    const [weighted, mean] = await evaluate<[number, number]>(
      HARNESS,
      [
        "from gemma_harness.perplexity import *",
        "records = [RecordPerplexity(*row) for row in input]",
        "result = [token_weighted(records), mean_of_records(records)]",
      ].join("\n"),
      records,
    );
    expect(weighted).toBeCloseTo(Math.exp((587.936764476565 + 215.794 + 512.25) / (512 + 216 + 300)), 12);
    expect(mean).toBeCloseTo(
      (Math.exp(587.936764476565 / 512) + Math.exp(215.794 / 216) + Math.exp(512.25 / 300)) / 3,
      12,
    );
  });

  it("of nonsense stays a number", async () => {
    const code =
      "from gemma_harness.perplexity import *\nresult = token_weighted([RecordPerplexity('x', 1, 1e9)])";
    expect(Number.isFinite(await evaluate<number>(HARNESS, code))).toBe(true);
  });
});

describe("repetition", () => {
  it.each([
    ["different tokens", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false],
    ["one line over and over", [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5], true],
    ["one token", new Array(32).fill(7), true],
    ["a text shorter than a group", [1, 1, 1], false],
  ])("%s", async (_name, ids, loop) => {
    const code = "from gemma_harness.repetition import is_loop\nresult = is_loop(input)";
    expect(await evaluate<boolean>(HARNESS, code, ids)).toBe(loop);
  });
});

describe("token ids in an answer", () => {
  const choice = (extra: object) => ({ choices: [{ text: "x", ...extra }] });
  it.each([
    ["choices[0].token_ids", choice({ token_ids: [5, 6] })],
    ["choices[0].output_token_ids", choice({ output_token_ids: [5, 6] })],
    ["choices[0].generated_token_ids", choice({ generated_token_ids: [5, 6] })],
    ["choices[0].completion_token_ids", choice({ completion_token_ids: [5, 6] })],
    ["choices[0].text_token_ids", choice({ text_token_ids: [5, 6] })],
    ["choices[0].logprobs.token_ids", choice({ logprobs: { token_ids: [5, 6] } })],
    ["token_ids", { ...choice({}), token_ids: [5, 6] }],
    ["completion_token_ids", { ...choice({}), completion_token_ids: [5, 6] }],
  ])("are found at %s", async (source, body) => {
    const code =
      "from gemma_harness.responses import *\nc = parse_completion(input, [1])\nresult = [c.source, c.token_ids]";
    expect(await evaluate(HARNESS, code, body)).toEqual([source, [5, 6]]);
  });

  it.each([
    ["a negative id", [-1]],
    ["an id beyond the vocabulary", [262_144]],
    ["a fraction", [1.5]],
    ["a boolean", [true]],
    ["text", ["5"]],
    ["an object", { 0: 5 }],
  ])("are refused with %s", async (_name, ids) => {
    const code = [
      "from gemma_harness.responses import *",
      "try: parse_completion(input, [1]); result = None",
      "except HarnessFailure as failure: result = failure.code",
    ].join("\n");
    expect(await evaluate(HARNESS, code, choice({ token_ids: ids }))).toBe("bad_token_ids");
  });
});

describe("prompt_logprobs", () => {
  const score = (entries: unknown[], extra: object = {}) =>
    evaluate<{ logprob: number; gap: number }[] | string>(
      HARNESS,
      [
        "from gemma_harness.responses import *",
        "try: result = [{'logprob': s.logprob, 'gap': round(s.gap, 9)} for s in parse_scores(input, [7, 8], 1)]",
        "except HarnessFailure as failure: result = failure.code",
      ].join("\n"),
      { choices: [{ prompt_logprobs: entries }], ...extra },
    );
  it.each([
    ["a number", { 8: -0.5 }, -0.5, 0],
    ["an object", { 8: { logprob: -0.5 } }, -0.5, 0],
    ["the key token_id:8", { "token_id:8": { logprob: -0.5 } }, -0.5, 0],
    ["a better token beside it", { 8: { logprob: -1.5, rank: 2 }, 9: { logprob: -0.4, rank: 1 } }, -1.5, 1.1],
    ["a worse token beside it", { 8: { logprob: -0.2 }, 9: { logprob: -2 } }, -0.2, 0],
  ])("are read as %s", async (_name, entry, logprob, gap) => {
    expect(await score([null, entry])).toEqual([{ logprob, gap }]);
  });

  it("are read from the root of the answer as well", async () => {
    const code = "from gemma_harness.responses import *\nresult = parse_scores(input, [7, 8], 1)[0].logprob";
    const body = { choices: [{}], prompt_logprobs: [null, { 8: -0.5 }] };
    expect(await evaluate(HARNESS, code, body)).toBe(-0.5);
  });

  it.each([
    ["the token is missing", [null, { 9: -0.5 }], "bad_logprob"],
    ["it is above 0", [null, { 8: 0.5 }], "bad_logprob"],
    ["it is text", [null, { 8: "-0.5" }], "bad_logprob"],
    ["an entry is null", [null, null], "bad_logprob"],
    ["entries are missing", [null], "no_prompt_logprobs"],
  ])("are refused when %s", async (_name, entries, reason) => {
    expect(await score(entries)).toBe(reason);
  });
});

describe("a load generator's dump", () => {
  it("is read although its request rate is the bare word Infinity", async () => {
    const text =
      '{"request_rate": Infinity, "duration": 2.0, "output_lens": [512, 512], "ttfts": [NaN, 0.5]}\n';
    const [rate, nothing, tps] = await evaluate<[unknown, unknown, number]>(
      HARNESS,
      [
        "from gemma_harness.loader_dump import *",
        "dump = read_dump(input)[0]",
        "result = [dump['request_rate'], dump['ttfts'][0], output_tps(dump)]",
      ].join("\n"),
      text,
    );
    expect([rate, nothing, tps]).toEqual([null, null, 512]);
  });
});

describe("compare_captures", () => {
  const row = (id: string, ids: number[], extra: object = {}) =>
    JSON.stringify({
      id,
      prompt_token_sha256: sha256("1,2"),
      completion_token_ids: ids,
      completion_token_sha256: sha256(ids.join(",")),
      ...extra,
    });
  it.each([
    ["equal ids", [row("a", [1, 2])], [row("a", [1, 2])], 0, "GREEDY_IDENTICAL"],
    ["one other id", [row("a", [1, 2])], [row("a", [1, 3])], 1, "DIVERGENT"],
    ["another length", [row("a", [1, 2])], [row("a", [1])], 1, "DIVERGENT"],
    ["other prompts", [row("a", [1])], [row("b", [1])], 2, "INCOMPARABLE"],
    [
      "another prompt under the same id",
      [row("a", [1])],
      [row("a", [1], { prompt_token_sha256: "x" })],
      2,
      "INCOMPARABLE",
    ],
    [
      "a hash that does not fit",
      [row("a", [1])],
      [row("a", [1], { completion_token_sha256: "x" })],
      2,
      "INCOMPARABLE",
    ],
    ["an unreadable file", [row("a", [1])], ["{"], 2, "INCOMPARABLE"],
  ])("%s", async (_name, left, right, code, verdict) => {
    await using bench = await Bench.create();
    const [reference, candidate] = [join(bench.root, "r.jsonl"), join(bench.root, "c.jsonl")];
    await writeFile(reference, `${left.join("\n")}\n`);
    await writeFile(candidate, `${right.join("\n")}\n`);
    const done = await python([join(EXAMPLE, "tools/compare_captures.py"), reference, candidate]);
    expect(done.code).toBe(code);
    expect(JSON.parse(done.stdout)).toMatchObject({ verdict });
  });
});

describe("--profile auto is dry", () => {
  const AUTO = "from gemma_harness.settings import is_rehearsal\nresult = is_rehearsal(*input)";
  it.each([
    ["by hand without a GPU", {}, false, true],
    ["by hand with a GPU", {}, true, false],
    ["on a local hub", { JOB_ID: "a", HF_ENDPOINT: "http://127.0.0.1:7777" }, false, true],
    ["on a local hub with a GPU", { JOB_ID: "a", HF_ENDPOINT: "http://localhost:7777" }, true, true],
    ["in a Job of the Hub", { JOB_ID: "a" }, true, false],
    ["in a Job of the Hub whose GPU is broken", { JOB_ID: "a" }, false, false],
    ["in a Job that names the Hub", { JOB_ID: "a", HF_ENDPOINT: "https://huggingface.co" }, false, false],
  ] as const)("%s: %j with GPU %s: %s", async (_name, env, gpu, dry) => {
    expect(await evaluate(HARNESS, AUTO, [env, gpu])).toBe(dry);
  });
});
