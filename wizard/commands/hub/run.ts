/** `agent-collab hub`: the local hub in the foreground, until Ctrl-C. */
import { type LocalHub, startLocalHub } from "../../local-hub/server.ts";
import type { Cli } from "../index.ts";
import { explainStartError, type HubFlags, hubOptionsOf } from "./options.ts";
import { untilStopped } from "./until-stopped.ts";

export async function runHub(flags: HubFlags, cli: Cli): Promise<void> {
  const options = hubOptionsOf(flags, cli.cwd);
  if (flags.host !== "127.0.0.1" && flags.host !== "localhost") {
    cli.out.warn(
      `The hub listens on ${flags.host}: whoever can reach it can use its accounts, whose tokens are public.`,
    );
  }
  const hub = await startLocalHub({ ...options, log: (line) => cli.out.note(line) }).catch(
    (error: unknown) => {
      throw explainStartError(error);
    },
  );
  const stopped = untilStopped();
  try {
    cli.out.result(describeHub(hub, flags));
    await stopped;
    cli.out.note("Stopping the local hub …");
  } finally {
    await hub.close();
  }
}

/** What somebody needs to know to use a hub that answers. */
export function describeHub(hub: Pick<LocalHub, "url" | "dataDir" | "context">, flags: HubFlags) {
  const users = ["organizer", "ada", "bob", "cy"];
  const tokens = Object.fromEntries(users.map((user) => [user, hub.context.accounts.tokenOf(user)]));
  const kept = flags.ephemeral ? "nothing is kept" : hub.dataDir;
  const text = [
    `Local hub   ${hub.url}`,
    `Data        ${kept}`,
    `Accounts    organizer (admin of ${flags.org}), ada, bob, cy (contributors)`,
    "Tokens      hf_local_<account>, such as hf_local_ada",
    `Use it      export HF_ENDPOINT=${hub.url} HF_TOKEN=hf_local_ada`,
    `Look inside ${hub.url}/`,
    ...(flags.ephemeral ? [] : [`Begin anew  agent-collab hub reset --data ${flags.data}`]),
    "Stop        Ctrl-C",
    "",
    "Local only: nothing here reaches huggingface.co.",
  ].join("\n");
  return {
    json: { hub: { url: hub.url }, tokens, data_dir: hub.dataDir, pid: process.pid },
    agent: text,
    quiet: hub.url,
  };
}
