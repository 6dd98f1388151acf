/** `agent-collab logs`: what a Space or a Job of the collab printed last. */
import { resolve } from "node:path";
import { Option } from "commander";
import { createHub } from "../../template/hub/client.ts";
import type { Hub } from "../../template/hub/types.ts";
import { type Collab, resourceNames, verificationNamespace } from "../../template/schema/collab.ts";
import { maskSecrets } from "../../template/schema/secrets.ts";
import { parseRun, RUN_ID_PATTERN, runPath } from "../../template/spaces/backend/documents/run.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { resolveTarget } from "../deploy/target.ts";
import { UserError, usageError } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

const PARTS = ["backend", "eval"] as const;
type Part = (typeof PARTS)[number];

interface LogsFlags {
  lines: string;
  build?: boolean;
  of: Part;
  run?: string;
  job?: string;
}

const MAX_LINES = 10_000;

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("-n, --lines <n>", "how many", "100")
    .addOption(new Option("--of <space>", "which Space").choices(PARTS).default("backend" satisfies Part))
    .option("--build", "the log of the Space's build, not of its run")
    .addOption(new Option("--run <run_id>", "the last Job of a run").conflicts(["job", "build"]))
    .addOption(new Option("--job <id>", "a Job, by the Hub's id").conflicts(["run", "build"]))
    .addHelpText("after", "\nExample:\n  agent-collab logs my-collab --lines 20")
    .action((dir: string, flags: LogsFlags) => logs(resolve(cli.cwd, dir), flags, cli));
};

/** Where lines come from: `source` for the JSON document, `what` in words. */
interface Log {
  source: Record<string, string>;
  what: string;
  lines: string[];
}

async function logs(dir: string, flags: LogsFlags, cli: Cli): Promise<void> {
  const count = Number(flags.lines);
  if (!Number.isInteger(count) || count < 1 || count > MAX_LINES) {
    throw usageError(`--lines takes a whole number from 1 to ${MAX_LINES}.`);
  }
  const { collab } = await loadCollabDir(dir, { cwd: cli.cwd });
  const { endpoint, token } = await resolveTarget(cli.env);
  const hub = createHub({ endpoint, token });
  const { source, what, lines } = await readLog(hub, collab, flags, count);
  // Programs print what participants send them.
  const safe = lines.map((line) => maskSecrets(printable(line)));
  cli.out.result({
    json: { ...source, lines: safe },
    agent: safe.length > 0 ? safe.join("\n") : `${what} is empty.`,
    quiet: safe.join("\n"),
  });
}

function readLog(hub: Hub, collab: Collab, flags: LogsFlags, count: number): Promise<Log> {
  if (flags.run !== undefined) return runLog(hub, collab, flags.run, count);
  if (flags.job !== undefined) return jobLog(hub, collab, flags.job, count);
  return spaceLog(hub, collab, flags, count);
}

async function spaceLog(hub: Hub, collab: Collab, { of, build }: LogsFlags, count: number): Promise<Log> {
  const names = resourceNames(collab);
  const space = hub.space(of === "eval" ? names.evalSpace : names.backendSpace);
  if (!(await space.info())) {
    throw new UserError({
      code: "not_deployed",
      message: `There is no Space ${space.id} at ${hub.endpoint}.`,
      fix:
        of === "eval" && collab.verification.mode !== "eval-space"
          ? "This collab has none: its verification.mode is another one."
          : "Run `agent-collab deploy`.",
    });
  }
  const kind = build ? "build" : "run";
  const lines = await space.logs(kind, count);
  return { source: { space: space.id, kind }, what: `The ${kind} log of ${space.id}`, lines };
}

/** By the run's own file in the record, which is there also when the backend is not. */
async function runLog(hub: Hub, collab: Collab, id: string, count: number): Promise<Log> {
  if (!RUN_ID_PATTERN.test(id)) {
    throw usageError(`${id} is not the id of a run.`, "They look like 20260601-100000-000_agent.");
  }
  const { centralBucket } = resourceNames(collab);
  const text = await hub.bucket(centralBucket).readText(runPath(id), { maxBytes: 1024 * 1024 });
  const run = text === null ? null : parseRun(text);
  const job = run?.attempts.findLast(({ job_id }) => job_id !== null)?.job_id;
  if (!run || !job) {
    throw new UserError({
      code: "no_such_job",
      message: run ? `The run ${id} has no Job yet: it is ${run.status}.` : `There is no run ${id}.`,
      fix: "Runs are listed by the backend: GET /v1/runs.",
    });
  }
  const lines = await hub.jobs(run.namespace).logs(job, count);
  return { source: { run: id, namespace: run.namespace, job }, what: `The log of the Job ${job}`, lines };
}

async function jobLog(hub: Hub, collab: Collab, id: string, count: number): Promise<Log> {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(id)) throw usageError(`${id} is not the id of a Job.`);
  const namespaces = new Set([resourceNames(collab).org, verificationNamespace(collab)]);
  for (const namespace of namespaces) {
    const jobs = hub.jobs(namespace);
    if (!(await jobs.get(id))) continue;
    return {
      source: { namespace, job: id },
      what: `The log of the Job ${id}`,
      lines: await jobs.logs(id, count),
    };
  }
  throw new UserError({
    code: "no_such_job",
    message: `There is no Job ${id} in ${[...namespaces].join(" or ")}.`,
    fix: `See ${hub.endpoint}/organizations/${resourceNames(collab).org}/settings/jobs, or name the run with --run.`,
  });
}
