/** Options that several `hub` commands share, and how they are read. */
import { isAbsolute, resolve } from "node:path";
import { type Command, Option } from "commander";
import { HubStartError } from "../../local-hub/errors.ts";
import { RATE_PLAN_NAMES, type RatePlan } from "../../local-hub/rate-limits.ts";
import type { LocalHubOptions } from "../../local-hub/server.ts";
import { SPACE_RUNNERS, type SpaceRunnerKind } from "../../local-hub/spaces/space-process.ts";
import { UserError, usageError } from "../../terminal/errors.ts";

export const DEFAULT_DATA_DIR = ".agent-collab/hub";
export const DEFAULT_PORT = 7878;

export interface HubFlags {
  data: string;
  ephemeral?: boolean;
  port: string;
  host: string;
  org: string;
  adminOrg?: string;
  limits?: string;
  runner: SpaceRunnerKind;
}

/** Declares what `hub`, `hub start` and `hub exec` understand about the hub to run. */
export function addHubOptions(command: Command, defaults: { port: number }): Command {
  return command
    .option("--data <dir>", "folder that keeps everything", DEFAULT_DATA_DIR)
    .option("--ephemeral", "keep nothing: a temporary folder, removed at the end")
    .option("--port <n>", "port to listen on; 0 takes a free one", String(defaults.port))
    .option("--host <address>", "interface to listen on", "127.0.0.1")
    .option("--org <name>", "organisation to begin with", "demo")
    .option(
      "--admin-org <name>",
      "the organisers' organisation (default: the organisation's name and -admin)",
    )
    .option(
      "--limits <plan>",
      `limit requests as the Hub does for ${RATE_PLAN_NAMES.join(", ")} (default: none)`,
    )
    .addOption(runnerOption());
}

/** `--runner`, of `hub` and `dev`. */
export function runnerOption(): Option {
  return new Option("--runner <kind>", "what runs Docker Spaces: a process of this machine, or its Docker")
    .choices(SPACE_RUNNERS)
    .default("process" satisfies SpaceRunnerKind);
}

export function dataDirOf(flags: { data: string }, cwd: string): string {
  return isAbsolute(flags.data) ? flags.data : resolve(cwd, flags.data);
}

/** Throws a usage error for a port that is none. */
export function hubOptionsOf(flags: HubFlags, cwd: string): LocalHubOptions {
  const port = Number(flags.port);
  if (!/^\d{1,5}$/.test(flags.port) || port > 65_535) {
    throw usageError(
      `--port ${flags.port} is not a port.`,
      "Give a number from 0 to 65535; 0 takes a free one.",
    );
  }
  return {
    dataDir: flags.ephemeral ? undefined : dataDirOf(flags, cwd),
    port,
    host: flags.host,
    seed: { org: flags.org, adminOrg: flags.adminOrg },
    rateLimits: planOf(flags.limits),
    runner: flags.runner,
  };
}

function planOf(limits: string | undefined): RatePlan | null {
  if (limits === undefined) return null;
  const plan = RATE_PLAN_NAMES.find((name) => name === limits);
  if (plan) return plan;
  throw usageError(`--limits ${limits} is no plan.`, `Plans: ${RATE_PLAN_NAMES.join(", ")}.`);
}

/** What a person can mend becomes a `UserError`; the rest stays what it is. */
export function explainStartError(error: unknown): unknown {
  if (!(error instanceof HubStartError)) return error;
  const { code, message, fix, cause } = error;
  return new UserError({ code, message, fix, cause });
}
