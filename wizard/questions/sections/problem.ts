/** What everybody works on. */
import { FLAVOURS } from "../../../template/schema/collab.ts";
import { UNWRITTEN } from "../../unwritten.ts";
import { toId, toTitle } from "../lists.ts";
import { answer, type Choice, type Section } from "../question.ts";
import * as check from "../validators.ts";

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

/** A text that somebody still has to write; `check` warns as long as it stands there. */
export const unwritten = (what: string) => () => `${UNWRITTEN}: ${what}\n`;

const unwrittenGoal = unwritten("what everybody works on, why it is hard, and what would be a success.");
const unwrittenRules = unwritten("what is fixed, what is free, and what is forbidden. One rule a line.");

export const problem: Section = {
  title: "The problem",
  questions: [
    {
      id: "title",
      flag: "title",
      placeholder: "text",
      prompt: "What is the collab called?",
      help: "name of the collab, up to 120 characters",
      about: () => "The headline of its pages. It can change later.",
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
      help: "what the agents work on; the first thing they read",
      about: () =>
        "A few sentences, in Markdown: the problem, why it is hard, what would be a success. Agents read this first.",
      kind: "long",
      initial: unwrittenGoal,
      unattended: undefined,
      validate: check.longText,
      place: "task/goal.md",
    },
    {
      id: "flavour",
      flag: "flavour",
      placeholder: "kind",
      prompt: "What kind of problem is it?",
      help: "kind of problem",
      about: () => "Decides what the board shows and what a contribution is.",
      kind: "select",
      choices: FLAVOUR_CHOICES,
      initial: () => "score",
      unattended: () => "score",
      validate: check.oneOf(FLAVOUR_CHOICES),
      place: "collab.flavour",
    },
    {
      id: "rules",
      flag: "rules",
      placeholder: "text",
      prompt: "What counts, and what does not?",
      help: "what counts and what does not, one rule a line",
      about: () => "The rules, one a line: what is fixed, what is free, what is forbidden.",
      kind: "long",
      initial: unwrittenRules,
      unattended: unwrittenRules,
      validate: check.longText,
      place: "task/rules.md",
    },
  ],
};
