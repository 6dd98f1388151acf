/** One version of a Space, from its commit to the moment it answers. */
import { rmSync } from "node:fs";
import type { HubContext } from "../context.ts";
import type { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import type { FileTree } from "../repos/git-objects.ts";
import { type Repo, readBlob, readTree } from "../repos/store.ts";
import { buildContainer } from "./container.ts";
import { buildLocally } from "./local-process.ts";
import { answersHttp } from "./readiness.ts";
import { settingValues } from "./settings.ts";
import { spaceEnvironment, staticVariables } from "./space-environment.ts";
import type { FrontTarget } from "./space-front.ts";
import { planSpace, SpaceFault, type SpacePlan } from "./space-plan.ts";
import type { SpaceProcess } from "./space-process.ts";
import type { SpaceState } from "./space-store.ts";
import { serveStatic } from "./static-site.ts";

export interface SpaceVersion {
  /** Its commit. */
  sha: string;
  /** Where requests to it go. */
  target: FrontTarget;
  /** `null` for a static Space. */
  process: SpaceProcess | null;
}

export interface VersionOptions {
  repo: Repo;
  state: SpaceState;
  /** For the version alone; removed with it. */
  folder: string;
  buildLog: LineLog;
  guard: ProcessGuard;
  /** Called when the build is done and the program is about to start; gives the log for its output. */
  onStart(): LineLog;
  signal: AbortSignal;
}

/**
 * Builds the head commit and starts it. Resolves when it answers, or with `null` when `signal` fired before. Throws
 * `SpaceFault` or `DockerfileError` when it never will.
 */
export async function startVersion(hub: HubContext, options: VersionOptions): Promise<SpaceVersion | null> {
  const { repo, state, buildLog } = options;
  const tree = readTree(hub, repo.oid, repo.head) ?? new Map();
  const read = (path: string) => {
    const file = tree.get(path);
    return file === undefined ? null : Buffer.from(readBlob(hub, file.oid)).toString();
  };
  const variables = settingValues(hub, repo.oid, "variables");
  const plan = planSpace(read, variables);
  if (plan.run.sdk === "docker")
    return startDocker(hub, { ...options, plan, run: plan.run, tree, variables });
  const { appFile, headers } = plan.run;
  const site = { tree, appFile, headers, variables: staticVariables(hub, repo, state, plan) };
  buildLog.append("Static Space: its files are served as they are");
  return {
    sha: repo.head,
    target: { handler: (request, response) => serveStatic(hub, site, request, response) },
    process: null,
  };
}

interface DockerOptions extends VersionOptions {
  plan: SpacePlan;
  run: SpacePlan["run"] & { sdk: "docker" };
  tree: FileTree;
  variables: Record<string, string>;
}

async function startDocker(hub: HubContext, options: DockerOptions): Promise<SpaceVersion | null> {
  const { repo, run, tree, folder, buildLog, guard, signal, variables } = options;
  const { image, appPort } = run;
  rmSync(folder, { recursive: true, force: true });
  const build = hub.spaceRunner === "docker" ? buildContainer : buildLocally;
  const version = { id: repo.id, tree, image, appPort, variables, folder, log: buildLog, guard, signal };
  const start = await build(hub, version);
  if (start === null) return null;
  const log = options.onStart();
  log.append(`===== Application Startup at ${new Date(hub.now()).toISOString()} =====`);
  const env = spaceEnvironment(hub, repo, options.state, options.plan);
  const process = await start({ env, log });
  const fault = await startupFault(process, { log, startupMs: run.startupMs, signal });
  if (fault === null && !signal.aborted) return { sha: repo.head, target: { port: process.port }, process };
  await process.stop();
  if (signal.aborted) return null;
  throw fault;
}

/** Waits until the program answers: `null`. Otherwise why it never will. */
async function startupFault(
  process: SpaceProcess,
  { log, startupMs, signal }: { log: LineLog; startupMs: number; signal: AbortSignal },
): Promise<SpaceFault | null> {
  const settled = new AbortController();
  const timeout = AbortSignal.timeout(startupMs);
  const answered = answersHttp(process.port, AbortSignal.any([signal, settled.signal, timeout]));
  const outcome = await Promise.race([answered, process.exited]);
  settled.abort();
  if (outcome === true) return null;
  if (typeof outcome === "object") return exitFault(log, outcome.code);
  return new SpaceFault(
    "RUNTIME_ERROR",
    `Launch timed out: nothing answered on the port given in the environment variable PORT within ${startupMs / 1000} s`,
  );
}

/** A program that ended is an error whatever its exit code. */
export function exitFault(log: LineLog, code: number): SpaceFault {
  return new SpaceFault("RUNTIME_ERROR", `Exit code: ${code}. Reason: ${log.lastLines(20).join("\n")}`);
}
