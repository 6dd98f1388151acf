/** `agent-collab hide`: organisers take the text of documents off the board, and bring it back. */
import { findSecret } from "../../template/schema/secrets.ts";
import { closest } from "../../template/schema/suggest.ts";
import { MAX_REASON_CHARACTERS } from "../../template/spaces/backend/board/moderation.ts";
import {
  announcementsOf,
  filenameIn,
  hiddenAnnouncementsOf,
  newestNames,
  placesOf,
} from "../running/documents.ts";
import { findRunning, type RunningCollab } from "../running/find.ts";
import { hideDocuments, readHidden, showDocuments, TAKEN_UP_WITHIN_SECONDS } from "../running/moderation.ts";
import { requireOrganiser } from "../running/organiser.ts";
import { shortValue } from "../running/results.ts";
import { UserError, usageError } from "../terminal/errors.ts";
import { plural, printable } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[files...]", "filenames of messages, notes or results; their paths and links will do")
    .option("--reason <text>", "why; everybody reads it in place of the text")
    .option("--undo", "show them again")
    .option("--list", "say what is hidden, and why")
    .option("--dir <dir>", "the collab directory", ".")
    .option("--dry-run", "say what would change, change nothing")
    .addHelpText(
      "after",
      `\nExample:\n  agent-collab hide FILE --reason "advertising" --dir my-collab\n  agent-collab hide --list --dir my-collab\n  agent-collab hide FILE --undo --dir my-collab`,
    )
    .action((files: string[], options: HideOptions) => {
      if (options.list) return list(files, options, cli);
      return options.undo ? undo(files, options, cli) : hide(files, options, cli);
    });
};

interface HideOptions {
  dir: string;
  reason?: string;
  undo?: boolean;
  list?: boolean;
  dryRun?: boolean;
}

/** What became of one document; with `--dry-run`, what would. */
interface Outcome {
  filename: string;
  /** In the central bucket. */
  paths: string[];
  state: "hidden" | "reason_changed" | "already_hidden" | "shown" | "not_hidden";
  /** The result that this message of the server tells of, and with which it is hidden or shown. */
  announces: string | null;
}

