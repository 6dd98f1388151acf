/** Questions of `create` that are not about the collab itself: where to begin, and what to do at the end. */
import { OVERWRITE_CHOICES } from "../scaffold/target.ts";
import { toTitle } from "./lists.ts";
import { answer, type Choice, type Question } from "./question.ts";
import { QUESTIONS } from "./table.ts";
import { oneOf, text } from "./validators.ts";

const fixed = (value: string) => () => value;

/** What the recommended settings are, by topic, from the defaults themselves. */
export function recommendedSettings(): [topic: string, setting: string][] {
  const answers: Record<string, string> = {};
  for (const { id, initial, when } of QUESTIONS)
    answers[id] = (when?.(answers) ?? true) ? initial(answers) : "";
  const label = (id: string) => {
    const choices = QUESTIONS.find((question) => question.id === id)?.choices ?? [];
    return choices.find(({ value }) => value === answers[id])?.label.toLowerCase() ?? "";
  };
  const get = (id: string) => answer(answers, id);
  return [
    ["problem", `a ${label("flavour")} in ${get("unit")}, ${label("direction")}`],
    ["verification", `${label("verification")}, with \`agent-collab judge\``],
    ["hardware", get("hardware") === "none" ? "none: participants use their own, no cost" : get("hardware")],
    ["names", "organisations NAME-collab and NAME-collab-admin"],
    ["channels", get("channels")],
  ];
}

const YES_NO: readonly Choice[] = [
  { value: "yes", label: "Yes" },
  { value: "no", label: "No" },
];

const CONFIRM_CHOICES: readonly Choice[] = [
  { value: "yes", label: "Yes, write it" },
  { value: "change", label: "Change an answer" },
  { value: "no", label: "No, stop here", hint: "nothing is created" },
];

export const NEXT_CHOICES: readonly Choice[] = [
  { value: "nothing", label: "Nothing", hint: "the commands for it are printed" },
  { value: "dev", label: "Run it here", hint: "on this machine, without an account; Ctrl-C ends it" },
  { value: "deploy", label: "Plan a deployment", hint: "shows what it would make, changes nothing" },
];

/** The choice of the first screen that asks for a file next. */
export const FROM_CHALLENGE = "challenge.yaml";

/** What can be begun with, given the examples and what they are about. */
export function startChoices(examples: readonly { name: string; about: string }[]): Choice[] {
  return [
    { value: "recommended", label: "Recommended settings", hint: "two questions: its name and its goal" },
    {
      value: "custom",
      label: "Choose everything",
      hint: `up to ${QUESTIONS.length} questions, with defaults`,
    },
    ...examples.map(({ name, about }) => ({ value: name, label: `Example: ${toTitle(name)}`, hint: about })),
    {
      value: FROM_CHALLENGE,
      label: "From a challenge.yaml",
      hint: "made with huggingface/agent-collabs",
    },
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
  help: "git init, without a commit; never inside another repository",
  about: () => "git init in the new folder, without a commit.",
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
  about: () => "What to do once the folder is there.",
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
  about: () => "Nothing has been written so far.",
  kind: "select",
  choices: CONFIRM_CHOICES,
  initial: fixed("yes"),
  unattended: fixed("yes"),
  validate: oneOf(CONFIRM_CHOICES),
  place: "",
};

export const STEPS: readonly Question[] = [START, OVERWRITE, GIT, NEXT, CONFIRM];
