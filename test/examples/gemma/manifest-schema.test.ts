/** manifest.schema.json is read twice: by the API before a launch, with zod, and by the harness, with its own reader. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { HARNESS } from "../support/gemma.ts";
import { evaluate, requirePython } from "../support/python.ts";

beforeAll(requirePython);

const document = JSON.parse(readFileSync(join(HARNESS, "manifest.schema.json"), "utf8"));
const schema = z.fromJSONSchema(document);

/** Dotted paths of everything that zod refuses; an unknown key and a bad key count as their own path. */
function refusedByZod(value: unknown): string[] {
  const { error } = schema.safeParse(value);
  const paths = (error?.issues ?? []).flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => [...issue.path, key].join("."))
      : [issue.path.join(".")],
  );
  return [...new Set(paths)].sort();
}

/** The same for the harness; a missing key is reported there on the object that lacks it. */
async function refusedByHarness(values: readonly unknown[]): Promise<string[][]> {
  const code = [
    "import json",
    "from gemma_harness.schema_check import violations",
    "schema = json.load(open(input['schema']))",
    "def paths(value):",
    "    found = set()",
    "    for where, message in violations(value, schema):",
    "        missing = message.split('\"')[1] if message.endswith('is missing') else None",
    "        found.add('.'.join(map(str, [*where, *([missing] if missing else [])])))",
    "    return sorted(found)",
    "result = [paths(value) for value in input['values']]",
  ].join("\n");
  return evaluate(HARNESS, code, { schema: join(HARNESS, "manifest.schema.json"), values });
}

const serve = ["python", "serve.py"];
const CASES: [name: string, manifest: unknown, refused: string[]][] = [
  ["everything", { serve, prepare: [], dependencies: null, lock: "a/b.lock", env: { A: 1, B: true } }, []],
  ["a Hub id and a commit", { serve, model_id: "google/gemma-4-E4B-it", model_revision: "0".repeat(40) }, []],
  ["nothing", {}, ["serve"]],
  ["a list", [], [""]],
  ["a command as text", { serve: "python serve.py" }, ["serve"]],
  ["an empty command", { serve: [] }, ["serve"]],
  ["a number in a command", { serve: ["python", 7] }, ["serve.1"]],
  ["a command of 101 words", { serve: Array(101).fill("x") }, ["serve"]],
  ["a typing error in a key", { serve, dependancies: [] }, ["dependancies"]],
  ["a port, which the harness chooses", { serve, port: 8000 }, ["port"]],
  ["a branch instead of a commit", { serve, model_revision: "main" }, ["model_revision"]],
  ["weights outside the submission", { serve, model_id: "/home/me/weights" }, ["model_id"]],
  ["weights above the submission", { serve, model_id: "weights/../../weights" }, ["model_id"]],
  ["a lock outside the submission", { serve, lock: "../requirements.lock" }, ["lock"]],
  ["a variable that the harness sets", { serve, env: { PORT: 1, PORTS: 1 } }, ["env.PORT"]],
  [
    "secrets",
    { serve, env: { HF_TOKEN: "x", api_key: "x", TOKENIZERS_PARALLELISM: 1 } },
    ["env.HF_TOKEN", "env.api_key"],
  ],
  ["a variable with a dash", { serve, env: { "A-B": 1 } }, ["env.A-B"]],
  ["a null in the environment", { serve, env: { A: null } }, ["env.A"]],
  ["a novel in the environment", { serve, env: { A: "x".repeat(10_001) } }, ["env.A"]],
];

describe("a manifest means the same to the API and to the harness", () => {
  let harness: string[][];
  beforeAll(async () => {
    harness = await refusedByHarness(CASES.map(([, manifest]) => manifest));
  });

  it.each(CASES.map((entry, index) => [...entry, index] as const))(
    "%s",
    (_name, manifest, refused, index) => {
      expect(refusedByZod(manifest)).toEqual(refused);
      expect(harness[index]).toEqual(refused);
    },
  );

  it("whatever is in it", async () => {
    const word = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom("python", "serve.py", "../x", "/x", "main", ""),
    );
    const value = fc.oneof(
      word,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(word, { maxLength: 3 }),
    );
    const name = fc.constantFrom("A", "PORT", "HF_TOKEN", "a-b", "1A", "Secret", "MODEL");
    const manifests = fc.sample(
      fc.record(
        {
          name: value,
          description: value,
          serve: fc.oneof(fc.constant(serve), value),
          prepare: value,
          dependencies: value,
          lock: value,
          model_id: value,
          model_revision: fc.oneof(value, fc.constant("a".repeat(40))),
          served_model_name: value,
          env: fc.oneof(value, fc.dictionary(name, value)),
          port: value,
        },
        { requiredKeys: [] },
      ),
      { numRuns: 500, seed: 7 },
    );
    const harness = await refusedByHarness(manifests);
    const differing = manifests.flatMap((manifest, index) => {
      // zod stops at a key that is not allowed, or at a type that is wrong, before it looks further inside.
      const one = refusedByZod(manifest).length > 0;
      const other = (harness[index]?.length ?? 0) > 0;
      return one === other ? [] : [manifest];
    });
    expect(differing).toEqual([]);
  });
});
