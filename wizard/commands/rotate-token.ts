/** `agent-collab rotate-token`: the backend works with another token, and nothing else changes. */
import { resolve } from "node:path";
import { loadCollabDir } from "../collab-dir.ts";
import type { Deployment } from "../deploy/deploy.ts";
import { describePlan } from "../deploy/describe.ts";
import { DEPLOYMENT_FILE } from "../deploy/space-files/files.ts";
import { UserError, usageError } from "../terminal/errors.ts";
import { addDeployOptions, type DeployFlags, runDeployment } from "./deploy/run.ts";
import type { Cli, RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  addDeployOptions(command.argument("[dir]", "the collab directory", "."))
    .addHelpText(
      "after",
      "\nThe new token is read from the environment, so that it is in no shell history.\n\nExample:\n  agent-collab rotate-token my-collab --space-token-env NEW_TOKEN --yes",
    )
    .action((dir: string, flags: DeployFlags) => rotateToken(resolve(cli.cwd, dir), flags, cli));
};

async function rotateToken(dir: string, flags: DeployFlags, cli: Cli): Promise<void> {
  if (flags.spaceTokenEnv === undefined) {
    throw usageError(
      "Which token? It is not given on the command line, where others could read it.",
      "Put it into an environment variable and name that: --space-token-env NEW_TOKEN",
    );
  }
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const { deployment, backendUrl } = await runDeployment(loaded, flags, cli, { review: requireOnlyToken });
  const rotated = backendUrl !== null && deployment.changes;
  cli.out.result({
    json: { dry_run: backendUrl === null, rotated, ...describePlan(deployment) },
    agent: rotated
      ? "The backend works with the new token. Revoke the old one in the settings of its owner."
      : backendUrl === null
        ? `Dry run: the token ${deployment.changes ? "would be replaced" : "is in use already"}.`
        : "The backend works with this token already.",
  });
}

function requireOnlyToken({ plan }: Deployment): void {
  const other = plan.filter((item) => {
    if (item.action === "unchanged") return false;
    if (item.kind !== "space" || item.action !== "update") return true;
    return item.delete.length > 0 || item.put.some((path) => path !== DEPLOYMENT_FILE);
  });
  if (other.length === 0) return;
  throw new UserError({
    code: "more_than_token",
    message: `This directory differs from what runs in more than the token: ${other.map(({ id }) => id).join(", ")}.`,
    fix: "Run `agent-collab deploy` first; it takes --space-token-env too.",
  });
}
