/** Asking a person at a terminal. Everything is drawn on stderr, so that stdout stays data. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as clack from "@clack/prompts";
import { HARDWARE_PRICE_PER_HOUR } from "../../template/schema/hardware.ts";
import type { Env } from "../terminal/detect.ts";
import { EXIT, interrupted, UserError } from "../terminal/errors.ts";
import { plural, sentence } from "../terminal/text.ts";
import { UNWRITTEN } from "../unwritten.ts";
import type { HourlyPrices } from "./costs.ts";
import { edit, editorCommand } from "./editor.ts";
import { choiceTexts, guided, promptText } from "./layout.ts";
import type { Answers, Choice, Question } from "./question.ts";
import { type Ask, refuseSecrets } from "./resolve.ts";

export interface Terminal {
  stdin: NodeJS.ReadStream;
  stderr: NodeJS.WriteStream;
  env: Env;
  cwd: string;
  /** What Ctrl-C means here. Nothing is done before the last question is answered. */
  interruption?: string;
}

/** What is known only while asking: today's prices, and the choices that go with them. */
export interface Live {
  choices?: readonly Choice[];
  prices?: HourlyPrices;
  /** Where they come from. */
  note?: string;
}
export type LiveFacts = (question: Question, answers: Answers) => Promise<Live>;

/** What a prompt needs to know of a question. */
export interface Prompt {
  prompt: string;
  /** Below the prompt, wrapped. */
  explanation?: readonly string[];
  validate: Question["validate"];
  optional?: boolean;
  /** Where the answer goes. */
  place?: string;
}

/** What a person types for "nothing" where Enter means something else. */
const NOTHING = "-";

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
          message: `The input ended before this was answered: ${prompt}`,
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

/** Asks the questions of the table. */
export function askAt(terminal: Terminal, liveFacts: LiveFacts = async () => ({})): Ask {
  return async (question, initial, answers) => {
    const live = await liveFacts(question, answers);
    const prompt: Prompt = {
      ...question,
      explanation: [
        explain(question, answers, live.prices ?? HARDWARE_PRICE_PER_HOUR),
        ...(live.note ? [live.note] : []),
      ],
    };
    if (question.kind === "select") {
      const choices = (live.choices ?? question.choices ?? []).filter(
        ({ value }) => question.validate(value, answers) === undefined,
      );
      return askChoice(terminal, prompt, initial, choices, answers);
    }
    return question.kind === "long"
      ? askLongText(terminal, prompt, initial, answers)
      : askText(terminal, prompt, initial, answers);
  };
}

function explain({ about, help }: Question, answers: Answers, prices: HourlyPrices): string {
  return about?.(answers, prices) ?? sentence(help);
}

/** One of a few; `initial` is under the cursor. What does not fit the other answers is asked again, with the reason. */
export async function askChoice(
  terminal: Terminal,
  { prompt, explanation = [], validate }: Prompt,
  initial: string,
  choices: readonly Choice[],
  answers: Answers = {},
): Promise<string> {
  for (;;) {
    const texts = choiceTexts(terminal, choices);
    // Once it is answered, the question and the choice are enough: explanations would only push the rest away.
    let settled = false;
    const settle = (_text: string, key?: { name?: string }) => {
      settled ||= key?.name === "return";
    };
    terminal.stdin.prependListener("keypress", settle);
    const value = await answered(
      terminal,
      prompt,
      clack.select<string>({
        ...streams(terminal),
        get message() {
          return promptText(terminal, prompt, settled ? [] : explanation, { guided: false });
        },
        options: choices.map((choice, index) => ({
          value: choice.value,
          get label() {
            return settled ? choice.label : (texts[index]?.text ?? choice.label);
          },
          ...(texts[index]?.hint ? { hint: texts[index].hint } : {}),
        })),
        initialValue: initial,
        maxItems: 14,
        showInstructions: false,
      }),
    ).finally(() => terminal.stdin.off("keypress", settle));
    const wrong = validate(value, answers);
    if (!wrong) return value;
    clack.log.warn(sentence(wrong), { output: terminal.stderr });
  }
}

