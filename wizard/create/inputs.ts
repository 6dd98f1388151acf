/** What `create` was given on its command line. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Cli } from "../commands/index.ts";
import type { Answers } from "../questions/question.ts";
import { STEPS } from "../questions/steps.ts";
import { QUESTIONS } from "../questions/table.ts";
import type { Converted } from "../scaffold/from-challenge.ts";
import type { Overwrite } from "../scaffold/target.ts";
import { usageError } from "../terminal/errors.ts";

/** Options that are no answers; those of `STEPS` among them. */
export interface CreateOptions {
  start?: string;
  example?: string;
  from?: string;
  config?: string;
  yes?: boolean;
  dryRun?: boolean;
  overwrite?: Overwrite;
  force?: boolean;
  git?: string;
  next?: string;
}

export interface Inputs {
  /** Answers by question id; flags win over the answers file, which wins over challenge.yaml. */
  given: Answers;
  converted: Converted | undefined;
}

export async function readInputs(options: CreateOptions, command: Command, cli: Cli): Promise<Inputs> {
  checkSteps(options);
  const converted = options.from === undefined ? undefined : await readFrom(options.from, cli);
  const fromFile = options.config === undefined ? {} : await readConfig(options.config, cli);
  const flags = await fromFlags(command, cli);
  return { given: { ...converted?.answers, ...fromFile, ...flags }, converted };
}

// What reads YAML is loaded when there is some to read: the first question comes sooner without it.
async function readFrom(file: string, cli: Cli): Promise<Converted> {
  const { readChallenge } = await import("../scaffold/from-challenge.ts");
  return readChallenge(file, cli.cwd);
}

async function readConfig(source: string, cli: Cli): Promise<Answers> {
  const { readAnswersFile } = await import("../questions/answers-file.ts");
  return readAnswersFile(source, cli);
}

function checkSteps(options: CreateOptions): void {
  for (const { id, flag, validate, choices } of STEPS) {
    const value: unknown = options[id as keyof CreateOptions];
    if (typeof value !== "string" || !choices) continue;
    const wrong = validate(value, {});
    if (wrong)
      throw usageError(`--${flag} ${wrong}; it is ${JSON.stringify(value)}.`, "Nothing was created.");
  }
  const starts = [options.example, options.start].filter((start) => start !== undefined);
  if (starts.length > 1)
    throw usageError("--example is the same as --start with its name.", "Give one of them.");
  if (options.example !== undefined && options.from !== undefined) {
    throw usageError("--example and --from are two places to start from.", "Give one of them.");
  }
}

/** Only flags that were typed. `--goal @goal.md` reads the file. */
async function fromFlags(command: Command, cli: Cli): Promise<Answers> {
  const answers: Record<string, string> = {};
  for (const { id, flag, kind } of QUESTIONS) {
    const name = flag.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
    const value: unknown = command.getOptionValue(name);
    if (typeof value !== "string") continue;
    answers[id] = kind === "long" && /^@\S+$/.test(value) ? await fileText(value.slice(1), flag, cli) : value;
  }
  return answers;
}

async function fileText(path: string, flag: string, cli: Cli): Promise<string> {
  try {
    return await readFile(resolve(cli.cwd, path), "utf8");
  } catch (error) {
    throw usageError(
      `--${flag} @${path}: the file cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      "Nothing was created.",
    );
  }
}
