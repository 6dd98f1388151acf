/** Who decides whether a result is valid, on which hardware, and what that may cost. */
import type { SELF_REPORTED } from "../../../template/schema/collab.ts";
import { HARDWARE_PRICE_PER_HOUR } from "../../../template/schema/hardware.ts";
import { oneJobInWords, worstDayInWords } from "../cost-words.ts";
import { dollars, worstCosts } from "../costs.ts";
import { hardwareChoices } from "../hardware-choices.ts";
import { type Answers, answer, type Choice, type Section } from "../question.ts";
import * as check from "../validators.ts";
import { isScored } from "./score.ts";

const VERIFICATION_CHOICES: Choice[] = [
  { value: "manual", label: "By you", hint: "no cost; with `agent-collab judge`" },
  {
    value: "eval-space",
    label: "By your evaluator",
    hint: "no cost on a CPU Space; it sees every result",
  },
  {
    value: "jobs",
    label: "By re-running",
    hint: "costs Jobs; on data that nobody has seen",
  },
  { value: "peer", label: "By peers", hint: "no cost; others reproduce and review" },
];

const SELF_REPORTED_CHOICES: (Choice & { value: (typeof SELF_REPORTED)[number] })[] = [
  { value: "unranked", label: "Shown", hint: "beside the board, without a rank" },
  { value: "ranked", label: "Ranked", hint: "like any other, until somebody judges it" },
  { value: "refused", label: "Refused", hint: "only runs count" },
];

const HARDWARE_CHOICES = hardwareChoices({ perHour: HARDWARE_PRICE_PER_HOUR, live: false });

const reruns = (answers: Answers) => answer(answers, "verification") === "jobs";
const hasJobs = (answers: Answers) => answer(answers, "hardware") !== "none";
const rerunsJobs = (answers: Answers) => reruns(answers) && hasJobs(answers);

/** The least a day's budget is by default, and the step by which it grows until it pays for one Job. */
const BUDGET_STEP = 25;

function defaultBudget(answers: Answers): string {
  const oneJob = worstCosts(answers)?.oneJob ?? 0;
  return String(BUDGET_STEP * Math.max(1, Math.ceil(oneJob / BUDGET_STEP)));
}

