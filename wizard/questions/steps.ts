/** Questions of `create` that are not about the collab itself: where to begin, and what to do at the end. */
import { OVERWRITE_CHOICES } from "../scaffold/target.ts";
import { toTitle } from "./lists.ts";
import { answer, type Choice, type Question } from "./question.ts";
import { QUESTIONS } from "./table.ts";
import { oneOf, text } from "./validators.ts";

const fixed = (value: string) => () => value;

/** What the recommended settings are, in words, from the defaults themselves. */
export function recommendedSettings(): string {
  const answers: Record<string, string> = {};
  for (const { id, initial, when } of QUESTIONS)
    answers[id] = (when?.(answers) ?? true) ? initial(answers) : "";
  const label = (id: string) => {
    const choices = QUESTIONS.find((question) => question.id === id)?.choices ?? [];
    return choices.find(({ value }) => value === answers[id])?.label.toLowerCase() ?? "";
  };
  return [
    `a ${label("flavour")} to improve`,
    label("direction"),
    `results judged ${label("verification")}`,
    label("hardware"),
    `channels ${answer(answers, "channels")}`,
  ].join("; ");
}

const YES_NO: readonly Choice[] = [
  { value: "yes", label: "Yes" },
  { value: "no", label: "No" },
];

export const NEXT_CHOICES: readonly Choice[] = [
  { value: "nothing", label: "Nothing", hint: "the commands are printed" },
  { value: "dev", label: "Run it on this machine", hint: "no account needed" },
  { value: "deploy", label: "Show what a deployment would make", hint: "changes nothing" },
];

/** What can be begun with, given the names of the examples. */
export function startChoices(examples: readonly string[]): Choice[] {
  return [
    { value: "recommended", label: "Recommended settings", hint: "two questions: its name and its goal" },
    { value: "custom", label: "Choose everything", hint: "every question, with a default for each" },
    ...examples.map((name) => ({
      value: name,
      label: `Example: ${toTitle(name)}`,
      hint: "a complete collab to change",
    })),
  ];
}

export const START: Question = {
  id: "start",
  flag: "start",
  placeholder: "how",
  prompt: "How do you want to start?",
  help: "recommended, custom, or the name of an example",
  kind: "select",
  initial: fixed("recommended"),
  unattended: fixed("custom"),
  validate: text(100),
  place: "",
};

export const OVERWRITE: Question = {
  id: "overwrite",
  flag: "overwrite",
  placeholder: "how",
  prompt: "The folder is not empty. What should happen?",
  help: "what to do if the folder is not empty",
  kind: "select",
  choices: OVERWRITE_CHOICES,
  initial: fixed("abort"),
  // Others' files are never touched because nobody was there to object.
  unattended: fixed("abort"),
  validate: oneOf(OVERWRITE_CHOICES),
  place: "",
};

export const GIT: Question = {
  id: "git",
  flag: "git",
  placeholder: "yes|no",
  prompt: "Make it a git repository?",
  help: "git init in the new folder, without a commit; never inside another repository",
  kind: "select",
  choices: YES_NO,
  initial: fixed("no"),
  unattended: fixed("no"),
  validate: oneOf(YES_NO),
  place: "",
};

export const NEXT: Question = {
  id: "next",
  flag: "next",
  placeholder: "what",
  prompt: "And then?",
  help: "what to do when the folder is there",
  kind: "select",
  choices: NEXT_CHOICES,
  initial: fixed("nothing"),
  unattended: fixed("nothing"),
  validate: oneOf(NEXT_CHOICES),
  place: "",
};

export const CONFIRM: Question = {
  id: "yes",
  flag: "yes",
  placeholder: "",
  prompt: "Write it?",
  help: "take the default for every question that is left",
  kind: "select",
  choices: YES_NO,
  initial: fixed("yes"),
  unattended: fixed("yes"),
  validate: oneOf(YES_NO),
  place: "",
};

export const STEPS: readonly Question[] = [START, OVERWRITE, GIT, NEXT, CONFIRM];
