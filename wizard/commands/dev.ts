/** `agent-collab dev`: the collab on this machine. Exit code 0 once it ran, 130 if it was stopped before. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { type LoadedCollab, loadCollabDir } from "../collab-dir.ts";
import { startInBackground } from "../dev/background.ts";
import { devResult } from "../dev/banner.ts";
import { type DevSession, startDev } from "../dev/session.ts";
import { removeDevState, writeDevState } from "../dev/state.ts";
import type { SpaceRunnerKind } from "../local-hub/spaces/space-process.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import { interrupted, usageError } from "../terminal/errors.ts";
import { devLogs, devStatus, devStop, reportDev } from "./dev/manage.ts";
import { DEFAULT_DATA_DIR, DEFAULT_PORT, runnerOption } from "./hub/options.ts";
import { untilStopped } from "./hub/until-stopped.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface DevFlags {
  port: string;
  data?: string;
  ephemeral?: boolean;
  rehearsal: boolean;
  background?: boolean;
  runner: SpaceRunnerKind;
}

const DEFAULT_LINES = "50";

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--port <n>", "port of the local hub; 0 takes a free one", String(DEFAULT_PORT))
    .option("--data <dir>", `folder that keeps everything (default: ${DEFAULT_DATA_DIR} in the collab)`)
    .option("--ephemeral", "keep nothing: a temporary folder, removed at the end")
    .option("--no-rehearsal", "no scripted agents on an empty board")
    .option("--background", "return once everything answers; see dev status, dev logs, dev stop")
    .addOption(runnerOption())
    .addHelpText(
      "after",
      "\nExample:\n  agent-collab dev my-collab --background --port 0 --json && agent-collab dev stop my-collab",
    )
    .action((dir: string, flags: DevFlags) => dev(resolve(cli.cwd, dir), flags, cli));

  const sub = (name: string, about: string) =>
    command.command(name).description(about).argument("[dir]", "the collab directory", ".");
  const where = (dir: string, of: Command) => {
    return dataDirOf(resolve(cli.cwd, dir), of.optsWithGlobals<DevFlags>(), cli);
  };
  sub("status", "say whether the collab runs here, and where").action((dir: string, _, of: Command) =>
    devStatus(where(dir, of), cli),
  );
  sub("stop", "stop the collab that runs here").action((dir: string, _, of: Command) =>
    devStop(where(dir, of), cli),
  );
  sub("logs", "the last lines of a collab in the background")
    .option("-n, --lines <n>", "how many", DEFAULT_LINES)
    .action((dir: string, { lines }: { lines: string }, of: Command) =>
      devLogs(where(dir, of), Number(lines), cli),
    );
};

async function dev(dir: string, flags: DevFlags, cli: Cli): Promise<void> {
  const port = portOf(flags);
  if (flags.ephemeral && (flags.data !== undefined || flags.background)) {
    throw usageError(
      `--ephemeral keeps nothing, ${flags.background ? "--background needs a folder" : "--data keeps everything"}.`,
      "Give one of them.",
    );
  }
  // Before anything is made, so that a mistake in it leaves no trace.
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const dataDir = flags.ephemeral ? undefined : dataDirOf(dir, flags, cli);
  if (flags.background && dataDir !== undefined) return devInBackground(dir, dataDir, flags, cli);
  await devInForeground(loaded, dataDir, port, flags, cli);
}

async function devInForeground(
  loaded: LoadedCollab,
  dataDir: string | undefined,
  port: number,
  flags: DevFlags,
  cli: Cli,
): Promise<void> {
  const aborter = new AbortController();
  const { signal } = aborter;
  const stopped = untilStopped();
  void stopped.then(() => aborter.abort());
  const progress = (line: string) => cli.out.note(line);
  const { runner } = flags;
  const session = await startDev({ loaded, dataDir, port, runner, progress, signal }).catch(
    (error: unknown) => {
      throw signal.aborted ? interrupted("Stopped before it was ready; nothing is running.") : error;
    },
  );
  try {
    const { ephemeral = false, rehearsal } = flags;
    const result = devResult({ session, loaded, ephemeral, rehearsal, paint: cli.out.paint });
    if (dataDir !== undefined) writeDevState(dataDir, result.json);
    cli.out.result(result);
    const rehearsing = rehearsal ? rehearseBeside(session, loaded, cli, signal) : undefined;
    await stopped;
    cli.out.note("Stopping …");
    await rehearsing;
  } finally {
    if (dataDir !== undefined) removeDevState(dataDir);
    await session.close();
  }
}

/** In the background: whatever happens to it, the collab goes on. */
async function rehearseBeside(
  session: DevSession,
  { collab, dir }: LoadedCollab,
  cli: Cli,
  signal: AbortSignal,
) {
  try {
    const { hub, backendUrl, tokens } = session;
    const say = (line: string) => cli.out.note(line);
    await rehearse({ dir, collab, hubUrl: hub.url, backendUrl, tokens, signal, say });
  } catch (error) {
    if (signal.aborted) return;
    cli.out.warn(`The rehearsal stopped: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function devInBackground(dir: string, dataDir: string, flags: DevFlags, cli: Cli): Promise<void> {
  const args = [
    "--port",
    flags.port,
    "--runner",
    flags.runner,
    ...(flags.rehearsal ? [] : ["--no-rehearsal"]),
  ];
  const { document, already } = await startInBackground({ dir, dataDir, args, cli });
  reportDev(document, already ? "already running" : "started", dataDir, cli);
}

function dataDirOf(dir: string, { data }: Pick<DevFlags, "data">, cli: Cli): string {
  return resolve(cli.cwd, data ?? join(dir, DEFAULT_DATA_DIR));
}

function portOf({ port }: DevFlags): number {
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
  throw usageError(`--port ${port} is not a port.`, "Give a number from 0 to 65535; 0 takes a free one.");
}
