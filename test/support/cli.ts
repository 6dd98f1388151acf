/** The command line of a clone, run as a user runs it: `npm run -s cli -- ARGS`, without npm's start-up cost. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { Finished } from "./hf-cli.ts";

const CLI = resolve(import.meta.dirname, "../../wizard/cli.ts");

export interface CliOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
}

/** Runs one command to its end, with nobody at the terminal. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: "1", HF_TOKEN: "", ...options.env },
    });
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
    child.stdin.end(options.input);
  });
}
