import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  manifestProblems,
  readManifestSchema,
} from "../../../template/spaces/backend/runs/manifest-check.ts";

const GEMMA = join(import.meta.dirname, "../../../examples/gemma-challenge");
const schema = readManifestSchema(readFileSync(join(GEMMA, "harness/manifest.schema.json"), "utf8"));
const problems = (text: string) =>
  manifestProblems(text, schema, "manifest.json").map(({ line, column, path, message, suggestion }) => ({
    at: `${line}:${column}`,
    path,
    message,
    ...(suggestion && { suggestion }),
  }));

describe("a manifest", () => {
  it.each(["stub", "baseline-vllm"])("of the example's %s fits", (name) => {
    expect(problems(readFileSync(join(GEMMA, "submissions", name, "manifest.json"), "utf8"))).toEqual([]);
  });

  it("is told every fault at once, each with its line", () => {
    const text = [
      "{",
      '  "serv": ["serve.py"],',
      '  "dependencies": [3],',
      '  "model_revision": "main",',
      '  "env": {',
      '    "1A": "x"',
      "  }",
      "}",
    ].join("\n");
    expect(problems(text)).toEqual([
      expect.objectContaining({ path: "serve", message: "is missing" }),
      { at: "2:3", path: "serv", message: "is not a known key", suggestion: "serve" },
      { at: "3:20", path: "dependencies[0]", message: "must be text, not a number" },
      { at: "4:21", path: "model_revision", message: "must match /^[0-9a-f]{40}$/" },
      expect.objectContaining({ at: "6:5", path: "env.1A", message: "is not an allowed key" }),
    ]);
  });

  it.each([
    ['{\n  "serve": ["a"],\n  oops\n}', 3],
    ['{"serve": ["a"],}', 1],
    ["", 1],
    ["# yaml\nserve: [a]\n", 1],
    ['{"serve": ["a"],\n "serve": ["b"]}', 2],
  ])("that is no JSON, %j, is told where", (text, line) => {
    const [problem, ...others] = manifestProblems(text, schema, "manifest.json");
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ line, file: "manifest.json" });
  });

  it.each([
    ['{"serve": ["a"], "env": {"B": []}}', "env.B", "must be of type string or number or boolean"],
    ['{"serve": []}', "serve", "must be at least 1 entries long"],
    ['{"serve": [""]}', "serve[0]", "must not be empty"],
    ['{"serve": ["a"], "dependencies": "x"}', "dependencies", "must be of type array or null"],
    ["[]", "", "the file must be a mapping"],
  ])("%s: %s %s", (text, path, message) => {
    expect(problems(text)).toMatchObject([{ path, message }]);
  });

  it("that is nested without end is refused", () => {
    expect(problems(`{"serve": ${"[".repeat(120_000)}${"]".repeat(120_000)}}`)).not.toEqual([]);
  });
});
