/** `agent-collab deploy`: the collab on the Hub at HF_ENDPOINT. */
import { resolve } from "node:path";
import { resourceNames } from "../../template/schema/collab.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { describePlan, planLines } from "../deploy/describe.ts";
import { remainingSteps } from "../deploy/remaining.ts";
import { smokeTest } from "../deploy/smoke.ts";
import { resolveTarget } from "../deploy/target.ts";
import { joinPrompt } from "../dev/banner.ts";
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
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const { deployment, backendUrl } = await runDeployment(loaded, flags, cli);
  if (backendUrl === null) {
    cli.out.result({
      json: { dry_run: true, ...describePlan(deployment) },
      agent: [...planLines(deployment), "", "Dry run: nothing was changed."].join("\n"),
    });
    return;
  }
  const target = await resolveTarget(cli.env);
  const progress = (line: string) => cli.out.note(`  ${line}`);
  const smoke = flags.smoke ? await smokeTest({ loaded, target, backendUrl, progress }) : undefined;
  const { centralBucket } = resourceNames(loaded.collab);
  const steps = remainingSteps(deployment);
  cli.out.result({
    json: {
      dry_run: false,
      ...describePlan(deployment),
      backend: { url: backendUrl },
      central_bucket: centralBucket,
      join_prompt: joinPrompt(centralBucket),
      remaining: steps,
      ...(smoke && { smoke }),
    },
    agent: [
      deployment.changes
        ? `Deployed version ${deployment.version}.`
        : "Nothing to do: everything is unchanged.",
      `Board and API: ${backendUrl}`,
      `Tell an agent: ${joinPrompt(centralBucket)}`,
      ...(smoke ? [`Smoke test: ${smoke.agent_id} joined, posted and was read back.`] : []),
      ...(steps.length > 0 ? ["", "Still to be done by a person:", ...steps.map((s) => `  [ ] ${s}`)] : []),
    ].join("\n"),
    quiet: backendUrl,
  });
}
