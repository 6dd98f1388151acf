/** The answers, and what follows from them, as a person reads them before anything is written. */

import { costInWords } from "../questions/cost-words.ts";
import { bold, dim, type Screen, textWidth } from "../questions/layout.ts";
import { toTitle } from "../questions/lists.ts";
import { type Answers, answer, type Question } from "../questions/question.ts";
import { SECTIONS } from "../questions/table.ts";
import { padEnd, plural, wrapText } from "../terminal/text.ts";
import { UNWRITTEN } from "../unwritten.ts";

const NAME_WIDTH = 20;

/** What a person is about to agree to. */
export interface Draft {
  answers: Answers;
  directory: string;
  /** A challenge.yaml that it was begun with. */
  from?: string | undefined;
  files: readonly { path: string }[];
}

/** One line a question that applies, under the title of its section, and the files. */
export function summary(screen: Screen, { answers, directory, files }: Draft): string[] {
  const sections = SECTIONS.flatMap(({ title, questions }) => [
    bold(screen, title),
    ...questions
      .filter(({ when }) => when?.(answers) ?? true)
      .flatMap((question) => row(screen, toTitle(question.id), shownValue(question, answers))),
    ...(questions.some(({ id }) => id === "hardware") ? row(screen, "Cost", costInWords(answers)) : []),
  ]);
  const paths = files.map(({ path }) => path).join(", ");
  return [
    ...sections,
    bold(screen, "The folder"),
    ...row(screen, "Name", directory),
    ...row(screen, "Files", paths),
  ];
}

/** A name and what was answered, the answer wrapped in its own column. */
export function row(screen: Screen, name: string, value: string): string[] {
  const width = Math.max(20, textWidth(screen) - NAME_WIDTH - 2);
  return wrapText(value, width).map(
    (line, index) => `  ${dim(screen, padEnd(index === 0 ? name : "", NAME_WIDTH))}${line}`,
  );
}

/** An answer in a few words: the label of a choice, the beginning of a long text. */
export function shownValue({ id, kind, choices }: Question, answers: Answers): string {
  const value = answer(answers, id).trim();
  if (value === "") return "none";
  if (kind === "select") return choices?.find((choice) => choice.value === value)?.label ?? value;
  if (kind === "text") return value;
  if (value.startsWith(UNWRITTEN)) return "to be written later";
  const lines = value.split("\n");
  const [first = ""] = lines;
  const start = first.length > 60 ? `${first.slice(0, 59)}…` : first;
  return lines.length === 1 ? start : `${start} (${plural(lines.length, "line")})`;
}
