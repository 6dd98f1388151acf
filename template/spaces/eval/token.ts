/**
 * Takes the token out of this process's environment. Deleting a variable is not enough: what a process was started with can be
 * read in /proc by every process of the same user, and the evaluator is one. So this process replaces itself,
 * and hands the token on in a file that is gone before anything of an evaluator runs.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const FILE_VARIABLE = "EVAL_TOKEN_FILE";

/** The token, or `null`. May not return: then it is called again in this process, started anew. */
export function takeToken(env: NodeJS.ProcessEnv): string | null {
  const handedOn = env[FILE_VARIABLE];
  if (handedOn !== undefined) {
    delete env[FILE_VARIABLE];
    const token = readFileSync(handedOn, "utf8");
    rmSync(dirname(handedOn), { recursive: true, force: true });
    return token;
  }
  const token = env.HF_TOKEN?.trim() || null;
  if (token === null) return null;
  delete env.HF_TOKEN;
  if (process.platform === "win32" || typeof process.execve !== "function") return token;
  const file = join(mkdtempSync(join(tmpdir(), "eval-")), "token");
  writeFileSync(file, token, { mode: 0o600, flag: "wx" });
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...env,
    [FILE_VARIABLE]: file,
  });
  return token;
}
