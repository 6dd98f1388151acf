/** The real `hf` command line (Python huggingface_hub), as a participant runs it. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";

/**
 * Where `hf` is: `HF_CLI`, else `.venv/bin/hf` of the repository, else `PATH`. Missing is an error with
 * the command that installs it: a suite with real clients never skips itself.
 */
export function hfCliPath(): string {
  const candidates = [
    process.env.HF_CLI,
    resolve(import.meta.dirname, "../../.venv/bin/hf"),
    ...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "hf")),
  ];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found === undefined) {
    throw new Error(
      "The `hf` command is missing. Run: python3 -m venv .venv && .venv/bin/pip install huggingface_hub",
    );
  }
  return found;
}

/** The Python beside `hf`: it has huggingface_hub installed. */
export const hfPythonPath = () => join(dirname(hfCliPath()), "python");

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A participant's shell: own HOME and caches, HF_ENDPOINT and HF_TOKEN set, `hf` first on PATH. */
export class Participant {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(home: string, endpoint: string, token: string) {
    this.home = home;
    this.env = {
      PATH: `${dirname(hfCliPath())}${delimiter}${process.env.PATH ?? ""}`,
      HOME: home,
      HF_HOME: join(home, "hf"),
      HF_ENDPOINT: endpoint,
      HF_TOKEN: token,
      HF_HUB_DISABLE_TELEMETRY: "1",
      HF_HUB_DISABLE_UPDATE_CHECK: "1",
      HF_HUB_DISABLE_PROGRESS_BARS: "1",
      NO_PROXY: "127.0.0.1,localhost",
      NO_COLOR: "1",
      LANG: "C.UTF-8",
    };
  }

  static async create(endpoint: string, token: string): Promise<Participant> {
    return new Participant(await mkdtemp(join(tmpdir(), "collab-participant-")), endpoint, token);
  }

  /** `hf ARGS…`; `input` goes to standard input. */
  hf(args: readonly string[], input?: string | Uint8Array): Promise<Finished> {
    return this.run(hfCliPath(), args, input);
  }

  /** `hf ARGS…` that must succeed; the error shows everything it printed. */
  async hfOk(args: readonly string[], input?: string | Uint8Array): Promise<string> {
    const result = await this.hf(args, input);
    if (result.code !== 0) {
      throw new Error(`hf ${args.join(" ")} ended with ${result.code}\n${result.stdout}\n${result.stderr}`);
    }
    return result.stdout;
  }

  /** A script in bash with `set -eu`, as somebody pastes it from a README. */
  bash(script: string): Promise<Finished> {
    return this.run("bash", ["-euo", "pipefail", "-c", script]);
  }

  /** A script in the Python that `hf` runs in. */
  python(script: string): Promise<Finished> {
    return this.run(hfPythonPath(), ["-c", script]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  private run(command: string, args: readonly string[], input?: string | Uint8Array): Promise<Finished> {
    return new Promise((done, failed) => {
      const child = spawn(command, args, { env: this.env, cwd: this.home });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      child.on("error", failed);
      child.on("close", (code) => done({ code, stdout, stderr }));
      child.stdin.end(input);
    });
  }
}
