/** `dev --background`, `dev status`, `dev stop`, `dev logs`: a collab that outlives the command. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Cli } from "../commands/index.ts";
import { packageRoot } from "../package-root.ts";
import { UserError } from "../terminal/errors.ts";
import { type DevState, devLogFile, findDev } from "./state.ts";

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 30_000;
const POLL_MS = 50;

export interface BackgroundOptions {
  dir: string;
  dataDir: string;
  /** Of `dev`, as for the foreground. */
  args: readonly string[];
  cli: Cli;
}

/** Resolves when everything answers; `already: true` if it did before. Throws what the background process says. */
export async function startInBackground(
  options: BackgroundOptions,
): Promise<{ document: DevState; already: boolean }> {
  const { dataDir } = options;
  const before = findDev(dataDir);
  if (before.state === "running") return { document: before.document, already: true };
  const log = devLogFile(dataDir);
  const child = before.state === "stopped" ? spawnDev(options, log) : null;
  let ended = false;
  child?.once("exit", () => {
    ended = true;
  });
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline && !ended) {
    const found = findDev(dataDir);
    if (found.state === "running") {
      child?.unref();
      return { document: found.document, already: child === null };
    }
    await sleep(POLL_MS);
  }
  child?.kill("SIGTERM");
  throw ended ? failureIn(log) : notReady(log);
}

function spawnDev({ dir, dataDir, args, cli }: BackgroundOptions, log: string): ChildProcess {
  let output: number;
  try {
    mkdirSync(dataDir, { recursive: true });
    output = openSync(log, "w", 0o600);
  } catch (cause) {
    throw new UserError({
      code: "data_folder_unwritable",
      message: `Cannot write the data folder ${dataDir} (${(cause as NodeJS.ErrnoException).code}).`,
      fix: "Choose a folder that can be written with --data DIR.",
      cause,
    });
  }
  const program = join(packageRoot(), "bin", "agent-collab.js");
  const words = ["dev", dir, "--data", dataDir, ...args, "--format", "json"];
  try {
    return spawn(process.execPath, [program, ...words], {
      cwd: cli.cwd,
      env: { ...cli.env, NO_COLOR: "1" },
      detached: true,
      stdio: ["ignore", output, output],
    });
  } finally {
    closeSync(output);
  }
}

const Failure = z.object({
  ok: z.literal(false),
  error: z.object({ code: z.string(), message: z.string(), fix: z.string().nullish() }),
});

/** The error document that the background process printed last. */
function failureIn(log: string): UserError {
  for (const line of readFileSync(log, "utf8").trim().split("\n").toReversed()) {
    if (!line.startsWith("{")) continue;
    try {
      const { code, message, fix } = Failure.parse(JSON.parse(line)).error;
      return new UserError({ code, message, ...(fix && { fix }) });
    } catch {
      // Some other line that begins with a brace.
    }
  }
  return new UserError({
    code: "dev_failed",
    message: "The collab ended before it answered.",
    fix: `All it said is in ${log}.`,
  });
}

function notReady(log: string): UserError {
  return new UserError({
    code: "dev_not_ready",
    message: `The collab does not answer after ${START_LIMIT_MS / 1000} s, and was stopped.`,
    fix: `All it said is in ${log}.`,
  });
}

/** Stops whatever `dev` runs on the folder, in the background or not; `false` if none did. */
export async function stopDev(dataDir: string): Promise<boolean> {
  const found = findDev(dataDir);
  if (found.state === "stopped") return false;
  // The lock is held, so the process that wrote this pid lives: it is no stranger's.
  process.kill(found.pid, "SIGTERM");
  const deadline = performance.now() + STOP_LIMIT_MS;
  for (;;) {
    const now = findDev(dataDir);
    if (now.state === "stopped" || now.pid !== found.pid) return true;
    if (performance.now() > deadline) {
      throw new UserError({
        code: "dev_does_not_stop",
        message: `The collab (pid ${found.pid}) is still stopping after ${STOP_LIMIT_MS / 1000} s.`,
        fix: `Look again with \`agent-collab dev status\`, or end it: kill -9 ${found.pid}`,
      });
    }
    await sleep(POLL_MS);
  }
}
