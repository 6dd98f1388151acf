/** One version of a Space, from its commit to the moment it answers. */
import { rmSync } from "node:fs";
import type { HubContext } from "../context.ts";
import type { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import type { FileTree } from "../repos/git-objects.ts";
import { type Repo, readBlob, readTree } from "../repos/store.ts";
import { DockerProcess } from "./docker-process.ts";
import { answersHttp } from "./readiness.ts";
import { settingValues } from "./settings.ts";
import { spaceEnvironment, staticVariables } from "./space-environment.ts";
import type { FrontTarget } from "./space-front.ts";
import { planSpace, SpaceFault, type SpacePlan } from "./space-plan.ts";
import type { SpaceState } from "./space-store.ts";
import { serveStatic } from "./static-site.ts";

export interface SpaceVersion {
  /** Its commit. */
  sha: string;
  /** Where requests to it go. */
  target: FrontTarget;
  /** `null` for a static Space. */
  process: DockerProcess | null;
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
  const plan = planSpace(read, settingValues(hub, repo.oid, "variables"));
  if (plan.run.sdk === "docker") return startDocker(hub, { ...options, plan, run: plan.run, tree });
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
}

async function startDocker(hub: HubContext, options: DockerOptions): Promise<SpaceVersion | null> {
  const { repo, run, tree, folder, buildLog, guard, signal } = options;
  const { image, appPort } = run;
  rmSync(folder, { recursive: true, force: true });
  DockerProcess.layOut(hub, { image, tree, folder });
  buildLog.append(`Copied ${tree.size} files by ${image.copies.length} COPY steps`);
  if (image.runSteps > 0) buildLog.append(`Not executed by the local hub: ${image.runSteps} RUN steps`);
  buildLog.append(`Command: ${JSON.stringify(image.command)}`);
  const log = options.onStart();
  log.append(`===== Application Startup at ${new Date(hub.now()).toISOString()} =====`);
  const env = spaceEnvironment(hub, repo, options.state, options.plan);
  const process = await DockerProcess.start({ image, appPort, folder, env, log, guard });
  const fault = await startupFault(process, { log, startupMs: run.startupMs, signal });
  if (fault === null && !signal.aborted) return { sha: repo.head, target: { port: process.port }, process };
  await process.stop();
  if (signal.aborted) return null;
  throw fault;
}

/** Waits until the program answers: `null`. Otherwise why it never will. */
async function startupFault(
  process: DockerProcess,
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
