/** One version of a Docker Space as a container: built by `docker build`, run by a `docker run` that lives as long. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HubContext } from "../context.ts";
import { Child, type ChildExit } from "../processes/child.ts";
import { buildArguments, clientVariables, networkOf, runCommand } from "./docker-arguments.ts";
import { docker } from "./docker-engine.ts";
import { checkOut } from "./image-folder.ts";
import { releasePort, reservePort } from "./ports.ts";
import { SpaceFault } from "./space-plan.ts";
import type { BuildOptions, BuildSpace, SpaceProcess, StartOptions } from "./space-process.ts";

const STOP_GRACE_SECONDS = 10;

const NETWORK = networkOf(process.platform);

/** Builds the image of a commit. Its id is the only name it gets; it goes when its container has gone. */
export const buildContainer: BuildSpace = async (hub, options) => {
  const { id, folder, log, guard, signal, tree, variables } = options;
  const checkout = join(folder, "checkout");
  const imageIdFile = join(folder, "image-id");
  mkdirSync(checkout, { recursive: true });
  checkOut(hub, tree, checkout);
  const labels = { instanceId: hub.instanceId, space: id, version: randomUUID() };
  const args = buildArguments({ ...labels, network: NETWORK, variables, checkout, imageIdFile });
  const child = new Child({
    command: ["docker", ...args],
    cwd: checkout,
    env: clientEnvironment(),
    onLine: (line) => log.append(line),
    guard,
  });
  const stop = () => void child.stop(0);
  signal.addEventListener("abort", stop);
  const { code } = await child.exited;
  signal.removeEventListener("abort", stop);
  if (!signal.aborted && code === 0) {
    const built = readFileSync(imageIdFile, "utf8").trim();
    return (start) => Container.start(hub, built, options, start);
  }
  rmSync(folder, { recursive: true, force: true });
  if (signal.aborted) return null;
  throw new SpaceFault(
    "BUILD_ERROR",
    `docker build failed with exit code ${code}: ${log.lastLines(5).join("\n")}`,
  );
};

class Container implements SpaceProcess {
  readonly port: number;
  readonly exited: Promise<ChildExit>;
  /** The processes are the engine's, so they cannot be measured as a group of ours. */
  readonly group = null;
  readonly #name: string;
  readonly #client: Child;
  #isOver = false;

  private constructor(name: string, port: number, client: Child, remove: () => Promise<void>) {
    this.port = port;
    this.#name = name;
    this.#client = client;
    this.exited = client.exited.then(async (exit) => {
      this.#isOver = true;
      await remove();
      return exit;
    });
  }

  static async start(
    hub: HubContext,
    built: string,
    { id, image, appPort, folder, guard }: BuildOptions,
    { env: given, log }: StartOptions,
  ): Promise<Container> {
    const [reserved] = clientVariables(given);
    if (reserved !== undefined) {
      await removeFrom(built, folder);
      throw new SpaceFault(
        "CONFIG_ERROR",
        `A Space that runs in Docker cannot have a variable or secret ${reserved}: the docker command would take it as its own. Set it in the Dockerfile, or run without Docker`,
      );
    }
    const port = await reservePort();
    const name = `agent-collab-${randomUUID()}`;
    const labels = { instanceId: hub.instanceId, space: id };
    const { args, env } = runCommand({
      ...labels,
      network: NETWORK,
      built,
      image,
      name,
      port,
      appPort,
      env: given,
    });
    const client = new Child({
      command: ["docker", ...args],
      cwd: folder,
      env: { ...clientEnvironment(), ...env },
      onLine: (line) => log.append(line),
      guard,
    });
    return new Container(name, port, client, async () => {
      // Gone already by --rm, unless the docker command was killed.
      await docker("rm", "--force", name).catch(() => {});
      await removeFrom(built, folder);
      releasePort(port);
    });
  }

  async stop(): Promise<void> {
    if (!this.#isOver) {
      const asked = docker("stop", "--time", String(STOP_GRACE_SECONDS), this.#name);
      // It may not have been created yet; then the docker command that is about to is stopped.
      await asked.catch(() => this.#client.stop(STOP_GRACE_SECONDS * 1_000));
    }
    await this.exited;
  }
}

async function removeFrom(built: string, folder: string): Promise<void> {
  await docker("rmi", built).catch(() => {});
  rmSync(folder, { recursive: true, force: true });
}

/** The `docker` command is the user's own: it finds its engine as it does in their shell. */
function clientEnvironment(): Record<string, string> {
  const set = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}
