/** What runs one version of a Docker Space. Two kinds: a process of this machine, a container of its Docker. */
import type { HubContext } from "../context.ts";
import type { ChildExit } from "../processes/child.ts";
import type { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import type { FileTree } from "../repos/git-objects.ts";
import type { DockerImage } from "./dockerfile.ts";

export const SPACE_RUNNERS = ["process", "docker"] as const;
export type SpaceRunnerKind = (typeof SPACE_RUNNERS)[number];

export interface SpaceProcess {
  /** Of this machine, for the front to connect to. */
  readonly port: number;
  /** Resolves once all of it is gone, files included. Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Process group by which its use of the machine is measured; `null` where that cannot be told. */
  readonly group: number | null;
  /** Asks it to end, and makes it after a while. */
  stop(): Promise<void>;
}

export interface BuildOptions {
  /** `namespace/name` of the Space. */
  id: string;
  tree: FileTree;
  image: DockerImage;
  /** The port that the Space's README declares. */
  appPort: number;
  /** The Space's variables: build arguments. */
  variables: Record<string, string>;
  /** For this version alone; whoever runs it removes it when it has ended. */
  folder: string;
  log: LineLog;
  guard: ProcessGuard;
  /** Ends the build. */
  signal: AbortSignal;
}

export interface StartOptions {
  /** Facts, variables and secrets of the Space. */
  env: Record<string, string>;
  log: LineLog;
}

export type StartSpace = (options: StartOptions) => Promise<SpaceProcess>;

/**
 * Builds a version and resolves with what starts it, or with `null` when `signal` fired before. Throws `SpaceFault`
 * or `DockerfileError` where it cannot be built.
 */
export type BuildSpace = (hub: HubContext, options: BuildOptions) => Promise<StartSpace | null>;
