/** A collab directory on disk, read and checked as a whole: `collab.yaml` and the files it names. */
import { readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Document } from "yaml";
import type { Collab } from "../template/schema/collab.ts";
import { parseCollab } from "../template/schema/parse.ts";
import { type Problem, problemText } from "../template/schema/problem.ts";
import { hasOpenFence } from "./markdown.ts";
import { UserError } from "./terminal/errors.ts";
import { plural, shellWord } from "./terminal/text.ts";
import { UNWRITTEN } from "./unwritten.ts";

export const COLLAB_FILE = "collab.yaml";
/** Per part of the task: it is read by agents again and again. */
const MAX_PART_BYTES = 64 * 1024;

export interface LoadedCollab {
  /** Absolute. */
  dir: string;
  /** `collab.yaml` as the user would name it. */
  file: string;
  collab: Collab;
  /** The text of `collab.yaml` as it is, comments included. */
  yaml: string;
  document: Document;
  /** Text of the task's files. */
  parts: TaskParts;
  warnings: Problem[];
}

export interface TaskParts {
  goal: string;
  rules: string;
  measure: string;
  validity: string;
  guidelines?: string;
}

const PART_PURPOSE: Record<keyof TaskParts, string> = {
  goal: "what everybody is working on, and why it is hard",
  rules: "what is allowed and what is not",
  measure: "how a result is measured, with exact commands",
  validity: "when a result counts, and who decides",
  guidelines: "how to explore: what to try, what not to repeat",
};

/**
 * Reads and checks the directory. Nothing is written and no network is needed.
 *
 * @throws UserError `invalid_collab` with every problem at once, `no_collab` if there is no collab.yaml.
 */
export async function loadCollabDir(dir: string, options: { cwd?: string } = {}): Promise<LoadedCollab> {
  const result = await inspectCollabDir(dir, options);
  if (result.ok) return result.loaded;
  throw invalidCollab(result.problems);
}

export type Inspected = { ok: true; loaded: LoadedCollab } | { ok: false; problems: Problem[] };

/** The same with the problems as data. Throws only when there is no `collab.yaml` at all. */
export async function inspectCollabDir(dir: string, options: { cwd?: string } = {}): Promise<Inspected> {
  const cwd = options.cwd ?? process.cwd();
  const shown = (name: string) => {
    const near = relative(cwd, join(dir, name));
    return near.startsWith("..") ? join(dir, name) : near;
  };
  const file = shown(COLLAB_FILE);
  const yaml = await readCollabFile(dir, file);
  const parsed = parseCollab(yaml, file);
  if (!parsed.ok) return parsed;
  const { collab, document } = parsed;
  const problems: Problem[] = [];
  const parts = await readParts(dir, collab, shown, problems);
  await checkFolders(dir, collab, shown, problems);
  if (problems.length > 0) return { ok: false, problems };
  const warnings = [...parsed.warnings, ...unwritten(parts, collab, shown)];
  return { ok: true, loaded: { dir, file, collab, yaml, document, parts, warnings } };
}

export function invalidCollab(problems: readonly Problem[]): UserError {
  const errors = problems.filter(({ severity }) => severity === "error");
  return new UserError({
    code: "invalid_collab",
    message: [...problems.map(problemLine), `${plural(errors.length, "problem")} found.`].join("\n"),
    fix: `Mend ${errors.length === 1 ? "it" : "them"}, then run \`agent-collab check\` again.`,
    data: { problems },
  });
}

/** One problem for a person, with what stands there now. */
export function problemLine(problem: Problem): string {
  const warning = problem.severity === "warning" ? "warning: " : "";
  const value = problem.value === undefined ? "" : ` (it is ${JSON.stringify(problem.value)})`;
  return problemText({ ...problem, message: `${warning}${problem.message}${value}` });
}

/** Texts that are still what `create` put there. */
function unwritten(parts: TaskParts, { task }: Collab, shown: (name: string) => string): Problem[] {
  return (["goal", "rules", "measure", "validity"] as const)
    .filter((part) => parts[part].startsWith(UNWRITTEN))
    .map((part) => ({
      file: shown(task[part]),
      line: 1,
      column: 1,
      path: "",
      message: "is not written yet",
      fix: `Write it. It says ${PART_PURPOSE[part]}.`,
      severity: "warning",
    }));
}

async function readCollabFile(dir: string, file: string): Promise<string> {
  try {
    return await readFile(join(dir, COLLAB_FILE), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    const folder = await stat(dir).catch(() => null);
    throw new UserError({
      code: "no_collab",
      message: folder?.isDirectory() ? `There is no ${file}.` : `There is no folder ${dir}.`,
      fix: `Name the folder of a collab, or make one: agent-collab create ${shellWord(dir)}`,
    });
  }
}

async function readParts(
  dir: string,
  { task, exploration }: Collab,
  shown: (name: string) => string,
  problems: Problem[],
): Promise<TaskParts> {
  const read = async (part: keyof TaskParts, name: string): Promise<string> => {
    const report = (message: string, fix: string) =>
      problems.push({ file: shown(name), line: 0, column: 0, path: "", message, fix, severity: "error" });
    const belongs = `It says ${PART_PURPOSE[part]}.`;
    try {
      const bytes = await readFile(join(dir, name));
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      if (bytes.length > MAX_PART_BYTES)
        report(
          `is larger than ${MAX_PART_BYTES / 1024} KB`,
          "Keep the essentials; put the rest into other files and link them.",
        );
      else if (text.trim() === "") report("is empty", `Write it. ${belongs}`);
      else if (hasOpenFence(text))
        report("has a code block that never ends", "Close it with a line of the same ``` or ~~~.");
      return text;
    } catch (error) {
      if (error instanceof TypeError) report("is not UTF-8 text", "Save it as UTF-8.");
      else if ((error as NodeJS.ErrnoException).code === "ENOENT")
        report("is missing", `Write it. ${belongs}`);
      else
        report(
          `cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`,
          `It must be a text file. ${belongs}`,
        );
      return "";
    }
  };
  const [goal, rules, measure, validity, guidelines] = await Promise.all([
    read("goal", task.goal),
    read("rules", task.rules),
    read("measure", task.measure),
    read("validity", task.validity),
    exploration.guidelines === undefined ? undefined : read("guidelines", exploration.guidelines),
  ]);
  return { goal, rules, measure, validity, ...(guidelines === undefined ? {} : { guidelines }) };
}

/** The organisers' own code must be there before anything that needs it is switched on. */
async function checkFolders(
  dir: string,
  { jobs, verification }: Collab,
  shown: (name: string) => string,
  problems: Problem[],
): Promise<void> {
  const need = async (name: string, purpose: string, fix: string) => {
    if (await stat(join(dir, name)).catch(() => null)) return;
    problems.push({
      file: shown(name),
      line: 0,
      column: 0,
      path: "",
      message: `is missing: ${purpose}`,
      fix,
      severity: "error",
    });
  };
  if (jobs.enabled) {
    await need(
      join(jobs.harness, jobs.entrypoint),
      "what a Job runs",
      "Write it, or set jobs.enabled: false.",
    );
  }
  if (verification.mode === "eval-space") {
    await need(
      verification.evaluator,
      "what scores pending results",
      "Write it, or choose another verification.mode.",
    );
  }
}
