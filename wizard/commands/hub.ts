import { addHubOptions, DEFAULT_PORT, type HubFlags } from "./hub/options.ts";
import { runHub } from "./hub/run.ts";
import type { RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  addHubOptions(command, { port: DEFAULT_PORT })
    .addHelpText("after", "\nExample:\n  agent-collab hub --port 7878 --data ./hub-data")
    .action((flags: HubFlags) => runHub(flags, cli));
};
