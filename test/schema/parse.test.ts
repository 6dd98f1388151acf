import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseCollab } from "../../template/schema/parse.ts";
import type { Problem } from "../../template/schema/problem.ts";

const MINIMAL = "collab:\n  slug: demo\n  title: Demo\n  org: acme\n";

function problemsOf(text: string): Problem[] {
  const parsed = parseCollab(text, "collab.yaml");
  return parsed.ok ? parsed.warnings : parsed.problems;
}

describe("a good file", () => {
  test("gets every default", () => {
    const parsed = parseCollab(MINIMAL, "collab.yaml");
    expect(parsed).toMatchObject({
      ok: true,
      warnings: [],
      collab: {
        collab: { flavour: "score", status: "open" },
        scoring: { field: "score", direction: "higher", required: ["method", "status", "description"] },
        verification: { mode: "manual" },
        board: { writes: "signed", limits: { mention_fanout: 10 } },
      },
    });
  });

  test("keeps its comments in the document", () => {
    const parsed = parseCollab(`# mine\n${MINIMAL}`, "collab.yaml");
    expect(parsed.ok && parsed.document.toString()).toContain("# mine");
  });

  test("may use a few aliases", () => {
    const text = `${MINIMAL}scoring:\n  required: &r [status, method]\n  tracks: [{id: a, title: A, requires: *r}]\n`;
    expect(parseCollab(text, "collab.yaml")).toMatchObject({ ok: true });
  });

  test.each(["gemma-challenge"])("the example %s has no problem", async (name) => {
    const text = await readFile(resolve(import.meta.dirname, `../../examples/${name}/collab.yaml`), "utf8");
    expect(problemsOf(text)).toEqual([]);
  });
});

describe("a file with mistakes", () => {
  test.each<[name: string, text: string, problem: Partial<Problem>]>([
    [
      "an unknown key",
      `${MINIMAL}scorring: {}\n`,
      { line: 5, column: 1, path: "scorring", suggestion: "scoring" },
    ],
    [
      "an unknown key inside",
      `${MINIMAL}  titel: x\n`,
      { line: 5, column: 3, path: "collab.titel", suggestion: "title" },
    ],
    [
      "an unknown key of one mode",
      `${MINIMAL}verification:\n  mode: peer\n  reviewz: 1\n`,
      { line: 7, path: "verification.reviewz", suggestion: "reviews" },
    ],
    [
      "a key of another mode",
      `${MINIMAL}verification:\n  mode: peer\n  tolerance: 1\n`,
      { path: "verification.tolerance", allowed: ["mode", "expires_days", "reviews"] },
    ],
    [
      "a wrong type",
      MINIMAL.replace("Demo", "7"),
      { line: 3, path: "collab.title", value: "7", fix: 'Put it in quotes: "7".' },
    ],
    [
      "text for a number",
      `${MINIMAL}scoring:\n  guardrails:\n    - {field: ppl, max: two}\n`,
      { line: 7, path: "scoring.guardrails[0].max", value: "two", message: "must be a number, not text" },
    ],
    ["capitals in a slug", MINIMAL.replace("demo", "Demo"), { line: 2, path: "collab.slug", value: "Demo" }],
    [
      "a missing key",
      "collab:\n  slug: demo\n  title: Demo\n",
      { path: "collab.org", message: "is missing" },
    ],
    [
      "a word that is not allowed",
      `${MINIMAL}scoring: {direction: hihger}\n`,
      { line: 5, allowed: ["higher", "lower"], suggestion: "higher", value: "hihger" },
    ],
    [
      "an unknown mode",
      `${MINIMAL}verification: {mode: job}\n`,
      { path: "verification.mode", suggestion: "jobs" },
    ],
    ["another word for scoring", `${MINIMAL}scoring: nome\n`, { path: "scoring", suggestion: "none" }],
    [
      "an empty section",
      `${MINIMAL}board:\n`,
      { line: 5, path: "board", message: "must be a mapping, not empty" },
    ],
    [
      "a number out of range",
      `${MINIMAL}jobs: {timeout_minutes: 0}\n`,
      { message: "must be greater than 0" },
    ],
    [
      "a guardrail without limits",
      `${MINIMAL}scoring: {guardrails: [{field: ppl}]}\n`,
      { message: "needs min, max or both" },
    ],
    [
      "a path out of the directory",
      `${MINIMAL}task: {goal: ../../etc/passwd}\n`,
      { path: "task.goal", value: "../../etc/passwd" },
    ],
    [
      "an address that is none",
      `${MINIMAL}access: {invite_url: "javascript:alert(1)"}\n`,
      { message: "must be an http(s) URL" },
    ],
    ["broken YAML", `${MINIMAL}board: [unclosed\n`, { severity: "error", path: "" }],
    ["the same key twice", `${MINIMAL}collab: {}\n`, { line: 5, fix: "Keep one of the two." }],
    ["a list instead of a mapping", "- a\n", { line: 1, message: "the file must be a mapping" }],
    ["nothing", "", { line: 1, message: "the file must be a mapping" }],
  ])("%s is named with its place", (_name, text, problem) => {
    const parsed = parseCollab(text, "collab.yaml");
    expect(parsed.ok).toBe(false);
    expect(problemsOf(text)).toContainEqual(expect.objectContaining({ file: "collab.yaml", ...problem }));
  });

  test("all are reported at once, in the order of the file, also those across fields", () => {
    const problems = problemsOf(
      "collab:\n  slug: BAD\n  title: Demo\n  org: acme\n  tagg: x\nverification:\n  mode: jobs\nboard:\n  channels:\n    - {id: a, title: A}\n    - {id: a, title: B}\n",
    );
    expect(problems.map(({ line, path }) => [line, path])).toEqual([
      [2, "collab.slug"],
      [5, "collab.tagg"],
      [7, "verification.mode"],
      [11, "board.channels[1].id"],
    ]);
  });
});

describe("a hostile file", () => {
  const token = `hf_${"aB3".repeat(12)}`;

  test("a token is refused and never repeated", () => {
    const problems = problemsOf(`${MINIMAL}access:\n  invite_url: https://x.example/?t=${token}\n`);
    expect(problems).toMatchObject([{ line: 6, message: expect.stringContaining("token") }]);
    expect(JSON.stringify(problems)).not.toContain(token);
  });

  test("a token in broken YAML is not repeated either", () => {
    expect(JSON.stringify(problemsOf(`a: [${token}\nb: ${token}: c: d`))).not.toContain(token);
  });

  test("aliases cannot explode", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(8)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    expect(problemsOf(lines.join("\n"))).toMatchObject([
      { message: expect.stringContaining("cannot be read as YAML") },
    ]);
  });

  test("deep nesting is an error, not a crash", () => {
    expect(problemsOf("[".repeat(100_000))[0]).toMatchObject({ severity: "error" });
  });

  test("a huge file is refused", () => {
    expect(problemsOf(`# ${"x".repeat(300 * 1024)}`)[0]).toMatchObject({ message: "is larger than 256 KB" });
  });

  test.each(["__proto__", "constructor", "hasOwnProperty"])("the key %s is only an unknown key", (key) => {
    expect(problemsOf(`${MINIMAL}${key}: 1\n`)[0]).toMatchObject({
      path: key,
      message: "is not a known key",
    });
  });
});
