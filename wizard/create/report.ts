/** What `create` says when it is done, and the errors it ends with. */
import type { Cli } from "../commands/index.ts";
import type { ScaffoldPlan } from "../scaffold/plan.ts";
import type { TargetState } from "../scaffold/target.ts";
import { EXIT, UserError } from "../terminal/errors.ts";
import { packageManager, runScript } from "../terminal/package-manager.ts";
import { plural, shellWord } from "../terminal/text.ts";
import type { GitOutcome } from "./git.ts";
import { DEFAULT_DIRECTORY } from "./start.ts";

export interface Outcome {
  /** As the user named it, and absolute. */
  directory: string;
  target: string;
  plan: ScaffoldPlan;
  files: string[];
  /** Files of the user's that were left as they are. */
  kept: string[];
  notes: string[];
  dryRun: boolean;
  git: GitOutcome | undefined;
}

export function report(outcome: Outcome, cli: Cli): void {
  const { directory, target, plan, files, kept, notes, dryRun, git } = outcome;
  const next = dryRun ? [] : nextSteps(outcome, cli);
  const title = dryRun
    ? `Would write ${plural(files.length, "file")} to ${directory}:`
    : `Made ${directory} (${plural(files.length, "file")}).`;
  const lines = [
    dryRun ? title : cli.out.paint("green", title),
    ...(dryRun ? files.map((path) => `  ${path}`) : []),
    ...kept.map((path) => `Kept your own ${path}.`),
    ...(git
      ? [
          git === "made"
            ? "Made it a git repository; nothing is committed yet."
            : `No git repository: ${git}.`,
        ]
      : []),
    ...notes.map((note) => `Note: ${note}`),
    ...(dryRun ? [] : ["", "Next:", ...next.map((command, index) => `  ${index + 1}. ${command}`)]),
    "",
    "To make the same again:",
    `  ${plan.replay}`,
  ];
  cli.out.result({
    json: {
      dir: target,
      created: !dryRun,
      dry_run: dryRun,
      files,
      kept,
      notes,
      git: git ?? null,
      replay: plan.replay,
      next,
    },
    human: lines.join("\n"),
    quiet: target,
  });
}

/** Commands still needed, in the user's package manager. */
function nextSteps({ directory, target }: Outcome, cli: Cli): string[] {
  const manager = packageManager(cli.env, target);
  const enter = target === cli.cwd ? [] : [`cd ${shellWord(directory)}`];
  return [
    ...enter,
    `${manager} install`,
    runScript(manager, "dev"),
    runScript(manager, "deploy", "--dry-run"),
  ];
}

export function notEmpty(directory: string, state: TargetState): UserError {
  const listed = state.occupied.slice(0, 20);
  const more = state.occupied.length - listed.length;
  return new UserError({
    code: "not_empty",
    message: [
      `The folder ${directory} is not empty:`,
      ...listed.map((name) => `  ${name}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join("\n"),
    fix: "Choose another folder, or --overwrite merge (keeps other files) or --overwrite replace (keeps only .git). Nothing was created.",
    data: { occupied: state.occupied, conflicts: state.conflicts },
  });
}

export function noDirectory(cli: Cli): UserError {
  return new UserError({
    code: "input_needed",
    message: "Nobody is here to answer: Where should it be made?",
    fix: `Name a folder: ${cli.programName} create ${DEFAULT_DIRECTORY}. Nothing was created.`,
    exitCode: EXIT.inputNeeded,
    data: { missing: [{ id: "directory", flag: "[dir]" }] },
  });
}
