/** `agent-collab capabilities`: everything this command line can do, as data, read from the parser itself. */
import { Command, type Option } from "commander";
import { packageVersion } from "../package-root.ts";
import type { Question } from "../questions/question.ts";
import { STEPS } from "../questions/steps.ts";
import { QUESTIONS } from "../questions/table.ts";
import { ENVIRONMENT } from "../terminal/environment.ts";
import { EXIT } from "../terminal/errors.ts";
import { GLOBAL_OPTIONS } from "../terminal/globals.ts";
import { padEnd } from "../terminal/text.ts";
import { type Cli, COMMANDS, type RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  command.addHelpText("after", "\nExample:\n  agent-collab capabilities --json").action(async () => {
    const commands = await describeCommands(cli);
    cli.out.result({
      json: {
        version: packageVersion(),
        commands,
        global_options: GLOBAL_OPTIONS.map(({ flags, description }) => ({ flags, description })),
        questions: [...QUESTIONS, ...STEPS].map(describeQuestion),
        environment: ENVIRONMENT,
        exit_codes: EXIT,
      },
      agent: commands.map(({ name, summary }) => `${padEnd(name, 14)}${summary}`).join("\n"),
      quiet: commands.map(({ name }) => name).join("\n"),
    });
  });
};

async function describeCommands(cli: Cli) {
  return Promise.all(
    COMMANDS.map(async ({ name, summary, load }) => {
      const command = new Command(name);
      (await load()).register(command, cli);
      return describeCommand(command, summary);
    }),
  );
}

interface CommandDescription {
  name: string;
  summary: string;
  arguments: { name: string; required: boolean; description: string; default: unknown }[];
  options: ReturnType<typeof describeOption>[];
  subcommands: CommandDescription[];
}

function describeCommand(command: Command, summary: string): CommandDescription {
  return {
    name: command.name(),
    summary,
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      required: argument.required,
      description: argument.description,
      default: argument.defaultValue ?? null,
    })),
    options: command.options.map(describeOption),
    subcommands: command.commands.map((inner) => describeCommand(inner, inner.description())),
  };
}

function describeOption(option: Option) {
  const question = [...QUESTIONS, ...STEPS].find(({ flag }) => `--${flag}` === option.long);
  return {
    flags: option.flags,
    type: option.isBoolean() ? "boolean" : "string",
    description: option.description,
    choices: option.argChoices ?? question?.choices?.map(({ value }) => value) ?? null,
    default: option.defaultValue ?? null,
    question: question?.id ?? null,
  };
}

function describeQuestion({ id, flag, prompt, help, kind, choices, unattended, initial, place }: Question) {
  const example = {
    directory: "my-collab",
    title: "My collab",
    slug: "my-collab",
    org: "my-collab",
    flavour: "score",
  };
  return {
    id,
    flag: `--${flag}`,
    prompt,
    help,
    kind,
    choices: choices?.map(({ value, label, hint }) => ({ value, label, hint: hint ?? null })) ?? null,
    /** For a folder named my-collab. */
    default: initial(example),
    /** `null`: must be given when nobody is there to ask. */
    unattended_default: unattended?.(example) ?? null,
    place: place || null,
  };
}
