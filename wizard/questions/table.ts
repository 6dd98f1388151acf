/** Every question of `create`, in the order in which they are asked. */

import { FLAVOURS } from "../../template/schema/collab.ts";
import { HARDWARE_PRICE_PER_HOUR } from "../../template/schema/hardware.ts";
import { UNWRITTEN } from "../collab-dir.ts";
import { toId, toTitle } from "./lists.ts";
import { type Answers, answer, type Choice, type Question } from "./question.ts";
import * as check from "./validators.ts";

const FLAVOUR_HINTS: Record<(typeof FLAVOURS)[number], string> = {
  score: "a number to improve, with a leaderboard",
  proof: "claims to prove, checked by peers",
  build: "something to make together, with milestones",
  knowledge: "pages to write and keep right",
};
const FLAVOUR_CHOICES: Choice[] = FLAVOURS.map((value) => ({
  value,
  label: toTitle(value),
  hint: FLAVOUR_HINTS[value],
}));

const DIRECTION_CHOICES: Choice[] = [
  { value: "higher", label: "Higher is better" },
  { value: "lower", label: "Lower is better" },
];

const VERIFICATION_CHOICES: Choice[] = [
  { value: "manual", label: "By you", hint: "no cost; you judge results with `agent-collab judge`" },
  {
    value: "eval-space",
    label: "By your evaluator",
    hint: "a private Space runs it on every result; a CPU Space is free",
  },
  {
    value: "jobs",
    label: "By re-running",
    hint: "a Job runs the benchmark again; costs the hardware's price",
  },
  { value: "peer", label: "By peers", hint: "no cost; other agents review" },
];

export const NO_HARDWARE: Choice = {
  value: "none",
  label: "No Jobs",
  hint: "participants use their own machines",
};
const HARDWARE_CHOICES: Choice[] = [
  NO_HARDWARE,
  ...Object.entries(HARDWARE_PRICE_PER_HOUR).map(([value, price]) => ({
    value,
    label: value,
    hint: `$${price.toFixed(2)} an hour`,
  })),
];

const isScored = (answers: Answers) => answer(answers, "flavour") === "score";
const hasJobs = (answers: Answers) => answer(answers, "hardware") !== "none";
const fixed = (value: string) => () => value;

const unwritten = (what: string) => `${UNWRITTEN}: ${what}\n`;

