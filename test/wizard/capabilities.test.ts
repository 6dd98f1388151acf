import { Command } from "commander";
import { expect, test } from "vitest";
import { type Cli, COMMANDS } from "../../wizard/commands/index.ts";
import { QUESTIONS } from "../../wizard/questions/table.ts";
import { ENVIRONMENT } from "../../wizard/terminal/environment.ts";
import { EXIT } from "../../wizard/terminal/errors.ts";
import { runCli } from "../support/cli.ts";

test("capabilities --json is what the parser takes, no more and no less", async () => {
  const { stdout, code } = await runCli(["capabilities", "--json"]);
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ ok: true, schema_version: 1, exit_codes: EXIT, environment: ENVIRONMENT });
  expect(document.commands.map(({ name }: { name: string }) => name)).toEqual(
    COMMANDS.map(({ name }) => name),
  );
  for (const { name, load } of COMMANDS) {
    const command = new Command(name);
    (await load()).register(command, {} as Cli);
    const described = document.commands.find((entry: { name: string }) => entry.name === name);
    expect(described.options.map(({ flags }: { flags: string }) => flags)).toEqual(
      command.options.map(({ flags }) => flags),
    );
    expect(described.subcommands).toHaveLength(command.commands.length);
  }
  for (const { id, flag } of QUESTIONS) {
    expect(document.questions).toContainEqual(expect.objectContaining({ id, flag: `--${flag}` }));
  }
});
