/** `agent-collab export`: the whole record in a folder, as files and as a data set. */
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import type { HubBucket } from "../../template/hub/types.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { resolveTarget } from "../deploy/target.ts";
import { exportRecord } from "../running/export.ts";
import { interrupted, UserError } from "../terminal/errors.ts";
import { plural, sizeText } from "../terminal/text.ts";
import { untilStopped } from "./hub/until-stopped.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface ExportFlags {
  out?: string;
  dryRun?: boolean;
}

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--out <dir>", "a folder that does not exist yet (default: export-<slug>)")
    .option("--dry-run", "say what would be downloaded, and write nothing")
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
  if (flags.dryRun) return report(await sizeOf(bucket), target, cli);
  const aborter = new AbortController();
  const { signal } = aborter;
  void untilStopped().then(() => aborter.abort());
  const progress = (line: string) => cli.out.note(line);
  const counts = await exportRecord({ bucket, collab, target, progress, signal }).catch((error: unknown) => {
    throw signal.aborted ? interrupted("Interrupted; nothing was written.") : error;
  });
  cli.out.result({
    json: { dry_run: false, dir: target, ...counts },
    agent: [
      `${target}: ${plural(counts.files, "file")}, ${plural(counts.messages, "message")}, ${plural(counts.results, "result")}, ${plural(counts.runs, "run")}, ${plural(counts.verdicts, "verdict")}, ${plural(counts.agents, "agent")}.`,
      ...(counts.left_out.length > 0
        ? [
            `Left out, too large or with a name that this disk cannot have: ${counts.left_out.slice(0, 20).join(", ")}.`,
          ]
        : []),
      "README.md there says what is what; the folder can be uploaded as a dataset: hf upload <org>/<name> --repo-type dataset.",
    ].join("\n"),
    quiet: target,
  });
}

async function sizeOf(bucket: HubBucket): Promise<{ files: number; bytes: number }> {
  let [files, bytes] = [0, 0];
  for await (const { size } of bucket.list()) {
    files++;
    bytes += size;
  }
  return { files, bytes };
}

function report({ files, bytes }: { files: number; bytes: number }, dir: string, cli: Cli): void {
  cli.out.result({
    json: { dry_run: true, dir, files, bytes },
    agent: `Would write ${plural(files, "file")}, ${sizeText(bytes)}, to ${dir}. Nothing was written.`,
    quiet: dir,
  });
}