export const verification: Section = {
  title: "Verification, hardware and cost",
  questions: [
    {
      id: "verification",
      flag: "verification",
      placeholder: "mode",
      prompt: "Who decides whether a result is valid?",
      help: "who decides what is valid",
      about: () => "Until then it is pending. Organisers can always overrule a verdict.",
      kind: "select",
      choices: VERIFICATION_CHOICES,
      initial: () => "manual",
      unattended: () => "manual",
      validate: (value, answers) =>
        check.oneOf(VERIFICATION_CHOICES)(value) ??
        (value === "jobs" && !isScored(answers)
          ? "jobs re-runs scores, and this collab has none"
          : undefined),
      place: "verification.mode",
    },
    {
      id: "reviews",
      flag: "reviews",
      placeholder: "count",
      prompt: "How many peers must agree?",
      help: "reviews that a result needs (verification peer)",
      about: () => "Reviews by agents of other people, until a result is valid or invalid.",
      kind: "text",
      initial: () => "2",
      unattended: () => "2",
      validate: check.wholeNumber(1, 20),
      when: (answers) => answer(answers, "verification") === "peer",
      place: "verification.reviews",
    },
    {
      id: "hardware",
      flag: "hardware",
      placeholder: "flavor",
      prompt: "Which hardware do Jobs run on?",
      help: "hardware of Jobs, paid by the organisation by the minute; none: no Jobs",
      about: (answers) =>
        `A Job runs your benchmark in ./harness for a participant; the challenge organisation pays for it by the minute. ${
          reruns(answers)
            ? "Results are verified on the same hardware."
            : "Without Jobs, results are reported."
        }`,
      kind: "select",
      choices: HARDWARE_CHOICES,
      initial: () => "none",
      unattended: () => "none",
      validate: (value, answers) =>
        check.oneOf(HARDWARE_CHOICES)(value) ??
        (value === "none" && reruns(answers)
          ? "must name hardware: verification by re-running needs hardware for its Jobs"
          : undefined),
      place: "jobs.hardware",
    },
    {
      id: "self_reported",
      flag: "self-reported",
      placeholder: "how",
      prompt: "What is a score worth that no Job measured?",
      help: "what a score is worth that no Job measured",
      about: () => "Participants may run the benchmark on their own machine and report what came out.",
      kind: "select",
      choices: SELF_REPORTED_CHOICES,
      initial: () => "unranked",
      unattended: () => "unranked",
      validate: check.oneOf(SELF_REPORTED_CHOICES),
      when: (answers) => hasJobs(answers) && isScored(answers),
      place: "scoring.self_reported",
    },
    {
      id: "job_timeout",
      flag: "job-timeout",
      placeholder: "minutes",
      prompt: "How long may a Job run, in minutes?",
      help: "minutes after which a Job is stopped",
      about: () =>
        "Then it is stopped. Long enough for an unoptimised submission, start-up included. A cheap trial run has 15 minutes.",
      kind: "text",
      initial: () => "40",
      unattended: () => "40",
      validate: check.wholeNumber(1, 60 * 24 * 7),
      when: hasJobs,
      place: "jobs.timeout_minutes",
    },
    {
      id: "jobs_per_agent",
      flag: "jobs-per-agent",
      placeholder: "count",
      prompt: "How many Jobs may one agent start in a day?",
      help: "Jobs that one agent may start in a day",
      about: (answers, prices) => `One Job costs at worst ${oneJobInWords(answers, prices)}.`,
      kind: "text",
      initial: () => "10",
      unattended: () => "10",
      validate: check.wholeNumber(1, 10_000),
      when: hasJobs,
      place: "jobs.per_agent_per_day",
    },
    {
      id: "jobs_per_user",
      flag: "jobs-per-user",
      placeholder: "count",
      prompt: "And one participant, with all their agents?",
      help: "Jobs that one participant with all their agents may start in a day",
      about: () => "Whoever brings ten agents has no more than this.",
      kind: "text",
      initial: (answers) => String(3 * Number(answer(answers, "jobs_per_agent")) || 30),
      unattended: (answers) => String(3 * Number(answer(answers, "jobs_per_agent")) || 30),
      validate: check.wholeNumber(1, 10_000),
      when: hasJobs,
      place: "jobs.per_user_per_day",
    },
    {
      id: "verification_runs",
      flag: "verification-runs",
      placeholder: "count",
      prompt: "How many results may be re-run in a day?",
      help: "verification Jobs in a day (verification jobs)",
      about: (answers, prices) =>
        `Each costs at worst ${oneJobInWords(answers, prices)}. The others wait for the next day.`,
      kind: "text",
      initial: () => "20",
      unattended: () => "20",
      validate: check.wholeNumber(1, 10_000),
      when: rerunsJobs,
      place: "verification.runs_per_day",
    },
    {
      id: "tolerance",
      flag: "tolerance",
      placeholder: "share",
      prompt: "How much may a re-run differ from the claimed score?",
      help: "how far a re-run may differ from the claim: 0.05 is 5 % (verification jobs)",
      about: () =>
        "As a share of the score: 0.05 accepts 5 %. Measure the same thing a few times to know your noise.",
      kind: "text",
      initial: () => "0.05",
      unattended: () => "0.05",
      validate: check.share,
      when: rerunsJobs,
      place: "verification.tolerance",
    },
    {
      id: "budget",
      flag: "budget",
      placeholder: "dollars",
      prompt: "Most that all Jobs of a day may cost, in US dollars?",
      help: "most dollars that all Jobs of a day may cost; empty for no limit",
      about: (answers, prices) =>
        `${worstDayInWords(answers, prices)} At the limit, Jobs wait for the next day.`,
      kind: "text",
      optional: true,
      initial: defaultBudget,
      unattended: defaultBudget,
      validate: (value, answers) => {
        const wrong = check.dollars(value);
        const least = worstCosts(answers)?.oneJob ?? 0;
        if (wrong || value === "" || Number(value) >= least) return wrong;
        return `must pay for one Job, which costs ${dollars(least)} at worst: raise it, or shorten the Jobs`;
      },
      when: hasJobs,
      place: "jobs.budget_per_day",
    },
  ],
};
