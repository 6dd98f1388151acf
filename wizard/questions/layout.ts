/** How questions are laid out: wrapped at the terminal's width, with clack's guide line at the left. */
import { styleText } from "node:util";
import * as clack from "@clack/prompts";
import { wrapText } from "../terminal/text.ts";
import type { Choice } from "./question.ts";

export interface Screen {
  stderr: NodeJS.WriteStream;
}

/** The guide line and the two spaces behind it. */
const GUIDE_WIDTH = 3;
/** What clack keeps free beside a choice: the guide, its colours (counted as if they were seen), and the mark. */
const CHOICE_MARGIN = 15;
const DEFAULT_COLUMNS = 80;
/** Longer text is hard to read, however wide the screen. */
const MAX_TEXT_WIDTH = 100;
/** Up to so many choices may take two lines each. */
const FEW = 8;

export function textWidth({ stderr }: Screen): number {
  return Math.max(20, Math.min(MAX_TEXT_WIDTH, (stderr.columns ?? DEFAULT_COLUMNS) - GUIDE_WIDTH - 1));
}

export const dim = ({ stderr }: Screen, text: string) => styleText("dim", text, { stream: stderr });

export const bold = ({ stderr }: Screen, text: string) => styleText("bold", text, { stream: stderr });

/** A prompt and what explains it. `guided`: with the guide line in front of every line but the first. */
export function promptText(
  screen: Screen,
  prompt: string,
  explanation: readonly string[],
  options: { guided: boolean },
): string {
  const width = textWidth(screen);
  const lines = [
    ...wrapText(prompt, width),
    ...explanation.flatMap((line) => wrapText(line, width)).map((line) => dim(screen, line)),
  ];
  return lines.join(options.guided ? `\n${dim(screen, clack.S_BAR)}  ` : "\n");
}

/** Lines between questions, behind the guide line. */
export function guided(screen: Screen, lines: readonly string[]): string {
  const bar = dim(screen, clack.S_BAR);
  return [bar, ...lines.map((line) => (line === "" ? bar : `${bar}  ${line}`))]
    .map((line) => `${line}\n`)
    .join("");
}

/** The heading of a part of the conversation. */
export function heading(screen: Screen, number: number, count: number, title: string): string {
  return guided(screen, [`${dim(screen, `${number}/${count}`)}  ${bold(screen, title)}`]);
}

/**
 * What stands behind each mark: label and hint in two columns; where that does not fit, the hint of a few choices goes
 * below the label, and that of many shows for the one under the cursor.
 */
export function choiceTexts(screen: Screen, choices: readonly Choice[]): { text: string; hint?: string }[] {
  const width = Math.max(20, (screen.stderr.columns ?? DEFAULT_COLUMNS) - CHOICE_MARGIN);
  const longest = Math.max(...choices.map(({ label }) => label.length));
  const fits = choices.every(({ hint = "" }) => longest + 2 + hint.length <= width);
  return choices.map(({ label, hint }) => {
    if (!hint) return { text: label };
    if (fits) return { text: `${label.padEnd(longest)}  ${dim(screen, hint)}` };
    if (choices.length > FEW) return { text: label, hint: hint.replace(/ {2,}/g, ", ") };
    const below = wrapText(hint, width).map((line) => `\n  ${dim(screen, line)}`);
    return { text: `${label}${below.join("")}` };
  });
}
