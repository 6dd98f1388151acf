/** What `create` says when it is done, and the errors it ends with. */
import type { Cli } from "../commands/index.ts";
import { costInWords } from "../questions/cost-words.ts";
import { worstCosts } from "../questions/costs.ts";
import { type Answers, answer } from "../questions/question.ts";
import type { ScaffoldPlan } from "../scaffold/plan.ts";
import type { TargetState } from "../scaffold/target.ts";
import { EXIT, UserError } from "../terminal/errors.ts";
import { isInstalled, packageManager, runScript } from "../terminal/package-manager.ts";
import { plural, shellWord } from "../terminal/text.ts";
import type { GitOutcome } from "./git.ts";
import { DEFAULT_DIRECTORY } from "./start.ts";

export interface Outcome {
  /** As the user named it, and absolute. */
  directory: string;
  target: string;
  plan: ScaffoldPlan;
  /** Empty for an example. */
  answers: Answers;
  files: string[];
  /** Files of the user's that were left as they are. */
  kept: string[];
  notes: string[];
  dryRun: boolean;
  /** Every file was there, byte for byte: nothing was written. */
  already: boolean;
  git: GitOutcome | undefined;
}

/** A command that is longer than this is not printed for people: the README of the collab has it. */
const MAX_REPLAY_CHARACTERS = 1_200;

export function report(outcome: Outcome, cli: Cli): void {
  const { target, plan, answers, files, kept, notes, dryRun, already, git } = outcome;
  const next = dryRun ? [] : nextSteps(outcome, cli);
  const title = titleOf(outcome);
  const hasJobs = worstCosts(answers) !== undefined;
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
    ...(hasJobs ? [costInWords(answers)] : []),
    ...[...notes, ...managerNotes(outcome, cli)].map((note) => `Note: ${note}`),
    ...(dryRun ? [] : ["", "Next:", ...next.map((command, index) => `  ${index + 1}. ${command}`)]),
    "",
    ...replayLines(plan.replay),
  ];
  cli.out.result({
    json: {
      dir: target,
      created: !dryRun && !already,
      already,
      dry_run: dryRun,
      files,
      kept,
      notes,
      git: git ?? null,
      worst_costs: costsAsData(answers),
      replay: plan.replay,
      next,
    },
    human: lines.join("\n"),
    agent: lines.join("\n"),
    quiet: target,
  });
}

function titleOf({ directory, files, dryRun, already }: Outcome): string {
  if (already) return `${directory} is there already, just as it would be made. Nothing was written.`;
  return dryRun
    ? `Would write ${plural(files.length, "file")} to ${directory}:`
    : `Made ${directory} (${plural(files.length, "file")}).`;
}

function replayLines(replay: string): string[] {
  return replay.length > MAX_REPLAY_CHARACTERS
    ? ["The command that makes the same again is at the end of its README.md."]
    : ["To make the same again:", `  ${replay}`];
}

/** US dollars; `null` without Jobs. */
function costsAsData(answers: Answers) {
  const costs = worstCosts(answers);
  if (costs === undefined) return null;
  const budget = answer(answers, "budget");
  return {
    price_per_hour: costs.pricePerHour,
    one_job: cents(costs.oneJob),
    participant_day: cents(costs.participantDay),
    verification_day: cents(costs.verificationDay),
    budget_per_day: budget === "" ? null : Number(budget),
  };
}

const cents = (amount: number) => Math.round(amount * 100) / 100;

/** Commands still needed, in the user's package manager. */
function nextSteps({ directory, target }: Outcome, cli: Cli): string[] {
  const manager = packageManager(cli.env, [target, cli.cwd]);
  const enter = target === cli.cwd ? [] : [`cd ${shellWord(directory)}`];
  return [
    ...enter,
    `${manager} install`,
    runScript(manager, "dev"),
    runScript(manager, "deploy", "--dry-run"),
  ];
}

/** A lock file may name a package manager that this machine does not have. */
function managerNotes({ target }: Outcome, cli: Cli): string[] {
  const manager = packageManager(cli.env, [target, cli.cwd]);
  if (isInstalled(manager, cli.env)) return [];
  return [`${manager} is not installed here; npm does as well.`];
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
    data: {
      status: "action_required",
      reason: "missing_answers",
      human: "Where should the collab be made? (a new folder)",
      missing: [{ id: "directory", flag: "[dir]" }],
    },
  });
}
