/** `agent-collab create [dir]`: a new collab directory from flags, an answers file, an example or questions. */
import { create } from "../create/create.ts";
import { type CreateOptions, readInputs } from "../create/inputs.ts";
import { GIT, NEXT, OVERWRITE, START } from "../questions/steps.ts";
import { QUESTIONS } from "../questions/table.ts";
import type { RegisterCommand } from "./index.ts";

const HELP_EXAMPLE = `
Example:
  agent-collab create my-collab --title "Faster sorting" --goal "Sort 10 million integers." --org my-org --yes`;

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "folder to make the collab in")
    // One line less: the summary says it.
    .configureHelp({ showGlobalOptions: true, visibleArguments: () => [] })
    .option("--example <name>", "start from an example of this package")
    .option("--from <file>", "start from a challenge.yaml of huggingface/agent-collabs")
    .option("--config <file>", "answers from a YAML or JSON file, by question; - is standard input")
    .option("-y, --yes", "take the default for every question that is left")
    .option("--dry-run", "say what would be written, write nothing")
    .option("-f, --force", "same as --overwrite merge");
  for (const { flag, placeholder, help, choices } of [START, OVERWRITE, GIT, NEXT]) {
    command.option(
      `--${flag} <${placeholder}>`,
      describe(
        help,
        choices?.map(({ value }) => value),
      ),
    );
  }
  for (const { flag, placeholder, help, kind, choices } of QUESTIONS) {
    const values = choices && choices.length <= 5 ? choices.map(({ value }) => value) : undefined;
    command.option(
      `--${flag} <${placeholder}>`,
      describe(kind === "long" ? `${help}; text or @file` : help, values),
    );
  }
  command
    .addHelpText("after", HELP_EXAMPLE)
    .action(async (dir: string | undefined, options: CreateOptions) => {
      await create({ dir, options, inputs: await readInputs(options, command, cli), cli });
    });
};

function describe(help: string, values: readonly string[] | undefined): string {
  return values ? `${help} (${values.join(", ")})` : help;
}
