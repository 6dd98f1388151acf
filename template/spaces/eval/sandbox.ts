/**
 * What this machine lets us take away from an evaluator: the network, the view of other processes. Each way is
 * tried once, at the start, and the status says what came of it. Memory and time are limited everywhere.
 */
import { spawn } from "node:child_process";

export interface Enforced {
  enforced: boolean;
  /** What does it; or why nothing does. */
  by: string;
}

export interface Sandbox {
  /** Stands before the evaluator's command. */
  wrap: readonly string[];
  network: Enforced;
  processes: Enforced;
}

const PROBE_MS = 10_000;
/** Fails where there is any network interface but loopback. */
const ONLY_LOOPBACK =
  'while read -r name rest; do case "$name" in lo:*|Inter-*|face*) ;; *:*) exit 1;; esac; done < /proc/net/dev';
const PROCESSES = ["--pid", "--fork", "--kill-child", "--mount-proc"];

/** Throws nothing: where nothing is possible, nothing is wrapped. */
export async function findSandbox(isRoot = process.getuid?.() === 0): Promise<Sandbox> {
  const user = isRoot ? [] : ["--user", "--map-current-user"];
  const whole = ["unshare", ...user, "--net", ...PROCESSES, "--"];
  const netOnly = ["unshare", ...user, "--net", "--"];
  const namespaces = { enforced: true, by: "namespace" };
  const notWhole = await failureOf(whole);
  if (notWhole === null) return { wrap: whole, network: namespaces, processes: namespaces };
  const notNet = await failureOf(netOnly);
  const processes = { enforced: false, by: notWhole };
  if (notNet === null) return { wrap: netOnly, network: namespaces, processes };
  return { wrap: [], network: { enforced: false, by: notNet }, processes };
}

/** `null` if a program started this way sees no network. */
function failureOf(wrap: readonly string[]): Promise<string | null> {
  const [program = "", ...args] = [...wrap, "/bin/sh", "-c", ONLY_LOOPBACK];
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], timeout: PROBE_MS });
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(0, 200);
    });
    child.once("error", ({ message }) => resolve(message));
    child.once("close", (code) => resolve(code === 0 ? null : said.trim() || `it ended with ${code}`));
  });
}

const KB_PER_MB = 1024;
/** One file of an evaluator, in blocks of 512 bytes: 1 GiB. */
const FILE_BLOCKS = 2 * 1024 * 1024;
/** Where the kernel refuses a limit, the watch over memory is left. */
const LIMITS = 'ulimit -c 0; ulimit -d "$1" 2>/dev/null; ulimit -f "$2" 2>/dev/null; shift 2; exec "$@"';

/** The command with its limits, inside the sandbox. */
export function sandboxed(
  { wrap }: Pick<Sandbox, "wrap">,
  command: readonly string[],
  { memoryMb }: { memoryMb: number },
): string[] {
  const limits = [String(memoryMb * KB_PER_MB), String(FILE_BLOCKS)];
  return [...wrap, "/bin/sh", "-c", LIMITS, "sh", ...limits, ...command];
}
