/** From what was given (flags, answers file) to an answer for every question. */
import { maskSecrets } from "../../template/schema/secrets.ts";
import { closest } from "../../template/schema/suggest.ts";
import { EXIT, UserError, usageError } from "../terminal/errors.ts";
import { type Answers, answer, type Question } from "./question.ts";
import { QUESTIONS } from "./table.ts";

/** Asks a person; throws `interrupted` on Ctrl-C. `initial` is what Enter gives. */
export type Ask = (question: Question, initial: string, answers: Answers) => Promise<string>;

/** `only`: the questions a person is asked; the others take their default. */
export type Rest =
  | { by: "person"; ask: Ask; only?: readonly string[] }
  | { by: "defaults" }
  | { by: "nobody" };

export interface ResolveOptions {
  /** By question id. Validated like typed answers. */
  given: Answers;
  /** Name of the target folder, from which title and short name are guessed. */
  directory: string;
  /** Who answers the rest: a person, the defaults (--yes), or nobody. */
  rest: Rest;
}

/** Every question's answer, in the order of the table; "" where a question does not apply. */
export async function resolveAnswers({ given, directory, rest }: ResolveOptions): Promise<Answers> {
  refuseUnknown(given);
  const answers: Record<string, string> = { directory };
  const invalid: string[] = [];
  const missing: Question[] = [];
  for (const question of QUESTIONS) {
    const { id, flag } = question;
    const applies = question.when?.(answers) ?? true;
    const value = given[id];
    if (!applies) {
      if (value) invalid.push(`--${flag} does not apply to these answers`);
      answers[id] = "";
      continue;
    }
    if (value === undefined && rest.by === "nobody" && question.unattended === undefined) {
      missing.push(question);
      answers[id] = question.initial(answers);
      continue;
    }
    const chosen = value ?? (await answerFor(question, answers, rest));
    answers[id] = chosen.trim();
    const wrong = refuseSecrets(answers[id]) ?? question.validate(answers[id], answers);
    if (wrong)
      invalid.push(
        `--${flag} ${wrong}${value === undefined ? "" : `; it is ${JSON.stringify(shorten(value))}`}`,
      );
  }
  if (invalid.length > 0)
    throw usageError(`${invalid.join("\n")}`, "See `create --help`. Nothing was created.");
  if (missing.length > 0) throw missingAnswers(missing);
  return answers;
}

/**
 * Asks for one answer again, and for what its change makes necessary: questions that apply only now, and answers that do
 * not fit any more. All others stay.
 */
export async function reviseAnswer(id: string, before: Answers, ask: Ask): Promise<Answers> {
  const answers: Record<string, string> = { directory: answer(before, "directory") };
  for (const question of QUESTIONS) {
    const applied = question.when?.(before) ?? true;
    if (!(question.when?.(answers) ?? true)) {
      answers[question.id] = "";
      continue;
    }
    const value = answer(before, question.id);
    const stays = applied && question.id !== id && question.validate(value, answers) === undefined;
    const initial = applied && question.id === id ? value : question.initial(answers);
    answers[question.id] = stays ? value : (await ask(question, initial, answers)).trim();
  }
  return answers;
}

async function answerFor(question: Question, answers: Answers, rest: Rest): Promise<string> {
  const initial = question.initial(answers);
  if (rest.by === "nobody") return question.unattended?.(answers) ?? initial;
  const asked = rest.by === "person" && (rest.only?.includes(question.id) ?? true);
  return asked ? rest.ask(question, initial, answers) : initial;
}

/** An answer ends up in files that are published, and in the command that makes them again. */
export function refuseSecrets(value: string): string | undefined {
  return maskSecrets(value) === value
    ? undefined
    : "holds what looks like a token; tokens belong into `hf auth login` or HF_TOKEN";
}

function refuseUnknown(given: Answers): void {
  const known = QUESTIONS.map(({ id }) => id);
  for (const id of Object.keys(given)) {
    if (known.includes(id)) continue;
    const suggestion = closest(id, known);
    throw usageError(
      `There is no question ${JSON.stringify(shorten(id))}.`,
      suggestion ? `Did you mean ${suggestion}?` : `Questions: ${known.join(", ")}.`,
    );
  }
}

function missingAnswers(missing: readonly Question[]): UserError {
  const lines = missing.map(({ prompt, flag, placeholder }) => `  --${flag} <${placeholder}>  ${prompt}`);
  return new UserError({
    code: "input_needed",
    message: `Nobody is here to answer, and these have no safe default:\n${lines.join("\n")}`,
    fix: "Give these flags, or --yes to take every default. Nothing was created.",
    exitCode: EXIT.inputNeeded,
    data: {
      status: "action_required",
      reason: "missing_answers",
      human: missing.map(({ prompt, help }) => `${prompt} (${help})`).join("\n"),
      missing: missing.map(({ id, flag, prompt, help }) => ({ id, flag: `--${flag}`, prompt, help })),
    },
  });
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
