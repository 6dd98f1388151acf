/** Everything a new collab directory will hold, decided before anything is written. */

import { parseDocument } from "yaml";
import { resourceNames } from "../../template/schema/collab.ts";
import { parseCollab } from "../../template/schema/parse.ts";
import { invalidCollab } from "../collab-dir.ts";
import { packageVersion } from "../package-root.ts";
import { type Answers, answer } from "../questions/question.ts";
import { type CollabData, collabData } from "./collab-data.ts";
import { exampleFiles } from "./example.ts";
import { type ProjectFile, projectFiles } from "./project-files.ts";
import { oneLine } from "./render.ts";
import { replayCommand } from "./replay.ts";

export interface ScaffoldPlan {
  files: ProjectFile[];
  replay: string;
  /** What the person should know about them. */
  notes: string[];
}

/** A file that settings came from, beyond what the answers say. */
export interface SettingsSource {
  file: string;
  settings: readonly { path: string[]; value: unknown }[];
}

/** A collab from answers. `directory` is the target as the user named it. */
export async function planFromAnswers(
  directory: string,
  answers: Answers,
  source?: SettingsSource,
): Promise<ScaffoldPlan> {
  const version = packageVersion();
  const replay = replayCommand({ directory, answers, version, ...(source ? { from: source.file } : {}) });
  const files = await projectFiles(collabData(answers, { replay, version }));
  return checked({
    files: files.map((file) => withSettings(file, source?.settings ?? [])),
    replay,
    notes: answer(answers, "verification") === "jobs" ? [ISOLATION_NOTE] : [],
  });
}

const ISOLATION_NOTE =
  "Re-runs count once the harness keeps submissions from the private data: see verification.isolation in collab.yaml.";

function withSettings(file: ProjectFile, settings: SettingsSource["settings"]): ProjectFile {
  if (file.path !== "collab.yaml" || settings.length === 0) return file;
  const document = parseDocument(Buffer.from(file.content).toString("utf8"));
  for (const { path, value } of settings) document.setIn(path, document.createNode(value));
  return { ...file, content: Buffer.from(document.toString({ lineWidth: 0 })) };
}

/** A collab from an example; only the given answers change it. */
export async function planFromExample(
  directory: string,
  example: string,
  given: Answers,
): Promise<ScaffoldPlan> {
  const version = packageVersion();
  const replay = replayCommand({ directory, answers: given, version, example });
  const own = await exampleFiles(example, given);
  const data = dataOfExample(own, { replay, version });
  const shared = await projectFiles(data);
  const paths = new Set(own.map(({ path }) => path));
  const files = [...own, ...shared.filter(({ path }) => !paths.has(path) && !isTaskFile(path))];
  const notes = given.org
    ? []
    : [
        `The organisations ${data.org} and ${data.adminOrg} are the example's. Put your own into collab.yaml before you deploy (or give --org).`,
      ];
  return checked({ files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), replay, notes });
}

/** Texts of the task come from the example as a whole, never half from the template. */
function isTaskFile(path: string): boolean {
  return /^(task|harness|evaluator)\//.test(path);
}

/** What README.md, SETUP.md and package.json say, read from the example's own collab.yaml. */
function dataOfExample(
  files: readonly ProjectFile[],
  context: { replay: string; version: string },
): CollabData {
  const parsed = parseCollab(textOf(files, "collab.yaml"), "collab.yaml");
  if (!parsed.ok) throw invalidCollab(parsed.problems);
  const { collab, jobs, verification } = parsed.collab;
  return {
    // Parts of the template that an example replaces still get filled in; they are then left out.
    ...collabData(
      { hardware: jobs.enabled ? jobs.hardware : "none", verification: verification.mode },
      context,
    ),
    slug: collab.slug,
    title: collab.title,
    titleLine: oneLine(collab.title),
    org: collab.org,
    adminOrg: resourceNames(parsed.collab).adminOrg,
    verificationRuns: verification.mode === "jobs" ? String(verification.runs_per_day) : "",
    budget: jobs.budget_per_day === null ? "" : String(jobs.budget_per_day),
  };
}

/** What `create` writes must be what `check` accepts. */
function checked(plan: ScaffoldPlan): ScaffoldPlan {
  const parsed = parseCollab(textOf(plan.files, "collab.yaml"), "collab.yaml");
  if (!parsed.ok) throw invalidCollab(parsed.problems);
  return plan;
}

function textOf(files: readonly ProjectFile[], path: string): string {
  return Buffer.from(files.find((file) => file.path === path)?.content ?? []).toString("utf8");
}
