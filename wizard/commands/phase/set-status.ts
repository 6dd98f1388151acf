/** `pause`, `resume`, `close`: the collab's status in collab.yaml, and its deployment. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { STATUSES } from "../../../template/schema/collab.ts";
import { parseCollab } from "../../../template/schema/parse.ts";
import { COLLAB_FILE, invalidCollab, type LoadedCollab, loadCollabDir } from "../../collab-dir.ts";
import { describePlan, planLines } from "../../deploy/describe.ts";
import { UserError } from "../../terminal/errors.ts";
import { addDeployOptions, type DeployFlags, type Ran, runDeployment } from "../deploy/run.ts";
import type { Cli, RegisterCommand } from "../index.ts";

type Status = (typeof STATUSES)[number];

export interface Phase {
  /** The command: `pause`. */
  name: string;
  status: Status;
  /** What that means, as a sentence after the fact. */
  done: string;
  /** Another status, which a flag chooses. */
  variant?: { flag: string; about: string; status: Status; done: string };
  /** More to say once it is so: lines for people, and data. */
  after?: (loaded: LoadedCollab, ran: Ran, cli: Cli) => Promise<{ lines: string[]; json: object }>;
}

export function registerPhase({ variant, ...phase }: Phase): RegisterCommand {
  return (command: Command, cli: Cli) => {
    addDeployOptions(command.argument("[dir]", "the collab directory", "."));
    if (variant) command.option(variant.flag, variant.about);
    command
      .addHelpText("after", `\nExample:\n  agent-collab ${phase.name} my-collab --yes`)
      .action((dir: string, flags: DeployFlags) => {
        const chosen = variant && command.getOptionValue(variant.flag.replace(/^--/, "")) === true;
        return setStatus(chosen ? { ...phase, ...variant } : phase, resolve(cli.cwd, dir), flags, cli);
      });
  };
}

async function setStatus(
  phase: Omit<Phase, "variant">,
  dir: string,
  flags: DeployFlags,
  cli: Cli,
): Promise<void> {
  const before = await loadCollabDir(dir, { cwd: cli.cwd });
  const already = before.collab.collab.status === phase.status;
  const loaded = already ? before : withStatus(before, phase.status);
  const ran = await runDeployment(loaded, flags, cli, {
    // Only once the plan is agreed on: a refused question leaves the file as it was.
    before: async () => {
      if (!already) await replaceFile(join(dir, COLLAB_FILE), before.yaml, loaded.yaml);
    },
  });
  const json = { status: phase.status, already, ...describePlan(ran.deployment) };
  if (ran.backendUrl === null) {
    cli.out.result({
      json: { dry_run: true, ...json },
      agent: [...planLines(ran.deployment), "", "Dry run: nothing was changed."].join("\n"),
    });
    return;
  }
  const more = await phase.after?.(loaded, ran, cli);
  cli.out.result({
    json: { dry_run: false, ...json, ...more?.json },
    agent: [
      already ? `It is ${phase.status} already. ${phase.done}` : phase.done,
      ...(more?.lines ?? []),
    ].join("\n"),
    quiet: phase.status,
  });
}

/** The same collab with another status; comments and layout of the file stay. */
function withStatus(loaded: LoadedCollab, status: Status): LoadedCollab {
  const document = loaded.document.clone();
  document.setIn(["collab", "status"], status);
  const yaml = document.toString({ lineWidth: 0 });
  const parsed = parseCollab(yaml, loaded.file);
  if (!parsed.ok) throw invalidCollab(parsed.problems);
  return { ...loaded, yaml, document: parsed.document, collab: parsed.collab, warnings: parsed.warnings };
}

/** What somebody has written into the file while the question was open is not overwritten. */
async function replaceFile(file: string, before: string, text: string): Promise<void> {
  if ((await readFile(file, "utf8").catch(() => null)) !== before) {
    throw new UserError({
      code: "changed_meanwhile",
      message: `${file} was edited meanwhile. Nothing was changed.`,
      fix: "Run the same command again: it takes the edited file.",
    });
  }
  const unfinished = `${file}.${process.pid}.tmp`;
  await writeFile(unfinished, text);
  await rename(unfinished, file);
}
