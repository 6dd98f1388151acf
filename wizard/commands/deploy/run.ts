/** Deploying from the command line: what `deploy` and the commands that change one thing and deploy have in common. */
import type { Command } from "commander";
import type { LoadedCollab } from "../../collab-dir.ts";
import { type Deployment, prepareDeployment } from "../../deploy/deploy.ts";
import { describePlan, planLines } from "../../deploy/describe.ts";
import { resolveTarget, type Target } from "../../deploy/target.ts";
import { EXIT, interrupted, UserError, usageError } from "../../terminal/errors.ts";
import { untilStopped } from "../hub/until-stopped.ts";
import type { Cli } from "../index.ts";

export interface DeployFlags {
  dryRun?: boolean;
  yes?: boolean;
  adopt?: boolean;
  spaceTokenEnv?: string;
  allowBroadToken?: boolean;
  timeout?: string;
  wait?: boolean;
}

export function addDeployOptions(command: Command): Command {
  return command
    .option("--dry-run", "show what would change, and change nothing")
    .option("-y, --yes", "do not ask before changing anything")
    .option("--space-token-env <name>", "environment variable with the token the backend works with")
    .option("--allow-broad-token", "let the backend work with a token that reaches all its owner can")
    .option("--wait", "wait until the Spaces answer with the new version (default)")
    .option("--no-wait", "return as soon as everything is on the Hub; running it again waits")
    .option("--timeout <seconds>", "how long the Spaces may take to answer");
}

export interface RunOptions {
  /** Called with the plan before anybody is asked; throws to refuse it. */
  review?: (deployment: Deployment) => void;
  /** Called once the plan is agreed on, before anything is touched on the Hub. */
  before?: () => Promise<void>;
}

export interface Ran {
  deployment: Deployment;
  /** `null` after a dry run. */
  backendUrl: string | null;
  target: Target;
}

/** Plan, question, apply. Prints the plan, the warnings and the progress; the caller prints the outcome. */
export async function runDeployment(
  loaded: LoadedCollab,
  flags: DeployFlags,
  cli: Cli,
  options: RunOptions = {},
): Promise<Ran> {
  const timeoutMs = timeoutOf(flags);
  const aborter = new AbortController();
  const { signal } = aborter;
  void untilStopped().then(() => aborter.abort());
  const target = await resolveTarget(cli.env);
  const spaceToken = spaceTokenOf(flags, cli);
  cli.out.note(`Target: ${target.endpoint}, with the token from ${target.tokenSource}.`);
  if (target.warning) cli.out.warn(target.warning);

  const deployment = await prepareDeployment({
    loaded,
    target,
    adopt: flags.adopt,
    spaceToken,
    allowBroadToken: flags.allowBroadToken || undefined,
    timeoutMs,
    wait: flags.wait,
    progress: (line) => cli.out.note(`  ${line}`),
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? interrupted("Interrupted; nothing was changed.") : error;
  });
  for (const { message, fix } of deployment.checks.filter(({ state }) => state === "warn")) {
    cli.out.warn(`${message}. ${fix}`);
  }
  options.review?.(deployment);
  if (flags.dryRun) return { deployment, backendUrl: null, target };

  for (const line of planLines(deployment)) cli.out.note(line);
  await confirm(deployment, flags, cli);
  if (signal.aborted) throw interrupted("Interrupted; nothing was changed.");
  await options.before?.();
  const { backendUrl } = await deployment.apply();
  return { deployment, backendUrl, target };
}

async function confirm(deployment: Deployment, flags: DeployFlags, cli: Cli): Promise<void> {
  const blocked = deployment.plan.some(({ action }) => action === "blocked");
  if (!deployment.changes || flags.yes || blocked) return;
  if (!cli.interactive) {
    throw new UserError({
      code: "confirmation_needed",
      message: "Nothing was changed: nobody is there to confirm the plan.",
      fix: "Run the same command with --yes, or with --dry-run to only look.",
      exitCode: EXIT.inputNeeded,
      data: describePlan(deployment),
    });
  }
  const prompts = await import("@clack/prompts");
  const message = `Apply this to ${deployment.endpoint}?`;
  const answer = await prompts.confirm({ message, input: cli.stdin, output: cli.stderr });
  if (answer !== true) throw interrupted("Nothing was changed.");
}

function spaceTokenOf({ spaceTokenEnv }: DeployFlags, cli: Cli) {
  if (spaceTokenEnv === undefined) return undefined;
  const token = cli.env[spaceTokenEnv]?.trim();
  if (token) return { token, source: `the environment variable ${spaceTokenEnv}` };
  throw usageError(
    `The environment variable ${spaceTokenEnv} is not set.`,
    "Give the name of a variable that holds a token.",
  );
}

function timeoutOf({ timeout }: DeployFlags): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = Number(timeout);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds * 1000;
  throw usageError(`--timeout ${timeout} is not a number of seconds.`);
}
