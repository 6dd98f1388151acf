/** `agent-collab check [dir]`: every problem of a collab directory at once, offline. */
import { resolve } from "node:path";
import { resourceNames } from "../../template/schema/collab.ts";
import type { Problem } from "../../template/schema/problem.ts";
import { inspectCollabDir, invalidCollab, type LoadedCollab, problemLine } from "../collab-dir.ts";
import { bucketSeeds } from "../scaffold/bucket-seeds.ts";
import { EXIT, UserError } from "../terminal/errors.ts";
import { plural } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--strict", "warnings fail too")
    .addHelpText("after", "\nExample:\n  agent-collab check my-collab --json")
    .action((dir: string, options: { strict?: boolean }) => check(dir, options, cli));
};

async function check(dir: string, options: { strict?: boolean }, cli: Cli): Promise<void> {
  const inspected = await inspectCollabDir(resolve(cli.cwd, dir), { cwd: cli.cwd });
  if (!inspected.ok) throw invalidCollab(inspected.problems);
  const loaded = {
    ...inspected.loaded,
    warnings: [...inspected.loaded.warnings, ...(await readmeTooLong(inspected.loaded))],
  };
  if (options.strict && loaded.warnings.length > 0) throw tooManyWarnings(loaded);
  const names = resourceNames(loaded.collab);
  const { warnings } = loaded;
  const good = `${loaded.file} and its task files are good`;
  cli.out.result({
    json: { dir: loaded.dir, file: loaded.file, problems: warnings, resources: names },
    human: [
      ...warnings.map((warning) => cli.out.paint("yellow", problemLine(warning))),
      `${cli.out.paint("green", good)}${warnings.length > 0 ? `, with ${plural(warnings.length, "warning")}` : ""}.`,
    ].join("\n"),
    agent: [...warnings.map(problemLine), `${good} (${plural(warnings.length, "warning")})`].join("\n"),
    quiet: loaded.dir,
  });
}

function tooManyWarnings({ warnings }: LoadedCollab): UserError {
  return new UserError({
    code: "warnings",
    message: [
      ...warnings.map(problemLine),
      `${plural(warnings.length, "warning")}, and --strict was given.`,
    ].join("\n"),
    exitCode: EXIT.failed,
    data: { problems: warnings },
  });
}

/** Agents read this page whole, and every line of it costs each of them. Where there are Jobs, it also says how to use them. */
const README_LINES = 150;
const README_LINES_WITH_JOBS = 170;

async function readmeTooLong(loaded: LoadedCollab): Promise<Problem[]> {
  const nowhere = { backendUrl: "https://backend.example", endpoint: "https://hub.example" };
  const readme = (await bucketSeeds(loaded, nowhere)).find(({ path }) => path === "README.md");
  const lines = String(readme?.content ?? "")
    .trimEnd()
    .split("\n").length;
  const limit = loaded.collab.jobs.enabled ? README_LINES_WITH_JOBS : README_LINES;
  if (lines <= limit) return [];
  return [
    {
      file: loaded.file,
      line: 0,
      column: 0,
      path: "task",
      message: `the page that agents read first has ${lines} lines; they read best up to ${limit}`,
      fix: "Shorten the files of the task; put details into other files and link them.",
      severity: "warning",
    },
  ];
}
