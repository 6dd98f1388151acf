import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { CollabSchema } from "../../template/schema/collab.ts";
import { register } from "../../wizard/commands/create.ts";
import type { Cli } from "../../wizard/commands/index.ts";
import { SMOKE_LANE } from "../../wizard/questions/costs.ts";
import { resolveAnswers } from "../../wizard/questions/resolve.ts";
import { recommendedSettings, STEPS, startChoices } from "../../wizard/questions/steps.ts";
import { QUESTIONS } from "../../wizard/questions/table.ts";
import { OVERWRITE_CHOICES } from "../../wizard/scaffold/target.ts";

const answersOf = (given: Record<string, string>) =>
  resolveAnswers({ given, directory: "demo", rest: { by: "defaults" } });

describe("the table", () => {
  const command = new Command();
  register(command, {} as Cli);
  const flags = command.options.map(({ long }) => long);

  test.each([...QUESTIONS, ...STEPS].map((question) => [question.id, question] as const))(
    "%s has one flag, a default, a check and a help line",
    (_id, question) => {
      expect(flags.filter((flag) => flag === `--${question.flag}`)).toHaveLength(1);
      expect(question.help).toMatch(/\S/);
      expect(question.prompt).toMatch(/\?$/);
      expect(question.validate).toBeTypeOf("function");
      expect(question.initial).toBeTypeOf("function");
      expect("unattended" in question).toBe(true);
    },
  );

  test("ids, flags and places are used once", () => {
    for (const key of ["id", "flag", "place"] as const) {
      const values = QUESTIONS.map((question) => question[key]);
      expect(new Set(values).size).toBe(values.length);
    }
  });

  test("the cheap lane that costs count with is the schema's", () => {
    const { jobs } = CollabSchema.parse({ collab: { slug: "demo", title: "Demo", org: "demo" } });
    expect(SMOKE_LANE).toEqual({
      timeoutMinutes: jobs.smoke.timeout_minutes,
      perAgentPerDay: jobs.smoke.per_agent_per_day,
    });
  });

  test("every default passes its own check", async () => {
    await expect(answersOf({})).resolves.toMatchObject({ slug: "demo", direction: "higher" });
  });

  test("what could destroy something is never done unattended", () => {
    expect(STEPS.find(({ id }) => id === "overwrite")?.unattended?.({})).toBe("abort");
  });

  test("--overwrite takes exactly the values of its prompt", () => {
    expect(OVERWRITE_CHOICES.map(({ value }) => value)).toEqual(["abort", "merge", "replace"]);
  });

  test("the first screen spells the recommended settings out", () => {
    expect(startChoices([])[0]).toMatchObject({ value: "recommended" });
    expect(recommendedSettings().join("; ")).toMatch(
      /score in points, higher is better.*by you.*none: participants use their own, no cost.*plans, results/,
    );
  });
});

/** Answers without which a question is not asked. */
const RERUN = { verification: "jobs", hardware: "h200" };
const NEEDED_BY: Record<string, Record<string, string>> = {
  budget: RERUN,
  draws: { statistic: "median" },
  self_reported: RERUN,
  hardware: { verification: "jobs" },
  job_timeout: RERUN,
  jobs_per_agent: RERUN,
  jobs_per_user: RERUN,
  verification_runs: RERUN,
  tolerance: RERUN,
  reviews: { verification: "peer" },
};

describe("a wrong value is refused by one check, wherever it comes from", () => {
  test.each<[id: string, value: string, message: RegExp]>([
    ["title", " ", /must not be empty/],
    ["title", "x".repeat(121), /at most 120/],
    ["slug", "My-Slug", /a-z, 0-9/],
    ["slug", "a--b", /--/],
    ["slug", "../x", /a-z, 0-9/],
    ["org", "a/b", /organisation name/],
    ["org", "-x", /organisation name/],
    ["admin_org", "demo-collab", /another organisation/],
    ["flavour", "scores", /did you mean score/],
    ["score", "1tps", /not starting with a digit/],
    ["unit", "x".repeat(31), /at most 30/],
    ["direction", "up", /one of higher, lower/],
    ["guardrails", "ppl<2", /must look like/],
    ["guardrails", "ppl<=2, ppl>=1", /twice/],
    ["guardrails", "score>=1", /another field than the score/],
    ["tracks", "Big Track", /must look like/],
    ["tracks", "a, a", /twice/],
    ["goal", "x".repeat(20_000), /at most 16384/],
    ["hardware", "a100", /one of/],
    ["budget", "-5", /amount in US dollars/],
    ["verification", "job", /did you mean jobs/],
    ["hardware", "none", /needs hardware/],
    ["reviews", "0", /whole number from 1 to 20/],
    ["draws", "0", /whole number/],
    ["self_reported", "hidden", /one of unranked, ranked, refused/],
    ["job_timeout", "1.5", /whole number/],
    ["jobs_per_agent", "many", /whole number/],
    ["jobs_per_user", "0", /whole number/],
    ["verification_runs", "-1", /whole number/],
    ["tolerance", "5", /from 0 to 1/],
    ["statistic", "mean", /one of best, median/],
    ["budget", "1", /must pay for one Job, which costs \$3\.34/],
    ["channels", "Big Talk", /a-z, 0-9/],
    ["axes", `${"x".repeat(61)}`, /60 characters/],
    ["axes", "A: x, a", /twice/],
    ["invite_url", "javascript:alert(1)", /http\(s\) URL/],
  ])("%s: %j", async (id, value, message) => {
    const given = { ...NEEDED_BY[id], [id]: value };
    await expect(answersOf(given)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
    const question = QUESTIONS.find((entry) => entry.id === id);
    const others = {
      score: "score",
      hardware: "none",
      flavour: "score",
      org: "demo-collab",
      job_timeout: "40",
    };
    expect(question?.validate(value.trim(), { ...others, ...NEEDED_BY[id] })).toMatch(message);
  });

  test("all wrong values are reported together", async () => {
    const error = await answersOf({ slug: "A", direction: "up" }).catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/--direction[\s\S]*--slug/);
  });

  test("an answer to a question that does not apply is refused", async () => {
    await expect(answersOf({ flavour: "proof", unit: "s" })).rejects.toMatchObject({
      message: expect.stringMatching(/--unit does not apply/),
    });
  });

  test("an unknown question is refused with the likely one", async () => {
    await expect(answersOf({ titel: "x" })).rejects.toMatchObject({
      exitCode: 2,
      fix: "Did you mean title?",
    });
  });
});

test("nobody there: every missing answer is named at once, with its flag", async () => {
  const error = await resolveAnswers({ given: {}, directory: "demo", rest: { by: "nobody" } }).catch(
    (thrown) => thrown,
  );
  expect(error).toMatchObject({
    exitCode: 4,
    code: "input_needed",
    data: { missing: [{ flag: "--title" }, { flag: "--goal" }, { flag: "--org" }] },
  });
});
