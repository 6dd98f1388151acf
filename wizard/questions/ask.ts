/** Asking a person at a terminal. Everything is drawn on stderr, so that stdout stays data. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { styleText } from "node:util";
import * as clack from "@clack/prompts";
import type { Env } from "../terminal/detect.ts";
import { EXIT, interrupted, UserError } from "../terminal/errors.ts";
import { edit, editorCommand } from "./editor.ts";
import type { Answers, Choice, Question } from "./question.ts";
import type { Ask } from "./resolve.ts";

export interface Terminal {
  stdin: NodeJS.ReadStream;
  stderr: NodeJS.WriteStream;
  env: Env;
  cwd: string;
  /** What Ctrl-C means here. Nothing is done before the last question is answered. */
  interruption?: string;
}

/** Choices that are known only when the question is asked, such as today's prices. */
export type LiveChoices = (question: Question) => Promise<readonly Choice[] | undefined>;

async function answered(
  terminal: Terminal,
  prompt: string,
  drawn: Promise<string | symbol>,
): Promise<string> {
  const done = new AbortController();
  try {
    const value = await Promise.race([drawn, inputEnds(terminal, prompt, done.signal)]);
    if (typeof value === "symbol") throw interrupted(`Interrupted. ${nothingDone(terminal)}`);
    return value;
  } finally {
    done.abort();
  }
}

const nothingDone = ({ interruption }: Terminal) => interruption ?? "Nothing was created.";

/** clack waits for ever for an input that has ended, and the process would end as if all were well. */
function inputEnds(terminal: Terminal, prompt: string, answered: AbortSignal): Promise<never> {
  const { stdin, stderr } = terminal;
  return new Promise((_resolve, reject) => {
    const end = () => {
      stderr.write("\u001b[?25h");
      reject(
        new UserError({
          code: "input_needed",
          message: `The input ended before this was answered: ${prompt.split("\n")[0]}`,
          fix: `Give the answers as flags, or --yes for the defaults. ${nothingDone(terminal)}`,
          exitCode: EXIT.inputNeeded,
        }),
      );
    };
    if (stdin.readableEnded || stdin.destroyed) end();
    else stdin.once("end", end);
    answered.addEventListener("abort", () => stdin.off("end", end), { once: true });
  });
}

export function askAt(terminal: Terminal, liveChoices?: LiveChoices): Ask {
  return async (question, initial, answers) => {
    if (question.kind === "select") {
      const choices = (await liveChoices?.(question)) ?? question.choices ?? [];
      return askChoice(terminal, question, initial, choices, answers);
    }
    return question.kind === "long"
      ? askLongText(terminal, question, initial, answers)
      : askText(terminal, question, initial, answers);
  };
}

/** One of a few; `initial` is under the cursor. What does not fit the other answers is asked again, with the reason. */
export async function askChoice(
  terminal: Terminal,
  question: Pick<Question, "prompt" | "help" | "validate">,
  initial: string,
  choices: readonly Choice[],
  answers: Answers = {},
): Promise<string> {
  for (;;) {
    const value = await answered(
      terminal,
      question.prompt,
      clack.select<string>({
        ...streams(terminal),
        message: question.help ? `${question.prompt}\n${question.help}` : question.prompt,
        options: choices.map(({ value, label, hint }) => ({ value, label, ...(hint ? { hint } : {}) })),
        initialValue: initial,
        maxItems: 12,
      }),
    );
    const wrong = question.validate(value, answers);
    if (!wrong) return value;
    clack.log.warn(sentence(wrong), { output: terminal.stderr });
  }
}

export async function askText(
  terminal: Terminal,
  question: Pick<Question, "prompt" | "help" | "validate">,
  initial: string,
  answers: Answers = {},
): Promise<string> {
  const typed = await answered(
    terminal,
    question.prompt,
    clack.text({
      ...streams(terminal),
      message: withHelp(terminal, question),
      placeholder: initial,
      defaultValue: initial,
      // An empty field stands for the default that is shown in it.
      validate: (value) => complaint(question, (value || initial).trim(), answers),
    }),
  );
  return (typed || initial).trim();
}

/** Several lines; `@file` takes a file, `!` opens the editor, nothing leaves the text for later. */
async function askLongText(
  terminal: Terminal,
  question: Question,
  initial: string,
  answers: Answers,
): Promise<string> {
  const editor = editorCommand(terminal.env);
  const ways = [
    "Enter twice when done",
    "@file takes a file",
    ...(editor ? ["! opens your editor"] : []),
    "nothing: write it later",
  ];
  const taken = (typed: string) => takeLongText(typed.trim(), initial, question, terminal);
  const typed = await answered(
    terminal,
    question.prompt,
    clack.multiline({
      ...streams(terminal),
      message: withHelp(terminal, question, [ways.join(", ")]),
      placeholder: "",
      defaultValue: "",
      validate: (value) => {
        const text = (value ?? "").trim();
        if (text === "!" && editor) return undefined;
        try {
          return complaint(question, taken(text), answers);
        } catch (error) {
          return `That file cannot be read (${(error as NodeJS.ErrnoException).code}).`;
        }
      },
    }),
  );
  return taken(typed);
}

function takeLongText(typed: string, initial: string, question: Question, terminal: Terminal): string {
  if (typed === "") return initial;
  if (typed === "!" && editorCommand(terminal.env)) {
    return edit("", `${question.prompt} ${question.help}`, terminal.env) || initial;
  }
  if (/^@\S+$/.test(typed)) return readFileSync(resolve(terminal.cwd, typed.slice(1)), "utf8").trim();
  return typed;
}

function streams(terminal: Terminal) {
  return { input: terminal.stdin, output: terminal.stderr };
}

/** The question with its explanation below; the guide line at the left is drawn by us, since clack draws it only once. */
function withHelp(
  terminal: Terminal,
  { prompt, help }: Pick<Question, "prompt" | "help">,
  more: readonly string[] = [],
): string {
  const dim = (text: string) => styleText("dim", text, { stream: terminal.stderr });
  return [
    prompt,
    ...[help, ...more].filter((line) => line !== "").map((line) => `${dim(clack.S_BAR)}  ${dim(line)}`),
  ].join("\n");
}

function complaint(
  question: Pick<Question, "validate">,
  value: string,
  answers: Answers,
): string | undefined {
  const wrong = question.validate(value, answers);
  return wrong ? sentence(wrong) : undefined;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