async function list(files: string[], { dir, undo: undone, reason }: HideOptions, cli: Cli): Promise<void> {
  if (files.length > 0 || undone || reason !== undefined)
    throw usageError("--list takes no filenames, no --undo and no --reason.");
  const { hub, names } = await findRunning(dir, cli);
  const hidden = [...(await readHidden(hub.bucket(names.centralBucket)))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const documents = hidden.map(([filename, why]) => ({
    filename: printable(filename),
    reason: printable(why),
  }));
  cli.out.result({
    json: { count: documents.length, hidden: documents },
    agent: [
      documents.length === 0 ? "Nothing is hidden." : `${plural(documents.length, "hidden document")}.`,
      ...documents.map(({ filename, reason: why }) => `${filename}  ${shortValue(why, 500)}`),
    ].join("\n"),
    quiet: documents.map(({ filename }) => filename).join("\n"),
  });
}

async function hide(files: string[], options: HideOptions, cli: Cli): Promise<void> {
  const filenames = filenamesIn(files);
  const reason = requireReason(options.reason);
  const running = await findRunning(options.dir, cli);
  await requireOrganiser(running);
  const places = await requirePlaces(filenames, running);
  const central = running.hub.bucket(running.names.centralBucket);
  const hidden = await readHidden(central);

  const outcome = (filename: string, paths: string[], announces: string | null): Outcome => {
    const before = hidden.get(filename);
    const state =
      before === undefined ? "hidden" : before === reason ? "already_hidden" : ("reason_changed" as const);
    return { filename, paths, state, announces };
  };
  const outcomes = filenames.map((filename) => outcome(filename, places.get(filename) ?? [], null));
  for (const { filename, paths } of [...outcomes]) {
    if (!paths.includes(`results/${filename}`)) continue;
    for (const message of await announcementsOf(filename, running.api))
      if (!outcomes.some((known) => known.filename === message))
        outcomes.push(outcome(message, [`message_board/${message}`], filename));
  }

  const changing = outcomes.filter(({ state }) => state !== "already_hidden").map((one) => one.filename);
  if (changing.length > 0 && !options.dryRun) await hideDocuments(central, changing, reason);
  report({ outcomes, changing, reason, running, options, cli });
}

async function undo(files: string[], options: HideOptions, cli: Cli): Promise<void> {
  const filenames = filenamesIn(files);
  if (options.reason !== undefined) throw usageError("--undo takes no --reason.");
  const running = await findRunning(options.dir, cli);
  await requireOrganiser(running);
  const central = running.hub.bucket(running.names.centralBucket);
  const hidden = await readHidden(central);
  // What is hidden can be shown again even where it is no more.
  const places = await requirePlaces(filenames, running, [...hidden.keys()]);

  const outcomes = filenames.map((filename): Outcome => {
    const state = hidden.has(filename) ? "shown" : "not_hidden";
    return { filename, paths: places.get(filename) ?? [], state, announces: null };
  });
  const others = [...hidden.keys()].filter((filename) => !filenames.includes(filename));
  const shown = outcomes.filter(({ state }) => state === "shown").map((one) => one.filename);
  for (const [filename, announces] of await hiddenAnnouncementsOf(shown, others, central))
    outcomes.push({ filename, paths: [`message_board/${filename}`], state: "shown", announces });

  const changing = outcomes.filter(({ state }) => state === "shown").map((one) => one.filename);
  if (changing.length > 0 && !options.dryRun) await showDocuments(central, changing);
  report({ outcomes, changing, reason: null, running, options, cli });
}

function filenamesIn(files: readonly string[]): string[] {
  if (files.length === 0)
    throw usageError("No filename was given.", "Name what to hide or show; see what is hidden with --list.");
  return [...new Set(files.map(filenameIn))];
}

/** As the backend takes it: with a longer one it would take up nothing of the file. */
function requireReason(text: string | undefined): string {
  const reason = text?.trim() ?? "";
  if (reason === "")
    throw usageError("--reason is missing.", "Say why; everybody reads it in place of the text.");
  if (reason.length > MAX_REASON_CHARACTERS)
    throw usageError(`--reason has ${reason.length} characters; at most ${MAX_REASON_CHARACTERS} are shown.`);
  if (findSecret(reason) !== -1)
    throw usageError(
      "--reason holds what looks like a token, and everybody reads it.",
      "Describe it instead.",
    );
  return reason;
}

/** Where each lies. Throws `no_such_document`, before anything is written, for what is neither there nor `known`. */
async function requirePlaces(
  filenames: readonly string[],
  running: RunningCollab,
  known: readonly string[] = [],
): Promise<Map<string, string[]>> {
  const places = new Map<string, string[]>();
  for (const filename of filenames) places.set(filename, await placesOf(filename, running));
  const unknown = filenames.filter((name) => places.get(name)?.length === 0 && !known.includes(name));
  const [first] = unknown;
  if (first === undefined) return places;
  const suggestion = closest(first, [...known, ...(await newestNames(running.api))]);
  throw new UserError({
    code: "no_such_document",
    message: `There is no message, note or result ${unknown.join(", ")}. Nothing was changed.`,
    fix: suggestion
      ? `Did you mean ${printable(suggestion)}?`
      : `See what there is: ${running.api.url}/v1/messages and ${running.api.url}/v1/results`,
    data: { unknown },
  });
}

const WORDS: Record<Outcome["state"], [done: string, planned: string]> = {
  hidden: ["Hidden", "Would hide"],
  reason_changed: ["Hidden for another reason now", "Would change the reason of"],
  already_hidden: ["Already hidden", "Already hidden"],
  shown: ["Shown again", "Would show again"],
  not_hidden: ["Not hidden", "Not hidden"],
};

function report(done: {
  outcomes: readonly Outcome[];
  changing: readonly string[];
  /** `null`: shown again. */
  reason: string | null;
  running: RunningCollab;
  options: HideOptions;
  cli: Cli;
}): void {
  const { outcomes, changing, reason, running, cli } = done;
  const dryRun = done.options.dryRun === true;
  const changed = changing.length > 0 && !dryRun;
  const bucket = running.names.centralBucket;
  const words = (outcome: Outcome) =>
    `${WORDS[outcome.state][dryRun ? 1 : 0]}: ${placeText(outcome)}${aboutText(outcome)}`;
  const files = outcomes.map(({ filename }) => filename);
  cli.out.result({
    json: {
      action: reason === null ? "undo" : "hide",
      ...{ dry_run: dryRun, changed, reason, documents: outcomes },
      takes_effect_within_seconds: changed ? TAKEN_UP_WITHIN_SECONDS : null,
      central_bucket: bucket,
    },
    agent: [
      ...outcomes.map((outcome) => printable(words(outcome))),
      ...(changed ? ["", `The board takes it up within ${TAKEN_UP_WITHIN_SECONDS} seconds.`] : []),
      ...(changed && reason !== null ? limitsText(files, bucket) : []),
    ].join("\n"),
    quiet: files.join("\n"),
  });
}

const placeText = ({ filename, paths }: Outcome) => (paths.length === 0 ? filename : paths.join(" and "));

function aboutText({ filename, paths, announces }: Outcome): string {
  if (announces !== null) return `, which tells of ${announces}`;
  const both = [`results/${filename}`, `message_board/${filename}`].every((path) => paths.includes(path));
  return both ? ", its announcement" : "";
}

/** What hiding is not, for whoever takes it for deleting. */
function limitsText(files: readonly string[], bucket: string): string[] {
  return [
    "It shows the reason in place of the text, and still shows author and time.",
    `Nothing is deleted: whoever can read the bucket ${bucket} can read the file there.`,
    "If a secret has leaked, revoke it, and delete the file there too, with its copies in inboxes:",
    ...files.map((name) => `  hf buckets rm ${bucket} --recursive --include "*/${name}"`),
    `To show it again: agent-collab hide ${files[0]} --undo`,
  ];
}
