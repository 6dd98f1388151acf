import { describe, expect, test } from "vitest";
import { parseCollab } from "../../template/schema/parse.ts";
import type { Problem } from "../../template/schema/problem.ts";

const head = "collab:\n  slug: demo\n  title: Demo\n  org: acme\n";

function problemsOf(rest: string, start = head): Problem[] {
  const parsed = parseCollab(`${start}${rest}`, "collab.yaml");
  return parsed.ok ? parsed.warnings : parsed.problems;
}

const only = (path: string, severity: Problem["severity"], message: RegExp) => [
  expect.objectContaining({ path, severity, message: expect.stringMatching(message) }),
];

describe("errors", () => {
  test.each<[name: string, yaml: string, path: string, message: RegExp]>([
    [
      "jobs verification without jobs",
      "verification: {mode: jobs, args: [--require, network]}\n",
      "verification.mode",
      /jobs\.enabled is false/,
    ],
    [
      "a guardrail on the score itself",
      "scoring: {field: tps, required: [status, tps], guardrails: [{field: tps, max: 1}]}\n",
      "scoring.guardrails[0].field",
      /already the score itself/,
    ],
    [
      "two guardrails on one field",
      "scoring: {required: [status, ppl], guardrails: [{field: ppl, max: 1}, {field: ppl, min: 0}]}\n",
      "scoring.guardrails[1].field",
      /already a guardrail/,
    ],
    [
      "limits that nothing can meet",
      "scoring: {required: [status, ppl], guardrails: [{field: ppl, min: 2, max: 1}]}\n",
      "scoring.guardrails[0].min",
      /nothing could pass/,
    ],
    [
      "a score that the server overwrites",
      "scoring: {field: timestamp}\n",
      "scoring.field",
      /written by the server/,
    ],
    [
      "a track that needs an unknown field",
      "scoring: {tracks: [{id: a, title: A, requires: [pp1]}]}\n",
      "scoring.tracks[0].requires[0]",
      /not a field of a result/,
    ],
    ["no score for a score collab", "scoring: none\n", "collab.flavour", /scoring is none/],
    [
      "a channel twice",
      "board: {channels: [{id: a, title: A}, {id: a, title: B}]}\n",
      "board.channels[1].id",
      /twice/,
    ],
    [
      "an axis twice",
      "exploration: {axes: [{id: a, title: A}, {id: a, title: B}]}\n",
      "exploration.axes[1].id",
      /twice/,
    ],
    [
      "a value of an axis twice",
      "exploration: {axes: [{id: a, title: A, values: [x, x]}]}\n",
      "exploration.axes[0].values[1]",
      /twice/,
    ],
    ["a required field twice", "scoring: {required: [status, status]}\n", "scoring.required[1]", /twice/],
    ["a column twice", "scoring: {columns: [{field: a}, {field: a}]}\n", "scoring.columns[1].field", /twice/],
    [
      "a track twice",
      "scoring: {tracks: [{id: a, title: A}, {id: a, title: B}]}\n",
      "scoring.tracks[1].id",
      /twice/,
    ],
    [
      "one name for two buckets",
      "resources: {central_bucket: acme-admin/x, audit_bucket: acme-admin/X}\n",
      "resources.audit_bucket",
      /already the central bucket/,
    ],
    [
      "a name the Hub refuses",
      "resources: {backend_space: acme/a--b}\n",
      "resources.backend_space",
      /does not take/,
    ],
    [
      "a verifier that looks like a human",
      "verification: {mode: jobs, args: [--require, network], agent: human-x}\njobs: {enabled: true}\n",
      "verification.agent",
      /belong to people/,
    ],
    [
      "a baseline that cannot finish",
      "jobs: {enabled: true, timeout_minutes: 20, baseline_minutes: 50}\n",
      "jobs.baseline_minutes",
      /can never finish/,
    ],
  ])("%s", (_name, yaml, path, message) => {
    expect(problemsOf(yaml).filter(({ severity }) => severity === "error")).toEqual(
      only(path, "error", message),
    );
  });

  test("a slug with --", () => {
    expect(problemsOf("", head.replace("demo", "de--mo"))).toEqual(
      only("collab.slug", "error", /does not take/),
    );
  });
});

describe("warnings", () => {
  test.each<[name: string, yaml: string, path: string, message: RegExp]>([
    [
      "an audit bucket in the challenge organisation",
      "resources: {audit_bucket: acme/x}\n",
      "resources.audit_bucket",
      /every participant/,
    ],
    [
      "a resource in a third organisation",
      "resources: {backend_space: other/x}\n",
      "resources.backend_space",
      /neither in/,
    ],
    [
      "a guardrail that results need not carry",
      "scoring: {guardrails: [{field: ppl, max: 1}]}\n",
      "scoring.required",
      /ppl is a guardrail but not required/,
    ],
    [
      "a status that results need not carry",
      "scoring: {required: [method]}\n",
      "scoring.required",
      /no result will ever rank/,
    ],
    [
      "verification that asks the harness for no isolation",
      "verification: {mode: jobs}\njobs: {enabled: true}\n",
      "verification.args",
      /asked for no isolation/,
    ],
    [
      "verdicts without a network that is known to be off",
      "verification: {mode: jobs, args: [--require, files], isolation: [files]}\njobs: {enabled: true}\n",
      "verification.isolation",
      /send them out/,
    ],
    [
      "paid Jobs without a daily limit",
      "jobs: {enabled: true, hardware: h200}\n",
      "jobs.budget_per_day",
      /no daily limit/,
    ],
    [
      "a baseline that leaves others no room",
      "jobs: {enabled: true, timeout_minutes: 40, baseline_minutes: 25}\n",
      "jobs.baseline_minutes",
      /takes 25 of 40 minutes/,
    ],
  ])("%s", (_name, yaml, path, message) => {
    expect(problemsOf(yaml)).toEqual(only(path, "warning", message));
    expect(parseCollab(`${head}${yaml}`, "c").ok).toBe(true);
  });

  test("one organisation for everything", () => {
    expect(problemsOf("", `${head}  admin_org: Acme\n`)).toEqual(
      only("collab.admin_org", "warning", /its members can read/),
    );
  });
});
