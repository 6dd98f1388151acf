/** What a question is. Prompts, flags, help, answers files and `capabilities` all come from the same table. */
import type { HourlyPrices } from "./costs.ts";

/** Answers by question id. Every answer is text, as typed; `scaffold/collab-data.ts` gives it its type. */
export type Answers = Readonly<Record<string, string>>;

export interface Choice {
  value: string;
  label: string;
  /** What choosing it means, in a few words: costs, who works. */
  hint?: string;
}

export interface Question {
  /** Also the key in an answers file. */
  id: string;
  /** The long flag without dashes; `--no-…` does not exist: an empty value is a value. */
  flag: string;
  /** `<text>` in the help. */
  placeholder: string;
  prompt: string;
  /** One line for `--help`: what the answer is for. */
  help: string;
  /**
   * What a person reads below the prompt: what the answer decides, how to write it, what it costs. Whole sentences;
   * default: `help` as one.
   */
  about?: (answers: Answers, prices: HourlyPrices) => string;
  /** How it is asked; `long` may be typed in an editor and may hold line breaks. */
  kind: "text" | "long" | "select";
  choices?: readonly Choice[];
  /** May be empty even though its default is not; at a terminal `-` says so. */
  optional?: boolean;
  /** Taken on Enter and with --yes. */
  initial: (answers: Answers) => string;
  /** Taken when nobody is there to ask. `undefined`: the run stops and names the question and its flag. */
  unattended: ((answers: Answers) => string) | undefined;
  /** What is wrong with a value, `undefined` if nothing. The same for typed answers, flags and files. */
  validate: (value: string, answers: Answers) => string | undefined;
  /** Is it asked, given the answers so far? Otherwise its value is "". Default: yes. */
  when?: (answers: Answers) => boolean;
  /** Where the answer goes: a path in collab.yaml, or a file. */
  place: string;
}

/** A part of the conversation, with a heading of its own. */
export interface Section {
  title: string;
  questions: readonly Question[];
}

/** The value of an earlier answer; "" if it was not asked. */
export function answer(answers: Answers, id: string): string {
  return answers[id] ?? "";
}
