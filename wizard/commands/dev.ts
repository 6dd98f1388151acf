/** `agent-collab dev`: the collab on this machine, until Ctrl-C. Exit code 0 once it ran, 130 before. */
import { join, resolve } from "node:path";
import { type LoadedCollab, loadCollabDir } from "../collab-dir.ts";
import { devResult } from "../dev/banner.ts";
import { type DevSession, startDev } from "../dev/session.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import { interrupted, usageError } from "../terminal/errors.ts";
import { DEFAULT_DATA_DIR, DEFAULT_PORT } from "./hub/options.ts";
import { untilStopped } from "./hub/until-stopped.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface DevFlags {
  port: string;
  data?: string;
  ephemeral?: boolean;
  rehearsal: boolean;
}

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--port <n>", "port of the local hub; 0 takes a free one", String(DEFAULT_PORT))
    .option("--data <dir>", `folder that keeps everything (default: ${DEFAULT_DATA_DIR} in the collab)`)
    .option("--ephemeral", "keep nothing: a temporary folder, removed at the end")
    .option("--no-rehearsal", "no scripted agents on an empty board")
    .addHelpText(
      "after",
      "\nExample:\n  agent-collab dev my-collab --json --port 0 --ephemeral --no-rehearsal",
    )
    .action((dir: string, flags: DevFlags) => dev(resolve(cli.cwd, dir), flags, cli));
};

async function dev(dir: string, flags: DevFlags, cli: Cli): Promise<void> {
  const port = portOf(flags);
  if (flags.ephemeral && flags.data !== undefined) {
    throw usageError("--ephemeral keeps nothing, --data keeps everything.", "Give one of them.");
  }
  // Before anything is made, so that a mistake in it leaves no trace.
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });

  const aborter = new AbortController();
  const stopped = untilStopped();
  void stopped.then(() => aborter.abort());
  const session = await startDev({
    loaded,
    dataDir: flags.ephemeral ? undefined : resolve(cli.cwd, flags.data ?? join(dir, DEFAULT_DATA_DIR)),
    port,
    progress: (line) => cli.out.note(line),
    signal: aborter.signal,
  }).catch((error: unknown) => {
    throw aborter.signal.aborted ? interrupted("Stopped before it was ready; nothing is running.") : error;
  });
  try {
    const { ephemeral = false, rehearsal } = flags;
    const paint = cli.out.paint;
    cli.out.result(devResult({ session, loaded, ephemeral, rehearsal, paint }));
    const rehearsing = rehearsal ? rehearseBeside(session, loaded, cli, aborter.signal) : undefined;
    await stopped;
    cli.out.note("Stopping …");
    await rehearsing;
  } finally {
    await session.close();
  }
}

/** In the background: whatever happens to it, the collab goes on. */
async function rehearseBeside(session: DevSession, { collab }: LoadedCollab, cli: Cli, signal: AbortSignal) {
  try {
    const { hub, backendUrl, tokens } = session;
    await rehearse({ collab, hubUrl: hub.url, backendUrl, tokens, signal });
  } catch (error) {
    if (signal.aborted) return;
    cli.out.warn(`The rehearsal stopped: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function portOf({ port }: DevFlags): number {
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
  throw usageError(`--port ${port} is not a port.`, "Give a number from 0 to 65535; 0 takes a free one.");
}
