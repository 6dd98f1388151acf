/** `agent-collab logs`: what the backend's Space printed last. */
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { resolveTarget } from "../deploy/target.ts";
import { UserError, usageError } from "../terminal/errors.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface LogsFlags {
  lines: string;
  build?: boolean;
}

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("-n, --lines <n>", "how many", "100")
    .option("--build", "the log of the build, not of the run")
    .addHelpText("after", "\nExample:\n  agent-collab logs my-collab --lines 20")
    .action((dir: string, flags: LogsFlags) => logs(resolve(cli.cwd, dir), flags, cli));
};

async function logs(dir: string, flags: LogsFlags, cli: Cli): Promise<void> {
  const count = Number(flags.lines);
  if (!Number.isInteger(count) || count < 1) throw usageError("--lines takes a whole number above 0.");
  const { collab } = await loadCollabDir(dir, { cwd: cli.cwd });
  const { endpoint, token } = await resolveTarget(cli.env);
  const space = createHub({ endpoint, token }).space(resourceNames(collab).backendSpace);
  if (!(await space.info())) {
    throw new UserError({
      code: "not_deployed",
      message: `There is no Space ${space.id} at ${endpoint}.`,
      fix: "Run `agent-collab deploy`.",
    });
  }
  const kind = flags.build ? "build" : "run";
  const lines = await space.logs(kind, count);
  cli.out.result({
    json: { space: space.id, kind, lines },
    agent: lines.length > 0 ? lines.join("\n") : `The ${kind} log of ${space.id} is empty.`,
    quiet: lines.join("\n"),
  });
}
