/** The course of `create`: decide everything, then write, then say what happened. */
import { basename, resolve } from "node:path";
import type { Cli } from "../commands/index.ts";
import { toId } from "../questions/lists.ts";
import { type Answers, answer, type Question } from "../questions/question.ts";
import { type Rest, resolveAnswers } from "../questions/resolve.ts";
import { FROM_CHALLENGE, GIT, NEXT, OVERWRITE, START } from "../questions/steps.ts";
import type { ScaffoldPlan } from "../scaffold/plan.ts";
import { holds, inspectTarget, isKept, type Overwrite } from "../scaffold/target.ts";
import { writeDirectory } from "../scaffold/write-directory.ts";
import { interruptible, uninterrupted } from "../terminal/interruption.ts";
import { shellWord } from "../terminal/text.ts";
import type { Conversation } from "./conversation.ts";
import { gitInit, gitIsPossible } from "./git.ts";
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

/** A request with everything that a person had to be asked for at its beginning. */
interface Begun extends Request {
  start: Start;
  /** `undefined`: nobody is asked. */
  talk: Conversation | undefined;
}

/** Where the collab goes. */
interface Place {
  /** As the user named it, and absolute. */
  directory: string;
  target: string;
  overwrite: Overwrite;
}

/** What is decided before anything is written. */
interface Decision extends Place {
  from: string | undefined;
  /** Empty for an example. */
  answers: Answers;
  plan: ScaffoldPlan;
  files: ScaffoldPlan["files"];
  /** Files of the user's that stay as they are. */
  kept: string[];
  /** Everything is there as it would be written. */
  already: boolean;
}

/** Everything that was settled before the first byte is written. */
interface Settled {
  begun: Begun;
  decision: Decision;
  wantsGit: string;
  next: string;
}

export async function create(request: Request): Promise<void> {
  const { options, cli } = request;
  // Between two questions Ctrl-C is a signal and no key.
  const { begun, decision, wantsGit, next } = await interruptible(
    () => settle(request),
    "Interrupted. Nothing was created.",
  );
  const { target, directory, plan, files, kept, already } = decision;
  const dryRun = options.dryRun === true;
  if (!dryRun && !already) {
    const removeRest = decision.overwrite === "replace";
    await uninterrupted(() => writeDirectory(target, files, { removeRest }), interruptedText(directory));
  }
  report(
    {
      directory,
      target,
      plan,
      answers: decision.answers,
      files: (already ? plan.files : files).map(({ path }) => path),
      kept,
      notes: [...(begun.inputs.converted?.notes ?? []), ...plan.notes],
      dryRun,
      already,
      git: wantsGit === "yes" && !dryRun ? gitInit(target) : undefined,
    },
    cli,
  );
  if (dryRun || next === "nothing") return;
  await cli.run(next === "dev" ? ["dev", target] : ["deploy", target, "--dry-run"]);
}

async function settle(request: Request): Promise<Settled> {
  const { options } = request;
  const begun = await begin(request);
  const { talk } = begun;
  /** Every question is asked, also those about what happens at the end. */
  const thorough = talk !== undefined && begun.start.kind === "custom";
  const step = async (question: Question, given: string | undefined, possible = true) =>
    given ?? (thorough && !options.dryRun && possible ? await talk.step(question) : question.initial({}));

  const decided = await decide(begun);
  // All questions come before the first byte: whoever stops at one has created nothing.
  const wantsGit = await step(GIT, options.git, gitIsPossible(decided.target));
  const next = await step(NEXT, options.next);
  const decision = thorough
    ? await talk.confirm(decided, (answers) => planned(begun, decided, answers))
    : decided;
  talk?.end();
  return { begun, decision, wantsGit, next };
}

const interruptedText = (directory: string) =>
  `Interrupted. ${directory} was created; go on with: agent-collab check ${shellWord(directory)}`;

