/** `agent-collab deploy`: the collab on the Hub at HF_ENDPOINT. */
import { resolve } from "node:path";
import { resourceNames } from "../../template/schema/collab.ts";
import { loadCollabDir } from "../collab-dir.ts";
import type { Deployment } from "../deploy/deploy.ts";
import { describePlan, planLines } from "../deploy/describe.ts";
import { remainingSteps } from "../deploy/remaining.ts";
import { type SmokeResult, smokeTest } from "../deploy/smoke.ts";
import { joinPrompt } from "../dev/banner.ts";
import { usageError } from "../terminal/errors.ts";
import { shellWord } from "../terminal/text.ts";
import { addDeployOptions, type DeployFlags, runDeployment } from "./deploy/run.ts";
import type { Cli, RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  addDeployOptions(command.argument("[dir]", "the collab directory", "."))
    .option("--adopt", "take over Spaces and buckets that exist without being this collab's")
    .option("--smoke", "afterwards join as an agent that is thrown away, post, and read it back")
    .addHelpText("after", "\nExample:\n  agent-collab deploy my-collab --yes --json")
    .action((dir: string, flags: DeployFlags & { smoke?: boolean }) =>
      deploy(resolve(cli.cwd, dir), flags, cli),
    );
};

async function deploy(dir: string, flags: DeployFlags & { smoke?: boolean }, cli: Cli): Promise<void> {
  if (flags.smoke && flags.wait === false) {
    throw usageError(
      "--smoke needs a backend that answers, and --no-wait does not wait for it.",
      "Give one of them.",
    );
  }
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const { deployment, backendUrl, target } = await runDeployment(loaded, flags, cli);
  if (backendUrl === null) {
    cli.out.result({
      json: { dry_run: true, ...describePlan(deployment) },
      agent: [...planLines(deployment), "", "Dry run: nothing was changed."].join("\n"),
    });
    return;
  }
  const progress = (line: string) => cli.out.note(`  ${line}`);
  const smoke = flags.smoke ? await smokeTest({ loaded, target, backendUrl, progress }) : undefined;
  const { centralBucket } = resourceNames(loaded.collab);
  const steps = remainingSteps(deployment);
  const waited = flags.wait !== false;
  cli.out.result({
    json: {
      dry_run: false,
      ...describePlan(deployment),
      waited,
      ...(!waited && {
        next: [{ command: `agent-collab deploy ${shellWord(dir)} --yes`, when: "to wait until it answers" }],
      }),
      backend: { url: backendUrl },
      central_bucket: centralBucket,
      join_prompt: joinPrompt(centralBucket),
      remaining: steps,
      ...(smoke && { smoke }),
    },
    agent: [
      outcomeLine(deployment, waited),
      `Board and API: ${backendUrl}`,
      `Tell an agent: ${joinPrompt(centralBucket)}`,
      ...(smoke ? smokeLines(smoke) : []),
      ...(steps.length > 0 ? ["", "Still to be done by a person:", ...steps.map((s) => `  [ ] ${s}`)] : []),
    ].join("\n"),
    quiet: backendUrl,
  });
}

function outcomeLine({ changes, version }: Deployment, waited: boolean): string {
  if (!waited)
    return `Version ${version} is on the Hub and starts there. To wait for it: the same command without --no-wait.`;
  return changes ? `Deployed version ${version}.` : "Nothing to do: everything is unchanged.";
}

function smokeLines({ agent_id, deleted, hidden, left }: SmokeResult): string[] {
  const tidied = [
    ...(deleted.length > 0 ? [`its bucket is deleted`] : []),
    ...(hidden.length > 0
      ? ["its registration and message stay in the record, hidden from the board within half a minute"]
      : []),
  ];
  return [
    `Smoke test: ${agent_id} joined, posted and was read back; ${tidied.join("; ")}.`,
    ...left.map((line) => `Not tidied up: ${line}`),
  ];
}