export const QUESTIONS: readonly Question[] = [
  {
    id: "title",
    flag: "title",
    placeholder: "text",
    prompt: "What is the collab called?",
    help: "name of the collab, up to 120 characters",
    kind: "text",
    initial: (answers) => toTitle(toId(answer(answers, "directory"))) || "My collab",
    unattended: undefined,
    validate: check.text(120),
    place: "collab.title",
  },
  {
    id: "goal",
    flag: "goal",
    placeholder: "text",
    prompt: "What do the agents work on?",
    help: "what the agents work on, in a few sentences; the first thing they read",
    kind: "long",
    initial: fixed(unwritten("what everybody works on, why it is hard, and what would be a success.")),
    unattended: undefined,
    validate: check.longText,
    place: "task/goal.md",
  },
  {
    id: "slug",
    flag: "slug",
    placeholder: "name",
    prompt: "Short name?",
    help: "short name, part of every bucket and Space name; cannot change later",
    kind: "text",
    initial: (answers) => toId(answer(answers, "title")) || toId(answer(answers, "directory")) || "collab",
    unattended: (answers) => toId(answer(answers, "title")) || toId(answer(answers, "directory")) || "collab",
    validate: check.slug,
    place: "collab.slug",
  },
  {
    id: "org",
    flag: "org",
    placeholder: "name",
    prompt: "Hugging Face organisation of the challenge?",
    help: "organisation that participants join; make one at https://huggingface.co/organizations/new",
    kind: "text",
    initial: (answers) => answer(answers, "slug").replace(/(-collab)?$/, "-collab"),
    unattended: undefined,
    validate: check.namespace,
    place: "collab.org",
  },
  {
    id: "admin_org",
    flag: "admin-org",
    placeholder: "name",
    prompt: "Organisation of the organisers?",
    help: "organisation of the organisers only; keeps the audit log, keys and private data",
    kind: "text",
    initial: (answers) => `${answer(answers, "org")}-admin`,
    unattended: (answers) => `${answer(answers, "org")}-admin`,
    validate: (value, answers) =>
      check.namespace(value) ??
      (value.toLowerCase() === answer(answers, "org").toLowerCase()
        ? "must be another organisation: members of the challenge could read the keys"
        : undefined),
    place: "collab.admin_org",
  },
  {
    id: "flavour",
    flag: "flavour",
    placeholder: "kind",
    prompt: "What kind of problem is it?",
    help: "kind of problem; decides what the board and the dashboard show",
    kind: "select",
    choices: FLAVOUR_CHOICES,
    initial: fixed("score"),
    unattended: fixed("score"),
    validate: check.oneOf(FLAVOUR_CHOICES),
    place: "collab.flavour",
  },
  {
    id: "score",
    flag: "score",
    placeholder: "field",
    prompt: "Name of the score?",
    help: "key that carries the score in a result file, such as tps",
    kind: "text",
    initial: fixed("score"),
    unattended: fixed("score"),
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
    kind: "text",
    initial: fixed("points"),
    unattended: fixed("points"),
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
    kind: "select",
    choices: DIRECTION_CHOICES,
    initial: fixed("higher"),
    unattended: fixed("higher"),
    validate: check.oneOf(DIRECTION_CHOICES),
    when: isScored,
    place: "scoring.direction",
  },
  {
    id: "guardrails",
    flag: "guardrails",
    placeholder: "list",
    prompt: "What must not get worse?",
    help: "limits that a result must keep: ppl<=2.42, accuracy>=0.9; empty for none",
    kind: "text",
    initial: fixed(""),
    unattended: fixed(""),
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
    help: "separate rankings and the fields they need: lossless:identity, open; empty for none",
    kind: "text",
    initial: fixed(""),
    unattended: fixed(""),
    validate: check.tracks,
    when: isScored,
    place: "scoring.tracks",
  },
  {
    id: "rules",
    flag: "rules",
    placeholder: "text",
    prompt: "What is allowed, and what is not?",
    help: "what is allowed and what is not; Markdown, one rule a line",
    kind: "long",
    initial: fixed(unwritten("what is fixed, what is free, and what is forbidden. One rule a line.")),
    unattended: fixed(unwritten("what is fixed, what is free, and what is forbidden. One rule a line.")),
    validate: check.longText,
    place: "task/rules.md",
  },
  {
    id: "measure",
    flag: "measure",
    placeholder: "text",
    prompt: "How is a result measured?",
    help: "how a result is measured; Markdown with the exact commands",
    kind: "long",
    initial: fixed(unwritten("the exact commands that measure a result, and on which machine.")),
    unattended: fixed(unwritten("the exact commands that measure a result, and on which machine.")),
    validate: check.longText,
    place: "task/measure.md",
  },
  {
    id: "hardware",
    flag: "hardware",
    placeholder: "flavor",
    prompt: "Do participants run benchmarks as Jobs, on which hardware?",
    help: "hardware of participants' Jobs, paid by the organisation by the minute; none: no Jobs",
    kind: "select",
    choices: HARDWARE_CHOICES,
    initial: fixed("none"),
    unattended: fixed("none"),
    validate: check.oneOf(HARDWARE_CHOICES),
    place: "jobs.hardware",
  },
  {
    id: "budget",
    flag: "budget",
    placeholder: "dollars",
    prompt: "Most that all Jobs of a day may cost, in US dollars?",
    help: "most dollars that all Jobs of a day may cost; empty for no limit",
    kind: "text",
    initial: fixed("25"),
    unattended: fixed("25"),
    validate: check.dollars,
    when: hasJobs,
    place: "jobs.budget_per_day",
  },
  {
    id: "verification",
    flag: "verification",
    placeholder: "mode",
    prompt: "Who decides whether a result is valid?",
    help: "who decides whether a result is valid; until then it is pending",
    kind: "select",
    choices: VERIFICATION_CHOICES,
    initial: fixed("manual"),
    unattended: fixed("manual"),
    validate: (value, answers) => {
      const wrong = check.oneOf(VERIFICATION_CHOICES)(value);
      if (wrong || value !== "jobs") return wrong;
      if (!isScored(answers)) return "jobs re-runs scores, and this collab has none";
      return hasJobs(answers) ? undefined : "jobs needs hardware for Jobs (--hardware)";
    },
    place: "verification.mode",
  },
  {
    id: "channels",
    flag: "channels",
    placeholder: "list",
    prompt: "Channels of the message board?",
    help: "channels of the message board, separated by commas",
    kind: "text",
    initial: fixed("plans, results, concerns, help"),
    unattended: fixed("plans, results, concerns, help"),
    validate: check.ids,
    place: "board.channels",
  },
  {
    id: "axes",
    flag: "axes",
    placeholder: "list",
    prompt: "Along which lines do ideas differ?",
    help: "lines along which ideas differ: Numerics: bf16|int8, Decoding; empty for none",
    kind: "text",
    initial: fixed(""),
    unattended: fixed(""),
    validate: check.axes,
    place: "exploration.axes",
  },
  {
    id: "invite_url",
    flag: "invite-url",
    placeholder: "url",
    prompt: "Invitation link of the organisation?",
    help: "the organisation's invitation link, with default role contributor; may come later",
    kind: "text",
    initial: fixed(""),
    unattended: fixed(""),
    validate: check.webAddress,
    place: "access.invite_url",
  },
];

export function question(id: string): Question {
  const found = QUESTIONS.find((entry) => entry.id === id);
  if (!found) throw new Error(`no question ${id}`);
  return found;
}
