/**
 * One call of the organisers' evaluator: JSON in, a verdict out, and nothing of it left afterwards. What it may
 * use is bounded, since what it reads was written by participants.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { membersOf } from "./processes.ts";
import { type Sandbox, sandboxed } from "./sandbox.ts";
import { type EvaluatorVerdict, readVerdict } from "./verdict.ts";

export interface EvaluatorOptions {
  folder: string;
  command: readonly string[];
  timeoutMs: number;
  memoryMb: number;
  sandbox: Sandbox;
}

/** What the evaluator gets on standard input, besides `limits`. */
export interface EvaluatorInput {
  filename: string;
  frontmatter: Record<string, unknown>;
  body: string;
  submission_dir?: string;
}

export type Evaluation =
  | { ok: true; verdict: EvaluatorVerdict }
  /** `why` is for the organisers' log: nothing of it is public. */
  | { ok: false; failure: "timeout" | "memory" | "output" | "crashed" | "garbage"; why: string };

const MAX_OUTPUT = 1024 * 1024;
const MAX_LOG = 4096;
const WATCH_MS = 100;
const MAX_PROCESSES = 256;
/** For output that a left-over child keeps open. */
const DRAIN_MS = 500;

export async function runEvaluator(options: EvaluatorOptions, input: EvaluatorInput): Promise<Evaluation> {
  const home = await mkdtemp(join(tmpdir(), "evaluator-"));
  try {
    return await call(options, input, home);
  } finally {
    await rm(home, { recursive: true, force: true }).catch(() => {});
  }
}

async function call(options: EvaluatorOptions, input: EvaluatorInput, home: string): Promise<Evaluation> {
  const { command, folder, memoryMb, timeoutMs, sandbox } = options;
  const [program = "", ...args] = sandboxed(sandbox, command, { memoryMb });
  const child = spawn(program, args, {
    cwd: folder,
    env: environment(home),
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const stop = new Stop(child);
  const timer = setTimeout(() => stop.because("timeout", `longer than ${timeoutMs / 1000} s`), timeoutMs);
  const watch = setInterval(() => void watchMemory(child, memoryMb, stop), WATCH_MS);
  const limits = { seconds: timeoutMs / 1000, memory_mb: memoryMb };
  child.stdin?.on("error", () => {});
  child.stdin?.end(JSON.stringify({ ...input, limits }));
  const output = new Output(MAX_OUTPUT);
  const log = new Output(MAX_LOG);
  child.stdout?.on("data", (chunk: Buffer) => {
    if (!output.add(chunk)) stop.because("output", `more than ${MAX_OUTPUT} bytes on standard output`);
  });
  child.stderr?.on("data", (chunk: Buffer) => log.add(chunk));
  try {
    const ended = await endOf(child);
    const { reason } = stop;
    if (reason !== null) return { ok: false, ...reason };
    if (ended.code !== 0) {
      const why = `${ended.code === null ? ended.signal : `exit code ${ended.code}`}: ${log.text.trim()}`;
      return { ok: false, failure: "crashed", why };
    }
    const verdict = readVerdict(output.text);
    if (verdict !== null) return { ok: true, verdict };
    return { ok: false, failure: "garbage", why: `not a verdict: ${output.text.slice(0, 200)}` };
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    // Also after a good end: nothing may go on beside the next evaluation.
    await stop.everything();
  }
}

/** Nothing of this process's own environment: it may hold what no participant's code should see. */
function environment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    TMPDIR: home,
    LANG: "C.UTF-8",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONIOENCODING: "utf-8",
  };
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  const ended = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  child.once("error", ({ message }) => ended.resolve({ code: null, signal: message }));
  child.once("exit", (code, signal) => ended.resolve({ code, signal }));
  const end = await ended.promise;
  const drained = [child.stdout, child.stderr].map((stream) =>
    stream === null || stream.readableEnded || stream.destroyed
      ? Promise.resolve()
      : new Promise((resolve) => stream.once("close", resolve)),
  );
  const enough = new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  await Promise.race([Promise.all(drained), enough]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return end;
}

async function watchMemory({ pid }: ChildProcess, memoryMb: number, stop: Stop): Promise<void> {
  if (pid === undefined) return;
  const members = await membersOf(pid);
  const bytes = members.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  if (bytes > memoryMb * 1024 * 1024) stop.because("memory", `more than ${memoryMb} MB`);
  if (members.length > MAX_PROCESSES) stop.because("memory", `more than ${MAX_PROCESSES} processes`);
}

type Failure = Extract<Evaluation, { ok: false }>["failure"];

/** Ends an evaluation before its time; the first reason counts. */
class Stop {
  reason: { failure: Failure; why: string } | null = null;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  because(failure: Failure, why: string): void {
    this.reason ??= { failure, why };
    void this.everything();
  }

  async everything(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined) return;
    // Those first that have left the group: once their parent is gone, nothing leads to them.
    for (const member of await membersOf(pid)) kill(member.pid);
    kill(-pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

class Output {
  readonly #max: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** `false`: there was more than is kept. */
  add(chunk: Buffer): boolean {
    const room = this.#max - this.#bytes;
    if (room > 0) this.#chunks.push(chunk.subarray(0, room));
    this.#bytes += Math.min(room, chunk.length);
    return chunk.length <= room;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
