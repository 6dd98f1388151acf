/** Asking a person at a terminal. Everything is drawn on stderr, so that stdout stays data. */
import * as clack from "@clack/prompts";
import { interrupted } from "../terminal/errors.ts";
import type { Choice, Question } from "./question.ts";
import type { Ask } from "./resolve.ts";

export interface Terminal {
  stdin: NodeJS.ReadStream;
  stderr: NodeJS.WriteStream;
}

/** Nothing is written before the last question is answered, so Ctrl-C loses nothing. */
function orInterrupted(value: string | symbol): string {
  if (typeof value === "symbol") throw interrupted("Interrupted. Nothing was created.");
  return value;
}

export function askAt(terminal: Terminal): Ask {
  const io = { input: terminal.stdin, output: terminal.stderr };
  return async (question, initial, answers) => {
    const message = `${question.prompt}\n${question.help}`;
    if (question.kind === "select") return askChoice(terminal, message, question.choices ?? [], initial);
    const options = {
      ...io,
      message,
      placeholder: initial.split("\n")[0] ?? "",
      defaultValue: initial,
      // An empty field stands for the default that is shown in it.
      validate: (value: string | undefined) => {
        const wrong = question.validate((value || initial).trim(), answers);
        return wrong ? sentence(wrong) : undefined;
      },
    };
    const typed = orInterrupted(
      await (question.kind === "long" ? clack.multiline(options) : clack.text(options)),
    );
    return typed || initial;
  };
}

/** One of a few; `initial` is under the cursor. */
export async function askChoice(
  terminal: Terminal,
  message: string,
  choices: readonly Choice[],
  initial: string,
): Promise<string> {
  return orInterrupted(
    await clack.select<string>({
      input: terminal.stdin,
      output: terminal.stderr,
      message,
      options: choices.map(({ value, label, hint }) => ({ value, label, ...(hint ? { hint } : {}) })),
      initialValue: initial,
      maxItems: 12,
    }),
  );
}

/** Free text outside the table, such as the folder. */
export async function askText(
  terminal: Terminal,
  options: Pick<Question, "prompt" | "help"> & {
    initial: string;
    validate?: (value: string) => string | undefined;
  },
): Promise<string> {
  const typed = orInterrupted(
    await clack.text({
      input: terminal.stdin,
      output: terminal.stderr,
      message: `${options.prompt}\n${options.help}`,
      placeholder: options.initial,
      defaultValue: options.initial,
      validate: (value) => options.validate?.((value || options.initial).trim()),
    }),
  );
  return (typed || options.initial).trim();
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
