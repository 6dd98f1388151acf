/** `hub start`, `hub status`, `hub stop`: a hub that outlives the command. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LOG_FILE } from "../../local-hub/data-folder.ts";
import { findRunningHub, type RunningHub } from "../../local-hub/lock.ts";
import { packageRoot } from "../../package-root.ts";
import { UserError, usageError } from "../../terminal/errors.ts";
import type { Cli } from "../index.ts";
import { dataDirOf, type HubFlags, hubOptionsOf } from "./options.ts";

const START_LIMIT_MS = 30_000;
/** Spaces and Jobs are given time to end. */
const STOP_LIMIT_MS = 30_000;
const POLL_MS = 50;

export async function startInBackground(flags: HubFlags, cli: Cli): Promise<void> {
  const { dataDir } = hubOptionsOf(flags, cli.cwd);
  if (dataDir === undefined) {
    throw usageError(
      "--ephemeral keeps nothing for a hub in the background.",
      "Leave it out, or run hub without start.",
    );
  }
  const already = findRunningHub(dataDir);
  if (already) return report(cli, already, dataDir, "already running");

  const log = join(dataDir, LOG_FILE);
  const child = spawnHub(flags, dataDir, log, cli);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const deadline = performance.now() + START_LIMIT_MS;
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  while (performance.now() < deadline && !hasExited) {
    const hub = findRunningHub(dataDir);
    if (hub) {
      child.unref();
      return report(cli, hub, dataDir, "started");
    }
    await sleep(POLL_MS);
  }
  child.kill("SIGKILL");
  throw new UserError({
    code: "hub_start_failed",
    message: hasExited ? lastErrorOf(log) : `The local hub did not answer within ${START_LIMIT_MS / 1000} s.`,
    fix: `All of it is in ${log}.`,
  });
}

function spawnHub(flags: HubFlags, dataDir: string, log: string, cli: Cli) {
  let output: number;
  try {
    mkdirSync(dataDir, { recursive: true });
    output = openSync(log, "w", 0o600);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new UserError({
      code: "data_folder_unwritable",
      message: `Cannot write the data folder ${dataDir} (${code}).`,
      fix: "Choose another folder, or change its permissions.",
      cause,
    });
  }
  const program = join(packageRoot(), "bin", "agent-collab.js");
  const args = ["hub", "--data", dataDir, "--port", flags.port, "--host", flags.host, "--org", flags.org];
  if (flags.adminOrg !== undefined) args.push("--admin-org", flags.adminOrg);
  if (flags.limits !== undefined) args.push("--limits", flags.limits);
  args.push("--runner", flags.runner);
  try {
    return spawn(process.execPath, [program, ...args, "--format", "agent"], {
      cwd: cli.cwd,
      env: { ...cli.env, NO_COLOR: "1" },
      detached: true,
      stdio: ["ignore", output, output],
    });
  } finally {
    closeSync(output);
  }
}

/** What the hub said before it gave up. */
function lastErrorOf(log: string): string {
  const text = readFileSync(log, "utf8").trim();
  const error = text.lastIndexOf("Error: ");
  return error < 0 ? "The local hub ended before it answered." : text.slice(error + "Error: ".length);
}

export function hubStatus(flags: HubFlags, cli: Cli): void {
  const dataDir = dataDirOf(flags, cli.cwd);
  const hub = findRunningHub(dataDir);
  if (hub) {
    report(cli, hub, dataDir, "running");
    return;
  }
  const text = `No local hub runs on ${dataDir}.`;
  cli.out.result({ json: { running: false, data_dir: dataDir }, agent: text, quiet: "" });
}

export async function stopHub(flags: HubFlags, cli: Cli): Promise<void> {
  const dataDir = dataDirOf(flags, cli.cwd);
  const hub = findRunningHub(dataDir);
  if (hub) {
    // The lock is held, so the process that wrote this pid lives: it is no stranger's.
    process.kill(hub.pid, "SIGTERM");
    const deadline = performance.now() + STOP_LIMIT_MS;
    while (findRunningHub(dataDir)?.pid === hub.pid || isAlive(hub.pid)) {
      if (performance.now() > deadline) {
        throw new UserError({
          code: "hub_does_not_stop",
          message: `The local hub at ${hub.url} (pid ${hub.pid}) is still stopping after ${STOP_LIMIT_MS / 1000} s.`,
          fix: "Look again with hub status, or end the process by its pid.",
        });
      }
      await sleep(POLL_MS);
    }
  }
  const text = hub ? `Stopped the local hub at ${hub.url}.` : `No local hub ran on ${dataDir}.`;
  cli.out.result({ json: { stopped: hub !== null, data_dir: dataDir }, agent: text });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function report(cli: Cli, hub: RunningHub, dataDir: string, state: string): void {
  const text = [
    `Local hub   ${hub.url} (${state})`,
    `Data        ${dataDir}`,
    `Process     ${hub.pid}, version ${hub.version}, since ${hub.startedAt}`,
    `Use it      export HF_ENDPOINT=${hub.url} HF_TOKEN=hf_local_ada`,
    `Stop        ${cli.programName} hub stop --data ${dataDir}`,
  ].join("\n");
  const { pid, url, version, startedAt } = hub;
  cli.out.result({
    json: { running: true, state, hub: { url }, pid, version, started_at: startedAt, data_dir: dataDir },
    agent: text,
    quiet: url,
  });
}
