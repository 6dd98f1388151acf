/** Python as the examples use it: real child processes of the `python3` on the PATH. */
import { type ExecFileException, execFile, execFileSync } from "node:child_process";

/** A finished process. `code` is null when it ended by a signal. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

const MINIMUM = [3, 10] as const;

/** Fails loudly where there is no Python: skipping would hide that nothing was tested. */
export function requirePython(): void {
  let version: string;
  try {
    version = execFileSync("python3", ["--version"], { encoding: "utf8" });
  } catch (cause) {
    throw new Error("The tests of the examples need python3 on the PATH (3.10 or newer).", { cause });
  }
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(version)?.slice(1) ?? []).map(Number);
  if (major !== MINIMUM[0] || minor < MINIMUM[1])
    throw new Error(`The tests of the examples need Python 3.10 or newer, found ${version.trim()}.`);
}

/** Runs `python3` to its end. */
export function python(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; input?: string } = {},
): Promise<Finished> {
  return new Promise((done) => {
    const child = execFile(
      "python3",
      ["-B", ...args],
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        maxBuffer: 64 * 1024 * 1024,
        encoding: "utf8",
      },
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
        done({ code, stdout, stderr });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

/** Runs `code` with `input` as the variable of that name; returns what it assigns to `result`. */
export async function evaluate<Result>(
  path: string,
  code: string,
  input: unknown = null,
  env: Record<string, string> = {},
): Promise<Result> {
  const program = [
    "import json, sys",
    `sys.path.insert(0, ${JSON.stringify(path)})`,
    "input = json.load(sys.stdin)",
    code,
    "print(json.dumps(result))",
  ].join("\n");
  const finished = await python(["-c", program], { input: JSON.stringify(input), env });
  if (finished.code !== 0) throw new Error(finished.stderr);
  return JSON.parse(finished.stdout) as Result;
}
