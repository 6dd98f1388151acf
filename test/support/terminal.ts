/** The command line in a pseudo-terminal, as a person uses it: keys go in, the screen comes out. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { resolve } from "node:path";

const CLI = resolve(import.meta.dirname, "../../wizard/cli.ts");

export const KEY = { enter: "\r", down: "\u001b[B", up: "\u001b[A", interrupt: "\u0003", escape: "\u001b" };

export class Terminal {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything the program has written, escape sequences included. */
  raw = "";
  readonly #ended: Promise<number | null>;
  #seen = 0;

  /** `script` (util-linux) gives the pseudo-terminal; `-e` passes the exit code on. */
  constructor(
    args: readonly string[],
    options: {
      cwd: string;
      env?: NodeJS.ProcessEnv /** Default: the command line of this clone. */;
      program?: string;
      /** Columns of the terminal. */
      columns?: number;
    },
  ) {
    const command = [process.execPath, options.program ?? CLI, ...args]
      .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
      .join(" ");
    const env: NodeJS.ProcessEnv = { ...process.env, TERM: "xterm", ...options.env };
    const columns = options.columns ?? 120;
    for (const name of Object.keys(env)) {
      // This run may itself be inside CI or an agent; the person at this terminal is neither.
      if (
        /^(CI|VITEST|AI_AGENT|AGENT|CLAUDE|CODEX|NO_COLOR|FORCE_COLOR)/.test(name) &&
        !(options.env && name in options.env)
      ) {
        delete env[name];
      }
    }
    this.child = spawn("script", ["-qefc", `stty cols ${columns} rows 50; exec ${command}`, "/dev/null"], {
      cwd: options.cwd,
      env,
      stdio: "pipe",
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.raw += text;
    });
    this.#ended = new Promise((done, failed) => {
      this.child.on("error", failed);
      this.child.on("close", done);
    });
  }

  /** What a person reads: without colours, cursor moves and drawing characters. */
  get screen(): string {
    return plain(this.raw);
  }

  /** The lines that were drawn, with the width that each took: a longer one than the terminal has wrapped. */
  get widths(): { line: string; width: number }[] {
    // A move of the cursor begins another piece of a line.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is split at
    const pieces = this.raw.split(/\n|\u001b\[[0-9;]*[A-H]/).map(plain);
    return pieces.map((line) => ({ line, width: [...line].length }));
  }

  /** Waits for text that was not there at the last call. */
  async waitFor(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      const match = pattern.exec(this.screen.slice(this.#seen));
      if (match) {
        this.#seen += match.index + match[0].length;
        return;
      }
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`${pattern} did not appear in:\n${this.screen.slice(this.#seen)}`);
  }

  send(keys: string): void {
    this.child.stdin.write(keys);
  }

  /** Waits for a question, then answers it. */
  async answer(question: RegExp, keys: string): Promise<void> {
    await this.waitFor(question);
    this.send(keys);
  }

  /** The exit code, once the program has ended. */
  async end(): Promise<number | null> {
    const code = await this.#ended;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) this.child.kill("SIGKILL");
    await this.#ended;
  }
}

/** Without escape sequences, and without the carriage returns that a terminal adds. */
function plain(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
  return raw.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "").replaceAll("\r", "");
}
