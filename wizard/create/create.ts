/** The course of `create`: decide everything, then write, then say what happened. */
import { basename, resolve } from "node:path";
import type { Cli } from "../commands/index.ts";
import { toId } from "../questions/lists.ts";
import { answer, type Question } from "../questions/question.ts";
import { type Rest, resolveAnswers } from "../questions/resolve.ts";
import { GIT, NEXT, OVERWRITE, START } from "../questions/steps.ts";
import { planFromAnswers, planFromExample, type ScaffoldPlan } from "../scaffold/plan.ts";
import { inspectTarget, isHarmless, type Overwrite } from "../scaffold/target.ts";
import { writeDirectory } from "../scaffold/write-directory.ts";
import { gitInit } from "./git.ts";
import type { CreateOptions, Inputs } from "./inputs.ts";
import { noDirectory, notEmpty, report } from "./report.ts";
import { DEFAULT_DIRECTORY, type Start, startOf } from "./start.ts";

interface Request {
  /** As typed; it may be missing. */
  dir: string | undefined;
  options: CreateOptions;
  inputs: Inputs;
  cli: Cli;
}

/** What is decided before anything is written. */
interface Decision {
  directory: string;
  target: string;
  plan: ScaffoldPlan;
  overwrite: Overwrite;
  files: ScaffoldPlan["files"];
  kept: string[];
}

/** Loaded only when somebody is there to talk to. */
const conversation = () => import("./conversation.ts");

export async function create(request: Request): Promise<void> {
  const { options, inputs, cli } = request;
  const asking = cli.interactive && !options.yes;
  const start = await chooseStart(request, asking);
  /** Every question is asked, also those about what happens at the end. */
  const thorough = asking && start.kind === "custom";
  const decision = await decide(request, start, asking);
  const { target, directory, plan, files, kept } = decision;
  const dryRun = options.dryRun === true;
  const step = async (question: Question, given: string | undefined) =>
    given ??
    (thorough && !dryRun ? await (await conversation()).askStep(cli, question) : question.initial({}));
  // All questions come before the first byte: whoever stops at one has created nothing.
  const wantsGit = await step(GIT, options.git);
  const next = await step(NEXT, options.next);
  if (thorough) await (await conversation()).confirmSummary(cli, summary(decision));

  if (!dryRun) await writeDirectory(target, files, { removeRest: decision.overwrite === "replace" });
  const git = wantsGit === "yes" && !dryRun ? gitInit(target) : undefined;
  report(
    {
      directory,
      target,
      plan,
      files: files.map(({ path }) => path),
      kept,
      notes: inputs.converted?.notes ?? [],
      dryRun,
      git,
    },
    cli,
  );
  if (dryRun || next === "nothing") return;
  await cli.run(next === "dev" ? ["dev", target] : ["deploy", target, "--dry-run"]);
}

async function chooseStart({ options, inputs, cli }: Request, asking: boolean): Promise<Start> {
  const named = options.example ?? options.start;
  if (named !== undefined) return startOf(named);
  const answered = options.config !== undefined || inputs.converted !== undefined;
  return asking && !answered
    ? (await conversation()).askStart(cli)
    : startOf(START.unattended?.({}) ?? "custom");
}

async function decide(request: Request, start: Start, asking: boolean): Promise<Decision> {
  const { options, cli } = request;
  const { directory, plan } = await makePlan(request, start, asking);
  const target = resolve(cli.cwd, directory);
  const state = await inspectTarget(
    target,
    plan.files.map(({ path }) => path),
  );
  const given = options.force ? "merge" : options.overwrite;
  const asked = given === undefined && asking && state.occupied.length > 0;
  const overwrite =
    given ?? (asked ? ((await (await conversation()).askStep(cli, OVERWRITE)) as Overwrite) : "abort");
  if (overwrite === "abort" && state.occupied.length > 0) throw notEmpty(directory, state);
  const kept = overwrite === "abort" ? state.conflicts.filter(isHarmless) : [];
  return {
    directory,
    target,
    plan,
    overwrite,
    kept,
    files: plan.files.filter(({ path }) => !kept.includes(path)),
  };
}

async function makePlan(
  request: Request,
  start: Start,
  asking: boolean,
): Promise<{ directory: string; plan: ScaffoldPlan }> {
  const { dir, options, inputs, cli } = request;
  // A name that starts with a dash would be a flag wherever it is printed.
  const named = dir?.trim().replace(/^-/, "./-") || (options.yes ? DEFAULT_DIRECTORY : undefined);
  if (named === undefined && !asking) throw noDirectory(cli);
  const { given, converted } = inputs;
  if (start.kind === "example") {
    const directory = named ?? (await (await conversation()).askDirectory(cli, start.name));
    return { directory, plan: await planFromExample(directory, start.name, given) };
  }
  // With the recommended settings the folder is named after the title, which saves a question.
  const early =
    named ?? (start.kind === "custom" ? await (await conversation()).askDirectory(cli) : undefined);
  const base = basename(resolve(cli.cwd, early ?? DEFAULT_DIRECTORY));
  const answers = await resolveAnswers({
    given,
    directory: base,
    rest: await whoAnswers(request, start, asking),
  });
  const directory = early ?? (toId(answer(answers, "title")) || DEFAULT_DIRECTORY);
  const source =
    options.from === undefined || !converted
      ? undefined
      : { file: options.from, settings: converted.settings };
  return { directory, plan: await planFromAnswers(directory, answers, source) };
}

async function whoAnswers({ options, cli }: Request, start: Start, asking: boolean): Promise<Rest> {
  if (options.yes) return { by: "defaults" };
  if (!asking) return { by: "nobody" };
  return (await conversation()).restByPerson(cli, start);
}

function summary({ directory, plan, files }: Decision): string {
  const yaml = plan.files.find(({ path }) => path === "collab.yaml");
  const lines = Buffer.from(yaml?.content ?? [])
    .toString("utf8")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  return [
    `${directory}/ with ${files.map(({ path }) => path).join(", ")}`,
    "",
    ...lines.map((line) => `  ${line}`),
  ].join("\n");
}
