import type { Command } from "commander";
import { hubStatus, startInBackground, stopHub } from "./hub/background.ts";
import { execWithHub } from "./hub/exec.ts";
import { addHubFaults } from "./hub/faults.ts";
import { addHubOptions, DEFAULT_PORT, type HubFlags } from "./hub/options.ts";
import { runHub } from "./hub/run.ts";
import { resetHub, restoreHub, snapshotHub } from "./hub/state.ts";
import { addHubUsers } from "./hub/users.ts";
import type { RegisterCommand } from "./index.ts";

/** The options are declared on `hub` itself and hold for all its subcommands, before or after their name. */
export const register: RegisterCommand = (command, cli) => {
  const flagsOf = <Own>(sub: Command) => sub.optsWithGlobals<HubFlags & Own>();
  addHubOptions(command, { port: DEFAULT_PORT })
    .addHelpText(
      "after",
      "\nExample:\n  agent-collab hub start --data ./hub-data && agent-collab hub status --data ./hub-data",
    )
    .action((flags: HubFlags) => runHub(flags, cli));

  command
    .command("start")
    .description("start the hub in the background")
    .action((_, sub: Command) => startInBackground(flagsOf(sub), cli));
  command
    .command("status")
    .description("say whether a hub runs on the folder, and where")
    .action((_, sub: Command) => hubStatus(flagsOf(sub), cli));
  command
    .command("stop")
    .description("stop the hub that runs on the folder")
    .action((_, sub: Command) => stopHub(flagsOf(sub), cli));
  command
    .command("reset")
    .description("throw everything away and begin with the seeded accounts")
    .option("--yes", "do not ask")
    .action((_, sub: Command) => resetHub(flagsOf<{ yes?: boolean }>(sub), cli));
  command
    .command("snapshot")
    .description("keep a copy of everything under a name; without a name, list them")
    .argument("[name]", "name of the snapshot")
    .action((name: string | undefined, _, sub: Command) => snapshotHub(name, flagsOf(sub), cli));
  command
    .command("restore")
    .description("go back to a snapshot; what came after it is lost")
    .argument("<name>", "name of the snapshot")
    .option("--yes", "do not ask")
    .action((name: string, _, sub: Command) => restoreHub(name, flagsOf<{ yes?: boolean }>(sub), cli));
  command
    .command("exec")
    .description("run a command with HF_ENDPOINT and HF_TOKEN of a fresh hub, and end with its exit code")
    .argument("<command...>", "the command, after --")
    .option("--as <user>", "whose token the command gets", "organizer")
    .addHelpText("after", "\nExample:\n  agent-collab hub exec --as ada -- hf auth whoami")
    .action((words: string[], _, sub: Command) => execWithHub(words, flagsOf<{ as: string }>(sub), sub, cli));
  addHubUsers(command, flagsOf, cli);
  addHubFaults(command, flagsOf, cli);
};
