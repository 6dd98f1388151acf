import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { asJson, BASELINE, baseline, EXAMPLE, withCircle } from "../support/circles.ts";
import { python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

interface Verdict {
  verdict: string;
  reason_code: string;
  details: Record<string, unknown>;
}

/** Sends `input` (text, or a value to encode) to the evaluator. */
async function evaluate(input: unknown): Promise<Verdict> {
  const text = typeof input === "string" ? input : JSON.stringify(input);
  const finished = await python([join(EXAMPLE, "evaluator/evaluate.py")], { input: text });
  expect(finished.code, finished.stderr).toBe(0);
  return JSON.parse(finished.stdout) as Verdict;
}

const result = (claim: unknown, more: object = {}) => ({
  filename: "20260608-142100-000_agent.md",
  frontmatter: { agent: "agent", sum_radii: claim, status: "agent-run" },
  body: "",
  ...more,
});
const block = (circles: unknown) => `A grid.\n\n\`\`\`json\n${asJson(circles)}\n\`\`\`\n`;

describe("the evaluator", () => {
  it("says valid to a true claim about a submission", async () => {
    const verdict = await evaluate(result(2.541421356237, { submission_dir: BASELINE }));
    expect(verdict).toEqual({
      verdict: "valid",
      reason_code: "ok",
      details: { claimed: "2.541421356237", exact: "2.541421356237" },
    });
  });

  it("reads the packing from the body where there is no submission", async () => {
    const body = `${block("not this one")}\r\n${block(await baseline())}`.replace(
      '"circles":"not this one"',
      "",
    );
    expect(await evaluate(result("2.5414", { body }))).toMatchObject({ verdict: "valid" });
  });

  it("says invalid to a claim that is too high by the smallest amount", async () => {
    const claim = "2.5414213562373090000000000000000000000001";
    expect(await evaluate(result(claim, { submission_dir: BASELINE }))).toMatchObject({
      verdict: "invalid",
      reason_code: "score_overclaimed",
      details: { claimed: claim, exact: "2.541421356237", tolerance: 0 },
    });
  });

  it.each([
    ["an overlap of 1e-12", ["0.2", "0.2", "0.041421356238310"], "overlap"],
    ["a circle outside", ["0.2", "-0.2", "0.01"], "outside"],
    ["NaN", ["NaN", "0.2", "0.01"], "bad_number"],
  ] as const)("says invalid to %s", async (_name, circle, reason) => {
    const body = block(await withCircle(25, [...circle]));
    expect(await evaluate(result(2.5, { body }))).toMatchObject({ verdict: "invalid", reason_code: reason });
  });

  it.each([
    ["missing", undefined],
    ["null", null],
    ["NaN", "NaN"],
    ["a list", [2.5]],
  ])("says invalid to a claim that is %s", async (_name, claim) => {
    const verdict = await evaluate(result(claim, { submission_dir: BASELINE }));
    expect(verdict).toMatchObject({ verdict: "invalid", reason_code: "bad_claim" });
  });

  it("is undecided without a packing, and says how to add one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "circles-test-"));
    try {
      for (const more of [{}, { submission_dir: folder }, { submission_dir: join(folder, "gone") }])
        expect(await evaluate(result(2.5, more))).toMatchObject({
          verdict: "undecided",
          reason_code: "needs_submission",
        });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    ["nothing", ""],
    ["half a document", '{"frontmatter": {'],
    ["a list", "[]"],
    ["no frontmatter", "{}"],
    ["frontmatter of the wrong type", '{"frontmatter": "x"}'],
    ["a bottomless document", "[".repeat(100_000)],
  ])("is undecided about %s, and never crashes", async (_name, text) => {
    expect(await evaluate(text)).toMatchObject({ verdict: "undecided", reason_code: "bad_request" });
  });

  it("does not follow a link out of the submission", async () => {
    const folder = await mkdtemp(join(tmpdir(), "circles-test-"));
    try {
      await writeFile(join(folder, "elsewhere.json"), asJson(await baseline()));
      await symlink(join(folder, "elsewhere.json"), join(folder, "circles.json"));
      expect(await evaluate(result(2.5, { submission_dir: folder }))).toMatchObject({ verdict: "undecided" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the two copies of the check", () => {
  it("are equal, since harness and evaluator are deployed apart", async () => {
    const [one, other] = await Promise.all(
      ["harness", "evaluator"].map((folder) => readFile(join(EXAMPLE, folder, "packing.py"), "utf8")),
    );
    expect(one).toBe(other);
  });
});

describe("the example", () => {
  it("has a baseline that its script makes, byte for byte", async () => {
    const folder = await mkdtemp(join(tmpdir(), "circles-test-"));
    try {
      const script = await readFile(join(BASELINE, "make_circles.py"), "utf8");
      await writeFile(join(folder, "make_circles.py"), script);
      await python([join(folder, "make_circles.py")]);
      expect(await readFile(join(folder, "circles.json"), "utf8")).toBe(
        await readFile(join(BASELINE, "circles.json"), "utf8"),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