/** Asks how to start, if nobody said. */
async function begin(request: Request): Promise<Begun> {
  const { dir, options, inputs, cli } = request;
  const asking = cli.interactive && !options.yes;
  if (dir === undefined && !asking && !options.yes) throw noDirectory(cli);
  // Loaded only when somebody is there to talk to.
  const talk = asking ? new (await import("./conversation.ts")).Conversation(cli) : undefined;
  const said = options.example ?? options.start;
  const answered = options.config !== undefined || inputs.converted !== undefined;
  if (said !== undefined || answered || !talk) {
    return { ...request, talk, start: startOf(said ?? START.unattended?.({}) ?? "custom") };
  }
  const chosen = await talk.start();
  if (chosen !== FROM_CHALLENGE) return { ...request, talk, start: startOf(chosen) };
  const { from, converted } = await talk.challenge();
  return {
    ...request,
    talk,
    start: startOf("custom"),
    options: { ...options, from },
    inputs: { converted, given: { ...converted.answers, ...inputs.given } },
  };
}

async function decide(begun: Begun): Promise<Decision> {
  const { options, inputs, cli, start, talk } = begun;
  // A name that starts with a dash would be a flag wherever it is printed.
  const named = begun.dir?.trim().replace(/^-/, "./-") || (options.yes ? DEFAULT_DIRECTORY : undefined);
  if (start.kind === "example") {
    const place = await choosePlace(begun, named ?? (await talk?.directory(start.name)) ?? start.name);
    return planned(begun, place, {});
  }
  // With the recommended settings the folder is named after the title, which saves a question.
  const early = named ?? (start.kind === "custom" ? await talk?.directory(DEFAULT_DIRECTORY) : undefined);
  const place = early === undefined ? undefined : await choosePlace(begun, early);
  const answers = await resolveAnswers({
    given: inputs.given,
    directory: basename(resolve(cli.cwd, early ?? DEFAULT_DIRECTORY)),
    rest: whoAnswers(begun, early ?? DEFAULT_DIRECTORY),
  });
  const late = toId(answer(answers, "title")) || DEFAULT_DIRECTORY;
  return planned(begun, place ?? (await choosePlace(begun, late)), answers);
}

function whoAnswers({ options, start, talk }: Begun, directory: string): Rest {
  if (talk) return talk.rest(start, { directory, from: options.from });
  return options.yes ? { by: "defaults" } : { by: "nobody" };
}

/** Asks about a folder that holds other things before the questions that may turn out to be for nothing. */
async function choosePlace({ options, cli, talk }: Begun, directory: string): Promise<Place> {
  const target = resolve(cli.cwd, directory);
  const given = options.force ? "merge" : options.overwrite;
  if (given !== undefined || !talk) return { directory, target, overwrite: given ?? "abort" };
  const state = await inspectTarget(target, []);
  if (state.occupied.length === 0) return { directory, target, overwrite: "abort" };
  const overwrite = (await talk.step(OVERWRITE)) as Overwrite;
  if (overwrite === "abort") throw notEmpty(directory, state);
  return { directory, target, overwrite };
}

/** @throws UserError `not_empty` if something is in the way and nobody said what to do with it. */
async function planned({ options, inputs, start }: Begun, place: Place, answers: Answers): Promise<Decision> {
  const { directory, target, overwrite } = place;
  const source =
    options.from === undefined || !inputs.converted
      ? undefined
      : { file: options.from, settings: inputs.converted.settings };
  // Templates and YAML are loaded when they are needed: the first question comes sooner without them.
  const { planFromAnswers, planFromExample } = await import("../scaffold/plan.ts");
  const plan =
    start.kind === "example"
      ? await planFromExample(directory, start.name, inputs.given)
      : await planFromAnswers(directory, answers, source);
  const state = await inspectTarget(
    target,
    plan.files.map(({ path }) => path),
  );
  const already = overwrite === "abort" && (await holds(target, plan.files));
  if (overwrite === "abort" && state.occupied.length > 0 && !already) throw notEmpty(directory, state);
  const kept = already ? [] : state.conflicts.filter((path) => isKept(path, overwrite));
  const files = already ? [] : plan.files.filter(({ path }) => !kept.includes(path));
  return { ...place, answers, plan, kept, files, already, from: options.from };
}
