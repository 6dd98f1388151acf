/** `agent-collab export`: the whole record in a folder, as files and as a data set. */
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { resolveTarget } from "../deploy/target.ts";
import { exportRecord } from "../running/export.ts";
import { UserError } from "../terminal/errors.ts";
import { plural } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface ExportFlags {
  out?: string;
}

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--out <dir>", "a folder that does not exist yet (default: export-<slug>)")
    .addHelpText("after", "\nExample:\n  agent-collab export my-collab --out my-record")
    .action((dir: string, flags: ExportFlags) => exportCommand(resolve(cli.cwd, dir), flags, cli));
};

async function exportCommand(dir: string, flags: ExportFlags, cli: Cli): Promise<void> {
  const { collab } = await loadCollabDir(dir, { cwd: cli.cwd });
  const target = resolve(cli.cwd, flags.out ?? `export-${collab.collab.slug}`);
  if ((await readdir(target).catch(() => null)) !== null) {
    throw new UserError({
      code: "folder_exists",
      message: `${target} is there already.`,
      fix: "Name another folder with --out, or remove that one.",
    });
  }
  const { endpoint, token } = await resolveTarget(cli.env);
  const bucket = createHub({ endpoint, token }).bucket(resourceNames(collab).centralBucket);
  if (!(await bucket.info())) {
    throw new UserError({
      code: "not_deployed",
      message: `There is no central bucket ${bucket.id} at ${endpoint}.`,
      fix: "Run `agent-collab deploy` first.",
    });
  }
  const counts = await exportRecord({ bucket, collab, target, progress: (line) => cli.out.note(line) });
  cli.out.result({
    json: { dir: target, ...counts },
    agent: [
      `${target}: ${plural(counts.files, "file")}, ${plural(counts.messages, "message")}, ${plural(counts.results, "result")}, ${plural(counts.agents, "agent")}.`,
      "README.md there says what is what; the folder can be uploaded as a dataset: hf upload <org>/<name> --repo-type dataset.",
    ].join("\n"),
    quiet: target,
  });
}
