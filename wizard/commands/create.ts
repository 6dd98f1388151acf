/** `agent-collab create [dir]`: a new collab directory from flags, an answers file or questions. */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type Command, Option } from "commander";
import { readAnswersFile } from "../questions/answers-file.ts";
import type { Answers } from "../questions/question.ts";
import { type ResolveOptions, resolveAnswers } from "../questions/resolve.ts";
import { QUESTIONS } from "../questions/table.ts";
import { planFromAnswers, planFromExample, type ScaffoldPlan } from "../scaffold/plan.ts";
import { inspectTarget, isHarmless, OVERWRITE_CHOICES, type Overwrite } from "../scaffold/target.ts";
import { writeDirectory } from "../scaffold/write-directory.ts";
import { EXIT, UserError, usageError } from "../terminal/errors.ts";
import { packageManager, runScript } from "../terminal/package-manager.ts";
import { plural, shellWord } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface CreateOptions {
  example?: string;
  config?: string;
  yes?: boolean;
  dryRun?: boolean;
  overwrite: Overwrite;
  force?: boolean;
  [answer: string]: unknown;
}

const DEFAULT_DIRECTORY = "my-collab";

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "folder to make the collab in")
    .option("--example <name>", "start from an example of this package")
    .option("--config <file>", "take answers from a YAML or JSON file, by question; - is standard input")
    .option("-y, --yes", "take the default for every question that is left")
    .option("--dry-run", "say what would be written, write nothing")
    .addOption(
      new Option("--overwrite <how>", "what to do if the folder is not empty")
        .choices(OVERWRITE_CHOICES.map(({ value }) => value))
        .default("abort"),
    )
    .option("-f, --force", "same as --overwrite merge");
  for (const { flag, placeholder, help, kind, choices } of QUESTIONS) {
    const allowed =
      choices && choices.length <= 5 ? ` (${choices.map(({ value }) => value).join(", ")})` : "";
    command.option(
      `--${flag} <${placeholder}>`,
      `${help}${allowed}${kind === "long" ? "; @file reads a file" : ""}`,
    );
  }
  command
    .addHelpText("after", EXAMPLE)
    .action((dir: string | undefined, options: CreateOptions) => create(dir, options, command, cli));
};

const EXAMPLE = `
Example:
  agent-collab create my-collab --title "Faster sorting" --org my-org --goal "Sort 10 million integers faster." \\
    --score seconds --unit s --direction lower --yes`;

async function create(
  dir: string | undefined,
  options: CreateOptions,
  command: Command,
  cli: Cli,
): Promise<void> {
  const given = { ...(await fromFile(options.config, cli)), ...(await fromFlags(command, cli)) };
  const directory = await chooseDirectory(dir, options, cli);
  const target = resolve(cli.cwd, directory);
  const plan =
    options.example === undefined
      ? await planFromAnswers(
          directory,
          await resolveAnswers({ given, directory: basename(target), rest: await whoAnswers(options, cli) }),
        )
      : await planFromExample(directory, options.example, given);
  const overwrite = options.force ? "merge" : options.overwrite;
  const state = await inspectTarget(
    target,
    plan.files.map(({ path }) => path),
  );
  if (overwrite === "abort" && state.occupied.length > 0) throw notEmpty(directory, state);
  const kept = overwrite === "abort" ? state.conflicts.filter(isHarmless) : [];
  const files = plan.files.filter(({ path }) => !kept.includes(path));
  if (!options.dryRun) await writeDirectory(target, files, { removeRest: overwrite === "replace" });
  report(
    { directory, target, plan, kept, files: files.map(({ path }) => path), dryRun: options.dryRun === true },
    cli,
  );
}

async function whoAnswers(options: CreateOptions, cli: Cli): Promise<ResolveOptions["rest"]> {
  if (options.yes) return { by: "defaults" };
  if (!cli.interactive) return { by: "nobody" };
  const { askAt } = await import("../questions/ask.ts");
  return { by: "person", ask: askAt(cli) };
}

async function chooseDirectory(dir: string | undefined, options: CreateOptions, cli: Cli): Promise<string> {
  if (dir !== undefined && dir.trim() !== "") return dir;
  if (options.yes) return DEFAULT_DIRECTORY;
  if (cli.interactive) {
    const { askText } = await import("../questions/ask.ts");
    return askText(cli, {
      prompt: "Where should it be made?",
      help: "a new folder",
      initial: DEFAULT_DIRECTORY,
    });
  }
  throw new UserError({
    code: "input_needed",
    message: "Nobody is here to answer: Where should it be made?",
    fix: `Name a folder: ${cli.programName} create ${DEFAULT_DIRECTORY}. Nothing was created.`,
    exitCode: EXIT.inputNeeded,
    data: { missing: [{ id: "directory", flag: "[dir]" }] },
  });
}

async function fromFile(config: string | undefined, cli: Cli): Promise<Answers> {
  return config === undefined ? {} : readAnswersFile(config, cli);
}

/** Only flags that were typed. `--goal @goal.md` reads the file. */
async function fromFlags(command: Command, cli: Cli): Promise<Answers> {
  const answers: Record<string, string> = {};
  for (const { id, flag, kind } of QUESTIONS) {
    const name = flag.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
    const value: unknown = command.getOptionValue(name);
    if (typeof value !== "string") continue;
    answers[id] =
      kind === "long" && value.startsWith("@") ? await fileText(value.slice(1), flag, cli) : value;
  }
  return answers;
}

async function fileText(path: string, flag: string, cli: Cli): Promise<string> {
  try {
    return await readFile(resolve(cli.cwd, path), "utf8");
  } catch (error) {
    throw usageError(
      `--${flag} @${path}: the file cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}

function notEmpty(directory: string, state: { occupied: string[]; conflicts: string[] }): UserError {
  const listed = state.occupied.slice(0, 20);
  const more = state.occupied.length - listed.length;
  return new UserError({
    code: "not_empty",
    message: [
      `The folder ${directory} is not empty:`,
      ...listed.map((name) => `  ${name}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join("\n"),
    fix: "Choose another folder, or --overwrite merge (keeps other files) or --overwrite replace (keeps only .git). Nothing was created.",
    data: { occupied: state.occupied, conflicts: state.conflicts },
  });
}

interface Outcome {
  directory: string;
  target: string;
  plan: ScaffoldPlan;
  files: string[];
  kept: string[];
  dryRun: boolean;
}

function report({ directory, target, plan, files, kept, dryRun }: Outcome, cli: Cli): void {
  const manager = packageManager(cli.env, target);
  const next = [
    `cd ${shellWord(directory)}`,
    `${manager} install`,
    runScript(manager, "dev"),
    runScript(manager, "deploy", "--dry-run"),
  ];
  const title = dryRun
    ? `Would write ${plural(files.length, "file")} to ${directory}:`
    : `Made ${directory} (${plural(files.length, "file")}).`;
  const lines = [
    dryRun ? title : cli.out.paint("green", title),
    ...(dryRun ? files.map((path) => `  ${path}`) : []),
    ...kept.map((path) => `Kept your own ${path}.`),
    ...(dryRun ? [] : ["", "Next:", ...next.map((command, index) => `  ${index + 1}. ${command}`)]),
    "",
    "To make the same again:",
    `  ${plan.replay}`,
  ];
  cli.out.result({
    json: { dir: target, created: !dryRun, dry_run: dryRun, files, kept, replay: plan.replay, next },
    human: lines.join("\n"),
    quiet: target,
  });
}
