/** The command of a Job as a child process: its folders, its paths, its environment. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { HubContext } from "../context.ts";
import { Child, type ChildOptions } from "../processes/child.ts";
import { baseEnvironment } from "../processes/environment.ts";
import { hardwareEnvironment } from "./hardware.ts";
import type { Job } from "./job-store.ts";
import type { JobVolumes } from "./job-volumes.ts";
import { mountedCommand } from "./mount-script.ts";
import { rewritePaths } from "./rewrite-paths.ts";
import type { SpaceImage } from "./space-image.ts";
import { pathWithTools } from "./tools.ts";

export interface JobProcessOptions extends Pick<ChildOptions, "guard" | "onLine"> {
  job: Job;
  secrets: Record<string, string>;
  volumes: JobVolumes;
  /** The Space that the Job runs in, if any. */
  image: SpaceImage | null;
  folder: string;
  /** Folder of links to programs, shared by all Jobs. */
  toolsFolder: string;
}

/** The folders that a Job may use besides its volumes; gone when it is over. */
export const JOB_FOLDERS = ["work", "home", "tmp", "root"] as const;

export async function startJobProcess(hub: HubContext, options: JobProcessOptions): Promise<Child> {
  const { job, image, volumes, folder, guard, onLine } = options;
  const [work, home, temporary, root] = JOB_FOLDERS.map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const path of [work, home, temporary, root]) await mkdir(path, { recursive: true });
  const { mounts, namespace } = volumes;
  const local = (text: string) => {
    const inImage = image === null ? text : image.local(text);
    return namespace === null ? rewritePaths(inImage, mounts) : inImage;
  };
  const asked = [...job.spec.command, ...job.spec.arguments];
  const command = (asked.length === 0 && image !== null ? image.command : asked).map(local);
  const cwd = image?.cwd ?? work;
  const base = baseEnvironment(home);
  const own = { ...job.spec.environment, ...options.secrets };
  return new Child({
    command: namespace === null ? command : mountedCommand(namespace, { root, mounts, cwd, command }),
    cwd,
    env: {
      ...base,
      TMPDIR: temporary,
      ...image?.env,
      ...hardwareEnvironment(job.spec.flavor),
      ...Object.fromEntries(Object.entries(own).map(([key, value]) => [key, local(value)])),
      PATH: pathWithTools(options.toolsFolder, own.PATH ?? (base.PATH as string)),
      JOB_ID: job.id,
      HF_ENDPOINT: hub.url(),
    },
    onLine,
    guard,
  });
}
