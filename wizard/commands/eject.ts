/** `agent-collab eject`: a Space's code into the collab directory, where it can be changed and is deployed from. */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Argument } from "commander";
import { loadCollabDir } from "../collab-dir.ts";
import { shippedBackendFiles } from "../deploy/space-files/backend.ts";
import { shippedEvalFiles } from "../deploy/space-files/eval.ts";
import { writeDirectory } from "../scaffold/write-directory.ts";
import { plural } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

/** What the package ships as a Space's code. */
const PARTS = { backend: shippedBackendFiles, eval: shippedEvalFiles } as const;
type Part = keyof typeof PARTS;

export const register: RegisterCommand = (command, cli) => {
  command
    .addArgument(new Argument("<part>", "what to take over").choices(Object.keys(PARTS)))
    .argument("[dir]", "the collab directory", ".")
    .option("--dry-run", "list the files, write nothing")
    .addHelpText("after", "\nExample:\n  agent-collab eject backend my-collab --dry-run")
    .action((part: Part, dir: string, options: { dryRun?: boolean }) => eject(part, dir, options, cli));
};

async function eject(
  part: Part,
  dir: string,
  { dryRun = false }: { dryRun?: boolean },
  cli: Cli,
): Promise<void> {
  const loaded = await loadCollabDir(resolve(cli.cwd, dir), { cwd: cli.cwd });
  const folder = join("spaces", part);
  const target = join(loaded.dir, folder);
  const present = await readdir(target).catch(() => []);
  const files = await PARTS[part](loaded.collab);
  const paths = files.map(({ path }) => path).sort();
  const isThere = present.length > 0;
  if (!isThere && !dryRun) await writeDirectory(target, files);
  const outcome = isThere
    ? `${folder} is there already and is what deploy uses. Remove it to go back to the code of this package.`
    : `${dryRun ? "Would write" : "Wrote"} ${plural(files.length, "file")} to ${folder}: ${paths.join(", ")}.`;
  const advice =
    "From now on deploy and dev use this folder; new versions of the package no longer change it.";
  cli.out.result({
    json: {
      part,
      dir: target,
      files: paths,
      ejected: !isThere && !dryRun,
      dry_run: dryRun,
      already: isThere,
    },
    agent: isThere || dryRun ? outcome : `${outcome}\n${advice}`,
    quiet: target,
  });
}
