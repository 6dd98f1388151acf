import { describe, expect, test } from "vitest";
import { type CollabInput, CollabSchema } from "../../../template/schema/collab.ts";
import { parseDocument } from "../../../template/spaces/backend/documents/frontmatter.ts";
import { checkResult, scoreOf } from "../../../template/spaces/backend/documents/result-rules.ts";

const scoring = (input: CollabInput["scoring"]) =>
  CollabSchema.parse({ collab: { slug: "s", title: "T", org: "o" }, scoring: input }).scoring;
const plain = scoring({});
const check = (yaml: string, rules = plain) =>
  checkResult(parseDocument(`---\n${yaml}\n---\n`).frontmatter, rules);
const withScore = (score: string) => `score: ${score}\nmethod: m\nstatus: agent-run\ndescription: d`;

describe("scores (api-v1.md A.6)", () => {
  test.each([
    "1",
    "1.5",
    "+5",
    ".5",
    "5.",
    "1_000",
    "0x10",
    "010",
    "1:30",
    "1.5e+3",
    "1.0e-9",
    "0.0000001",
    "9".repeat(40),
  ])("%s is taken", (score) => {
    expect(() => check(withScore(score))).not.toThrow();
  });
  test.each([
    "0",
    "-1",
    "-.inf",
    "true",
    '"5"',
    "1e5",
    "1.5e3",
    "1e-9",
    "1,5",
    "5%",
    "null",
    "",
    "[1]",
    "2026-01-01",
    ".inf",
    ".nan",
    "9".repeat(400),
  ])("%s is refused", (score) => {
    expect(() => check(withScore(score))).toThrow(expect.objectContaining({ code: "INVALID_FRONTMATTER" }));
  });
  test("an exponent that YAML 1.1 takes for text is explained", () => {
    expect(() => check(withScore("1e5"))).toThrow(/the text "1e5".*1\.0e\+5/);
    expect(() => check(withScore("2.5e-3"))).not.toThrow();
  });
});

describe("the other fields", () => {
  test.each([
    ["score: 1\nstatus: agent-run\ndescription: d", /"method" is missing/],
    ["method: m\nstatus: agent-run\ndescription: d", /"score" is missing/],
    ["score: 1\nmethod: ' '\nstatus: agent-run\ndescription: d", /"method" is blank/],
    [
      "score: 1\nmethod: m\nstatus: done\ndescription: d",
      /"status" must be agent-run or negative, not the text "done"/,
    ],
    ["score: 1\nmethod: m\nstatus: [agent-run]\ndescription: d", /"status" must be/],
    ["score: 1\nmethod: m\nstatus: {a: b}\ndescription: d", /"status" must be/],
    ["score: 0\nmethod: m\nstatus: negative\ndescription: d", /above 0/],
  ])("%j is refused: %s", (yaml, message) => {
    expect(() => check(yaml)).toThrow(message);
  });
  test("null, numbers and lists count as filled", () => {
    expect(() => check("score: 1\nmethod: [a]\nstatus: negative\ndescription: null")).not.toThrow();
  });
  test("the score is asked for first, wherever `required` leaves it out", () => {
    expect(() => check("a: 1")).toThrow(/"score" is missing\. Required: score, method, status, description/);
  });
  test("without status among the required fields it is not looked at", () => {
    const rules = scoring({ required: ["method"] });
    expect(() => check("score: 1\nmethod: m\nstatus: whatever", rules)).not.toThrow();
  });
});

describe("guardrails and collabs without a score", () => {
  const guarded = scoring({
    field: "tps",
    required: ["status", "ppl"],
    guardrails: [
      { field: "ppl", max: 2.42 },
      { field: "kl", max: 1 },
    ],
  });
  test("a required guardrail is a finite number, an optional one too if it is there", () => {
    expect(() => check("tps: 1\nstatus: agent-run\nppl: 2.4", guarded)).not.toThrow();
    expect(() => check("tps: 1\nstatus: agent-run\nppl: 9.9", guarded)).not.toThrow();
    expect(() => check("tps: 1\nstatus: agent-run", guarded)).toThrow(/"ppl" is missing/);
    expect(() => check("tps: 1\nstatus: agent-run\nppl: good", guarded)).toThrow(/guardrail "ppl"/);
    expect(() => check("tps: 1\nstatus: agent-run\nppl: 2\nkl: .nan", guarded)).toThrow(/guardrail "kl"/);
  });
  test("scoring none asks for status and description only", () => {
    expect(() => check("status: agent-run\ndescription: d", "none")).not.toThrow();
    expect(() => check("status: agent-run", "none")).toThrow(/"description" is missing/);
  });
});

test("a file whose score cannot rank has none", () => {
  const values = (yaml: string) => parseDocument(`---\nscore: ${yaml}\n---\n`).frontmatter;
  expect(scoreOf(values("5.0"), "score")).toBe(5);
  for (const odd of [".inf", ".nan", "0", '"5"', "true", "9".repeat(400)]) {
    expect(scoreOf(values(odd), "score")).toBeUndefined();
  }
});
