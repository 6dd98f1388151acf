/** `hub exec -- command`: a hub for as long as one command runs. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Command } from "commander";
import { startLocalHub } from "../../local-hub/server.ts";
import { CommandEnded, UserError } from "../../terminal/errors.ts";
import type { Cli } from "../index.ts";
import { explainStartError, type HubFlags, hubOptionsOf } from "./options.ts";

/** Signals are the command's business; the hub goes when the command has. */
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function execWithHub(
  words: readonly string[],
  flags: HubFlags & { as: string },
  sub: Command,
  cli: Cli,
): Promise<void> {
  const isGiven = (option: string) => sub.parent?.getOptionValueSource(option) === "cli";
  const options = hubOptionsOf({ ...flags, port: isGiven("port") ? flags.port : "0" }, cli.cwd);
  const dataDir = isGiven("data") ? options.dataDir : undefined;
  const hub = await startLocalHub({ ...options, dataDir }).catch((error: unknown) => {
    throw explainStartError(error);
  });
  try {
    const code = await runCommand(
      words,
      {
        ...cli.env,
        HF_ENDPOINT: hub.url,
        HF_TOKEN: tokenOf(hub.context.accounts, flags.as),
        NO_PROXY: [cli.env.NO_PROXY, "127.0.0.1,localhost"].filter(Boolean).join(","),
      },
      cli,
    );
    if (code !== 0) throw new CommandEnded(code);
  } finally {
    await hub.close();
  }
}

function tokenOf(accounts: { tokenOf(user: string): string }, user: string) {
  try {
    return accounts.tokenOf(user);
  } catch (cause) {
    throw new UserError({
      code: "no_such_user",
      message: `The local hub has no user ${user}.`,
      fix: "Seeded users: organizer, ada, bob, cy.",
      cause,
    });
  }
}

function runCommand(words: readonly string[], env: NodeJS.ProcessEnv, cli: Cli): Promise<number> {
  const [program = "", ...args] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: cli.cwd, env, stdio: "inherit" });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    for (const signal of PASSED_ON) process.on(signal, forward);
    const settle = () => {
      for (const signal of PASSED_ON) process.off(signal, forward);
    };
    child.once("error", (cause) => {
      settle();
      reject(
        new UserError({
          code: "command_not_started",
          message: `Cannot run ${program}: ${cause.message}.`,
          cause,
        }),
      );
    });
    child.once("exit", (code, signal) => {
      settle();
      // As a shell tells it: 128 and the number of the signal.
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
