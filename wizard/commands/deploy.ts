/** `agent-collab deploy`: the collab on the Hub at HF_ENDPOINT. */
import { resolve } from "node:path";
import { resourceNames } from "../../template/schema/collab.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { type Deployment, prepareDeployment } from "../deploy/deploy.ts";
import { describePlan, planLines } from "../deploy/describe.ts";
import { resolveTarget } from "../deploy/target.ts";
import { joinPrompt } from "../dev/banner.ts";
import { EXIT, interrupted, UserError, usageError } from "../terminal/errors.ts";
import { untilStopped } from "./hub/until-stopped.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface DeployFlags {
  dryRun?: boolean;
  yes?: boolean;
  adopt?: boolean;
  spaceTokenEnv?: string;
  allowBroadToken?: boolean;
  timeout?: string;
}

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--dry-run", "show what would change, and change nothing")
    .option("-y, --yes", "do not ask before changing anything")
    .option("--adopt", "take over Spaces and buckets that exist without being this collab's")
    .option("--space-token-env <name>", "environment variable with the token the backend works with")
    .option("--allow-broad-token", "let the backend work with a token that reaches all its owner can")
    .option("--timeout <seconds>", "how long the Space may take to answer")
    .addHelpText("after", "\nExample:\n  agent-collab deploy my-collab --yes --json")
    .action((dir: string, flags: DeployFlags) => deploy(resolve(cli.cwd, dir), flags, cli));
};

async function deploy(dir: string, flags: DeployFlags, cli: Cli): Promise<void> {
  const timeoutMs = timeoutOf(flags);
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const target = await resolveTarget(cli.env);
  const spaceToken = spaceTokenOf(flags, cli);
  cli.out.note(`Target: ${target.endpoint}, with the token from ${target.tokenSource}.`);

  const aborter = new AbortController();
  void untilStopped().then(() => aborter.abort());
  const deployment = await prepareDeployment({
    loaded,
    target,
    adopt: flags.adopt,
    spaceToken,
    allowBroadToken: flags.allowBroadToken || undefined,
    timeoutMs,
    progress: (line) => cli.out.note(`  ${line}`),
    signal: aborter.signal,
  });
  for (const { message, fix } of deployment.checks.filter(({ state }) => state === "warn")) {
    cli.out.warn(`${message}. ${fix}`);
  }
  if (flags.dryRun) {
    cli.out.result({
      json: { dry_run: true, ...describePlan(deployment) },
      human: [...planLines(deployment), "", "Dry run: nothing was changed."].join("\n"),
    });
    return;
  }
  for (const line of planLines(deployment)) cli.out.note(line);
  await confirm(deployment, flags, cli);

  const { backendUrl } = await deployment.apply().catch((error: unknown) => {
    if (!aborter.signal.aborted) throw error;
    throw interrupted("Interrupted. What was made stays; run the same command again to finish.");
  });
  const { centralBucket } = resourceNames(loaded.collab);
  cli.out.result({
    json: { ...describePlan(deployment), backend: { url: backendUrl }, central_bucket: centralBucket },
    human: [
      deployment.changes
        ? `Deployed version ${deployment.version}.`
        : "Nothing to do: everything is unchanged.",
      `Board and API: ${backendUrl}`,
      `Tell an agent: ${joinPrompt(centralBucket)}`,
    ].join("\n"),
    quiet: backendUrl,
  });
}

async function confirm(deployment: Deployment, flags: DeployFlags, cli: Cli): Promise<void> {
  if (!deployment.changes || flags.yes || deployment.plan.some(({ action }) => action === "blocked")) return;
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
  const answer = await prompts.confirm({
    message: `Apply this to ${deployment.endpoint}?`,
    output: cli.stderr,
  });
  if (answer !== true) throw interrupted("Nothing was changed.");
}

function spaceTokenOf({ spaceTokenEnv }: DeployFlags, cli: Cli) {
  if (spaceTokenEnv === undefined) return undefined;
  const token = cli.env[spaceTokenEnv]?.trim();
  if (token) return { token, source: `the environment variable ${spaceTokenEnv}` };
  throw usageError(
    `The environment variable ${spaceTokenEnv} is not set.`,
    "--space-token-env takes the name of a variable that holds a token.",
  );
}

function timeoutOf({ timeout }: DeployFlags): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = Number(timeout);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds * 1000;
  throw usageError(`--timeout ${timeout} is not a number of seconds.`);
}
