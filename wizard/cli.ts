/** From the command line to a command, and from its outcome to an exit code. Commands: `commands/index.ts`. */
import { Command, CommanderError } from "commander";
import { closest } from "../template/schema/suggest.ts";
import { type Cli, COMMANDS, type CommandEntry } from "./commands/index.ts";
import { packageVersion } from "./package-root.ts";
import { canPrompt, type Env } from "./terminal/detect.ts";
import { CommandEnded, EXIT, type UserError, usageError } from "./terminal/errors.ts";
import { GLOBAL_OPTIONS, type GlobalOptions, readGlobalOptions } from "./terminal/globals.ts";
import { createOutput, resolveMode } from "./terminal/output.ts";
import { printError } from "./terminal/report-error.ts";

export interface CliIo {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: Env;
  cwd: string;
}

const EXIT_CODES_HELP = "\nExit codes: 0 done, 1 failed, 2 wrong usage, 4 input needed, 130 interrupted";

/**
 * Runs one command line and returns its exit code. Never throws and never ends the process.
 *
 * @example const code = await runCli(["check", "my-collab", "--json"], io);
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let globals: GlobalOptions = { format: "auto", debug: false, interactive: undefined };
  try {
    globals = readGlobalOptions(argv, io.env);
    await run(argv, io, globals);
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    if (error instanceof CommandEnded) return error.exitCode;
    const mode = resolveMode(globals.format, io.env);
    const { paintNote } = createOutput({ mode, ...io });
    const paint = (text: string) => paintNote(["red", "bold"], text);
    return printError(asUsageError(error), { ...io, mode, debug: globals.debug, paint });
  }
}

async function run(argv: readonly string[], io: CliIo, globals: GlobalOptions): Promise<void> {
  const out = createOutput({ mode: resolveMode(globals.format, io.env), ...io });
  const cli: Cli = {
    out,
    env: io.env,
    cwd: io.cwd,
    stdin: io.stdin,
    stderr: io.stderr,
    interactive: canPrompt({
      forced: globals.interactive,
      stdinIsTerminal: io.stdin.isTTY === true,
      stderrIsTerminal: io.stderr.isTTY === true,
      env: io.env,
    }),
    debug: globals.debug,
    run: (next) => runCli(next, io),
    programName: io.env.AGENT_COLLAB_PROGRAM ?? "agent-collab",
  };
  const program = await buildProgram(argv, cli, io);
  await program.parseAsync([...argv], { from: "user" });
}

/** The parser, with every command named but only the wanted ones loaded. */
export async function buildProgram(argv: readonly string[], cli: Cli, io: CliIo): Promise<Command> {
  const program = new Command("agent-collab")
    .description(
      "Start and run an agent collab: many AI agents and humans on one hard problem, on Hugging Face.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .showSuggestionAfterError(true)
    .addHelpText("after", `\nExample:\n  agent-collab create my-collab --yes && agent-collab dev my-collab`);
  configure(program, io);
  const wanted = argv.find((word) => COMMANDS.some(({ name }) => name === word));
  for (const entry of COMMANDS) await addCommand(program, entry, cli, io, entry.name === wanted);
  program.action(() => {
    const [word] = program.args;
    if (word !== undefined) throw unknownCommand(word);
    io.stderr.write(program.helpInformation());
    throw usageError("No command was given.", "Name one of the commands above.");
  });
  return program;
}

async function addCommand(program: Command, entry: CommandEntry, cli: Cli, io: CliIo, load: boolean) {
  const command = program.command(entry.name).description(entry.summary);
  configure(command, io);
  if (load) (await entry.load()).register(command, cli);
}

/** Help, errors and the options all commands share. The errors of the parser are thrown, and printed by `runCli`. */
function configure(command: Command, io: CliIo): void {
  command
    .exitOverride()
    .helpOption("-h, --help", "print this help")
    .allowExcessArguments(command.parent === null)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(110, io.stdout.columns ?? 110),
    })
    .addHelpText("after", EXIT_CODES_HELP);
  if (command.parent === null) {
    command.helpCommand(false);
    for (const { flags, description } of GLOBAL_OPTIONS) command.option(flags, description);
  }
}

function unknownCommand(word: string): UserError {
  const names = COMMANDS.map(({ name }) => name);
  const suggestion = closest(word, names);
  return usageError(
    `There is no command ${word}.`,
    suggestion ? `Did you mean ${suggestion}?` : `Commands: ${names.join(", ")}.`,
  );
}

/** The parser's complaint (`error: unknown option '--x'\n(Did you mean --y?)`) as a message and its fix. */
function asUsageError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [message = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const hint = rest.join(" ").replace(/^\((.*)\)$/, "$1");
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  return usageError(/[.!?]$/.test(sentence) ? sentence : `${sentence}.`, hint || "See --help.");
}

/** The entry: runs one command line in this process and ends it. The only place that does. */
export async function main(argv: readonly string[]): Promise<void> {
  const { stdin, stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // The reader of a pipe (`| head`) may leave early; that is no failure of ours.
      process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.failed);
    });
  }
  const code = await runCli(argv, { stdin, stdout, stderr, env, cwd: process.cwd() });
  // Idle keep-alive connections would hold the process for seconds; everything of ours has ended here.
  stdout.write("", () => process.exit(code));
}

if (import.meta.main) await main(process.argv.slice(2));
