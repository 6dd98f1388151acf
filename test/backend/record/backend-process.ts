/** The real backend as a child process, to be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const MAIN = new URL("../../../template/spaces/backend/main.ts", import.meta.url).pathname;

export class BackendProcess {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #lines: string[] = [];
  #port = Promise.withResolvers<number>();
  #ready = Promise.withResolvers<void>();

  /** `program`: a bundle that runs instead of the backend's `main.ts`; compiled code is kept beside it. */
  constructor({
    program,
    ...options
  }: {
    hubUrl: string;
    collabFile: string;
    program?: string;
    env?: Record<string, string>;
  }) {
    this.#child = spawn(process.execPath, [program ?? MAIN], {
      env: {
        PATH: process.env.PATH,
        ...(program && { NODE_COMPILE_CACHE: join(dirname(program), "compiled") }),
        HF_ENDPOINT: options.hubUrl,
        HF_TOKEN: "hf_local_organizer",
        COLLAB_FILE: options.collabFile,
        HOST: "127.0.0.1",
        PORT: "0",
        ...options.env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#gone = once(this.#child, "exit");
    this.#port.promise.catch(() => {});
    this.#ready.promise.catch(() => {});
    void this.#gone.then(() => {
      const error = new Error(`the backend is gone:\n${this.#lines.slice(-20).join("\n")}`);
      this.#port.reject(error);
      this.#ready.reject(error);
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#read(line));
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it answers; rejects when it dies before. */
  async ready(): Promise<string> {
    await this.#ready.promise;
    return `http://127.0.0.1:${await this.#port.promise}`;
  }

  /** Everything it has printed so far. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Where it listens; it may not be ready yet. */
  async url(): Promise<string> {
    return `http://127.0.0.1:${await this.#port.promise}`;
  }

  /** At once, without a chance to tidy up. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }

  /** Begins what `stop` does, without waiting for it. */
  beginStop(): void {
    this.#child.kill("SIGTERM");
  }

  /** As a Space is stopped. Returns its exit code. */
  async stop(): Promise<number | null> {
    this.beginStop();
    await this.#gone;
    return this.#child.exitCode;
  }

  #read(line: string): void {
    this.#lines.push(line);
    if (!line.startsWith("{")) return;
    const { event, port } = JSON.parse(line) as { event: string; port?: number };
    if (event === "listening" && port !== undefined) this.#port.resolve(port);
    if (event === "ready") this.#ready.resolve();
  }
}
