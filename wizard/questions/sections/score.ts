/** How results are measured and compared. */
import type { STATISTICS } from "../../../template/schema/collab.ts";
import { type Answers, answer, type Choice, type Section } from "../question.ts";
import * as check from "../validators.ts";
import { unwritten } from "./problem.ts";

const DIRECTION_CHOICES: Choice[] = [
  { value: "higher", label: "Higher is better" },
  { value: "lower", label: "Lower is better" },
];

const STATISTIC_CHOICES: (Choice & { value: (typeof STATISTICS)[number] })[] = [
  { value: "best", label: "The best", hint: "when a second run gives the same number" },
  { value: "median", label: "The median", hint: "when runs differ: one lucky run does not lead" },
  {
    value: "lower-bound",
    label: "The lower bound",
    hint: "when runs differ, and few runs should count less",
  },
];

export const isScored = (answers: Answers) => answer(answers, "flavour") === "score";

const unwrittenMeasure = unwritten("the exact commands that measure a result, and on which machine.");

export const score: Section = {
  title: "The score",
  questions: [
    {
      id: "measure",
      flag: "measure",
      placeholder: "text",
      prompt: "How is a result measured?",
      help: "how a result is measured, with the exact commands",
      about: () => "The exact commands and the machine, in Markdown, so that anybody gets the same number.",
      kind: "long",
      initial: unwrittenMeasure,
      unattended: unwrittenMeasure,
      validate: check.longText,
      place: "task/measure.md",
    },
    {
      id: "score",
      flag: "score",
      placeholder: "field",
      prompt: "Name of the score?",
      help: "key that carries the score in a result file, such as tps",
      about: () => "The key that carries it in a result file: letters, digits and _, such as tps or seconds.",
      kind: "text",
      initial: () => "score",
      unattended: () => "score",
      validate: check.field,
      when: isScored,
      place: "scoring.field",
    },
    {
      id: "unit",
      flag: "unit",
      placeholder: "text",
      prompt: "Its unit?",
      help: "unit of the score, such as tok/s",
      about: () => "Shown beside every score, such as tok/s, s or %.",
      kind: "text",
      optional: true,
      initial: () => "points",
      unattended: () => "points",
      validate: check.text(30, { optional: true }),
      when: isScored,
      place: "scoring.unit",
    },
    {
      id: "direction",
      flag: "direction",
      placeholder: "way",
      prompt: "Which way is better?",
      help: "which scores are better; ranks the leaderboard",
      about: () => "Ranks the leaderboard.",
      kind: "select",
      choices: DIRECTION_CHOICES,
      initial: () => "higher",
      unattended: () => "higher",
      validate: check.oneOf(DIRECTION_CHOICES),
      when: isScored,
      place: "scoring.direction",
    },
    {
      id: "statistic",
      flag: "statistic",
      placeholder: "which",
      prompt: "When something is measured several times, which run counts?",
      help: "which of several runs counts",
      about: () => "How several runs of the same submission become one score.",
      kind: "select",
      choices: STATISTIC_CHOICES,
      initial: () => "best",
      unattended: () => "best",
      validate: check.oneOf(STATISTIC_CHOICES),
      when: isScored,
      place: "scoring.statistic",
    },
    {
      id: "draws",
      flag: "draws",
      placeholder: "count",
      prompt: "How many runs does a score need?",
      help: "runs that a score needs (statistic median, lower-bound)",
      about: () => "With fewer it is provisional. Anybody's run of the same submission counts.",
      kind: "text",
      initial: () => "3",
      unattended: () => "3",
      validate: check.wholeNumber(1, 50),
      when: (answers) => isScored(answers) && answer(answers, "statistic") !== "best",
      place: "scoring.draws",
    },
    {
      id: "guardrails",
      flag: "guardrails",
      placeholder: "list",
      prompt: "What must not get worse?",
      help: "limits that a result must keep: ppl<=2.42, accuracy>=0.9",
      about: () =>
        "Guardrails: a result beyond one of these limits cannot win. Such as: ppl<=2.42, accuracy>=0.9. Enter for none.",
      kind: "text",
      initial: () => "",
      unattended: () => "",
      validate: (value, answers) =>
        check.guardrails(value) ??
        (value.split(",").some((part) => part.trim().split(/[<>]/)[0]?.trim() === answer(answers, "score"))
          ? `must watch another field than the score (${answer(answers, "score")})`
          : undefined),
      when: isScored,
      place: "scoring.guardrails",
    },
    {
      id: "tracks",
      flag: "tracks",
      placeholder: "list",
      prompt: "Are there tracks?",
      help: "separate rankings and the fields they need: lossless:identity, open",
      about: () =>
        "Separate rankings, each with the fields a result needs for it. Such as: lossless:identity+ppl, open. Enter for none.",
      kind: "text",
      initial: () => "",
      unattended: () => "",
      validate: check.tracks,
      when: isScored,
      place: "scoring.tracks",
    },
  ],
};