export async function askText(
  terminal: Terminal,
  question: Prompt,
  initial: string,
  answers: Answers = {},
): Promise<string> {
  const meant = (typed: string | undefined) => {
    const text = (typed || initial).trim();
    return question.optional && text === NOTHING ? "" : text;
  };
  const canClear = question.optional === true && initial !== "";
  const explanation = [...(question.explanation ?? []), ...(canClear ? [`Type ${NOTHING} for none.`] : [])];
  let settled = false;
  const typed = await answered(
    terminal,
    question.prompt,
    clack.text({
      ...streams(terminal),
      get message() {
        return promptText(terminal, question.prompt, settled ? [] : [explanation.join(" ")], {
          guided: true,
        });
      },
      placeholder: initial,
      defaultValue: initial,
      // An empty field stands for the default that is shown in it.
      validate: (value) => {
        const wrong = complaint(question, meant(value), answers);
        settled = wrong === undefined;
        return wrong;
      },
    }),
  );
  return meant(typed);
}

/** Several lines; `@file` takes a file, `!` opens the editor, nothing leaves what is there. */
async function askLongText(
  terminal: Terminal,
  question: Prompt,
  initial: string,
  answers: Answers,
): Promise<string> {
  const editor = editorCommand(terminal.env);
  const ways = [
    "Enter twice when done",
    "@file takes a file",
    ...(editor ? [`! opens ${editor.split(" ")[0]}`] : []),
    isUnwritten(initial) ? "nothing: write it later" : "nothing: as it is",
  ].join("; ");
  let draft = isUnwritten(initial) ? "" : initial;
  for (;;) {
    const typed = await askLines(terminal, question, ways, (text) => {
      if (text === "!" && editor) return undefined;
      const taken = takeFile(text, terminal);
      return "wrong" in taken ? taken.wrong : complaint(question, taken.text || initial, answers);
    });
    if (typed !== "!" || !editor) {
      const taken = takeFile(typed, terminal);
      if ("wrong" in taken || taken.text === "") {
        if (isUnwritten(initial)) say(terminal, `Left for later: ${question.place}`);
        return initial;
      }
      if (taken.text !== typed)
        say(terminal, `Took ${plural(taken.text.split("\n").length, "line")} from ${typed.slice(1)}.`);
      return taken.text;
    }
    const edited = editDraft(terminal, question, draft);
    if ("text" in edited) {
      draft = edited.text;
      const wrong = complaint(question, draft || initial, answers);
      if (wrong === undefined) {
        say(
          terminal,
          draft === ""
            ? "Nothing was written."
            : `Took ${plural(draft.split("\n").length, "line")} from the editor.`,
        );
        return draft || initial;
      }
      clack.log.warn(wrong, { output: terminal.stderr });
    } else clack.log.warn(edited.wrong, { output: terminal.stderr });
  }
}

async function askLines(
  terminal: Terminal,
  { prompt, explanation = [] }: Prompt,
  ways: string,
  check: (text: string) => string | undefined,
): Promise<string> {
  let settled = false;
  const typed = await answered(
    terminal,
    prompt,
    clack.multiline({
      ...streams(terminal),
      get message() {
        return promptText(terminal, prompt, settled ? [] : [...explanation, ways], { guided: true });
      },
      placeholder: "",
      defaultValue: "",
      validate: (value) => {
        const wrong = check((value ?? "").trim());
        settled = wrong === undefined;
        return wrong;
      },
    }),
  );
  return typed.trim();
}

/** `@goal.md` as the text of that file; any other text as it is. */
function takeFile(typed: string, { cwd }: Terminal): { text: string } | { wrong: string } {
  if (!/^@\S+$/.test(typed)) return { text: typed };
  try {
    return { text: readFileSync(resolve(cwd, typed.slice(1)), "utf8").trim() };
  } catch (error) {
    return { wrong: `${typed.slice(1)} cannot be read (${(error as NodeJS.ErrnoException).code}).` };
  }
}

/** An editor that fails costs no answer: the question is asked again. */
function editDraft(
  { env }: Terminal,
  { prompt, explanation = [] }: Prompt,
  draft: string,
): { text: string } | { wrong: string } {
  try {
    return { text: edit(draft, [prompt, ...explanation].join(" "), env) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { wrong: `${error.message} ${error.fix ?? ""}` };
  }
}

const isUnwritten = (text: string) => text.startsWith(UNWRITTEN);

function say(terminal: Terminal, line: string): void {
  terminal.stderr.write(guided(terminal, [line]).slice(guided(terminal, []).length));
}

function streams(terminal: Terminal) {
  return { input: terminal.stdin, output: terminal.stderr };
}

function complaint(question: Prompt, value: string, answers: Answers): string | undefined {
  const wrong = refuseSecrets(value) ?? question.validate(value, answers);
  return wrong ? sentence(wrong) : undefined;
}
