/** One version of a Docker Space as a child process: its files laid out, its command started. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HubContext } from "../context.ts";
import { Child, type ChildExit } from "../processes/child.ts";
import { baseEnvironment } from "../processes/environment.ts";
import type { LineLog } from "../processes/line-log.ts";
import type { ProcessGuard } from "../processes/process-guard.ts";
import type { FileTree } from "../repos/git-objects.ts";
import type { DockerImage } from "./dockerfile.ts";
import { checkOut, copyInto, pathsUnder } from "./image-folder.ts";
import { releasePort, reservePort } from "./ports.ts";

const STOP_GRACE_MS = 10_000;

export interface DockerProcessOptions {
  image: DockerImage;
  appPort: number;
  /** Laid out; removed when the process has stopped. */
  folder: string;
  /** Facts, variables and secrets of the Space. */
  env: Record<string, string>;
  log: LineLog;
  guard: ProcessGuard;
}

export class DockerProcess {
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

  /** Writes the image's files into `folder`. Throws `DockerfileError` where a copy names what is not there. */
  static layOut(hub: HubContext, options: { image: DockerImage; tree: FileTree; folder: string }): void {
    const { folder, image, tree } = options;
    checkOut(hub, tree, join(folder, "checkout"));
    copyInto(join(folder, "root"), join(folder, "checkout"), image);
    mkdirSync(join(folder, "home"), { recursive: true });
  }

  /**
   * Starts the image's command in its working folder. The program listens where `PORT` says; the port that the
   * Space declares is replaced by it in the command and the image's environment, since several Spaces share
   * this machine.
   */
  static async start(options: DockerProcessOptions): Promise<DockerProcess> {
    const { folder, image, log, guard } = options;
    const port = await reservePort();
    const root = join(folder, "root");
    const local = (text: string) => pathsUnder(root, withPort(text, options.appPort, port));
    const imageEnv = Object.fromEntries(Object.entries(image.env).map(([key, value]) => [key, local(value)]));
    const env = { ...baseEnvironment(join(folder, "home")), ...withoutPath(imageEnv), ...options.env };
    const child = new Child({
      command: image.command.map(local),
      cwd: join(root, image.workdir),
      env: { ...env, PORT: String(port) },
      onLine: (line) => log.append(line),
      guard,
    });
    return new DockerProcess(port, child, folder);
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

function withPort(text: string, declared: number, actual: number): string {
  return text.replace(new RegExp(`(?<![\\w.])${declared}(?![\\w.])`, "g"), String(actual));
}
