/** One version of a Docker Space as a process of this machine: its files laid out, its command started. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Child, type ChildExit } from "../processes/child.ts";
import { baseEnvironment } from "../processes/environment.ts";
import { checkOut, copyInto, pathsUnder } from "./image-folder.ts";
import { releasePort, reservePort, withPort } from "./ports.ts";
import type { BuildOptions, BuildSpace, SpaceProcess, StartOptions } from "./space-process.ts";

const STOP_GRACE_MS = 10_000;

/** Writes the image's files into the version's folder. Throws `DockerfileError` where a copy names what is not there. */
export const buildLocally: BuildSpace = async (hub, options) => {
  const { folder, image, tree, log } = options;
  checkOut(hub, tree, join(folder, "checkout"));
  copyInto(join(folder, "root"), join(folder, "checkout"), image);
  mkdirSync(join(folder, "home"), { recursive: true });
  log.append(`Copied ${tree.size} files by ${image.copies.length} COPY steps`);
  if (image.runSteps > 0) log.append(`Not executed by the local hub: ${image.runSteps} RUN steps`);
  log.append(`Command: ${JSON.stringify(image.command)}`);
  return (start) => LocalProcess.start(options, start);
};

class LocalProcess implements SpaceProcess {
  readonly port: number;
  readonly exited: Promise<ChildExit>;
  readonly #child: Child;

  private constructor(port: number, child: Child, folder: string) {
    this.port = port;
    this.#child = child;
    this.exited = child.exited.then((exit) => {
      releasePort(port);
      rmSync(folder, { recursive: true, force: true });
      return exit;
    });
  }

  /**
   * Starts the image's command in its working folder. The program listens where `PORT` says; the port that the
   * Space declares is replaced by it in the command and the image's environment, since several Spaces share
   * this machine.
   */
  static async start(build: BuildOptions, { env: given, log }: StartOptions): Promise<LocalProcess> {
    const { folder, image, guard } = build;
    const port = await reservePort();
    const root = join(folder, "root");
    const local = (text: string) => pathsUnder(root, withPort(text, build.appPort, port));
    const imageEnv = Object.fromEntries(Object.entries(image.env).map(([key, value]) => [key, local(value)]));
    const env = { ...baseEnvironment(join(folder, "home")), ...withoutPath(imageEnv), ...given };
    const child = new Child({
      command: image.command.map(local),
      cwd: join(root, image.workdir),
      env: { ...env, PORT: String(port) },
      onLine: (line) => log.append(line),
      guard,
    });
    return new LocalProcess(port, child, folder);
  }

  get group(): number | null {
    return this.#child.pid ?? null;
  }

  stop(): Promise<void> {
    return this.#child.stop(STOP_GRACE_MS);
  }
}

/** The image's own PATH names folders of the image; this machine's programs are found by this machine's. */
function withoutPath({ PATH: _image, HOME: _home, ...env }: Record<string, string>): Record<string, string> {
  return env;
}
