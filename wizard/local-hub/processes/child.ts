/** One program that the hub runs for a Space or a Job, with everything it starts, as a process group. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { type Mark, type ProcessGuard, signalGroup } from "./process-guard.ts";

export interface ChildOptions {
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Called with each line of output, errors included, without its line break. */
  onLine: (line: string) => void;
  guard: ProcessGuard;
}

export interface ChildExit {
  /** As a shell shows it: 128 and the signal's number for a killed process, 127 where it could not be started. */
  code: number;
  signal: NodeJS.Signals | null;
}

/** Longer lines are cut into several. */
const MAX_LINE_LENGTH = 64 * 1024;
/** How long output may still arrive after the program ended. */
const DRAIN_MS = 1_000;
const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGKILL: 9,
  SIGTERM: 15,
  SIGINT: 2,
  SIGSEGV: 11,
};

export class Child {
  readonly pid: number | undefined;
  /** Resolves once the program and its group are gone and its output has been read. Never rejects. */
  readonly exited: Promise<ChildExit>;

  constructor(options: ChildOptions) {
    const [program, ...args] = options.command;
    const mark = options.guard.newMark();
    const child = spawn(program as string, args, {
      cwd: options.cwd,
      env: { ...options.env, [mark.name]: mark.value },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.pid = child.pid;
    if (child.pid !== undefined) options.guard.add(child.pid);
    splitLines(child.stdout, options.onLine);
    splitLines(child.stderr, options.onLine);
    this.exited = ending(child, options, mark);
  }

  /** Asks the group to end, and after `graceMs` makes it. */
  async stop(graceMs: number): Promise<void> {
    if (this.pid !== undefined) {
      const { pid } = this;
      signalGroup(pid, "SIGTERM");
      const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), graceMs);
      await this.exited;
      clearTimeout(timer);
    }
    await this.exited;
  }
}

function ending(child: ChildProcess, options: ChildOptions, mark: Mark): Promise<ChildExit> {
  return new Promise((resolve) => {
    const closed = new Promise<void>((done) => child.once("close", () => done()));
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      const why =
        error.code === "ENOENT" ? "there is no such program on this machine" : (error.code ?? error.message);
      options.onLine(`Cannot run ${JSON.stringify(options.command[0])}: ${why}`);
      resolve({ code: 127, signal: null });
    });
    child.once("exit", async (code, signal) => {
      const pid = child.pid as number;
      signalGroup(pid, "SIGKILL");
      options.guard.endMarked(mark);
      const drained = new Promise<void>((done) => setTimeout(done, DRAIN_MS).unref());
      await Promise.race([closed, drained]);
      options.guard.remove(pid);
      resolve({ code: code ?? 128 + (SIGNAL_NUMBERS[signal as NodeJS.Signals] ?? 0), signal });
    });
  });
}

function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf-8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) onLine(line.replace(/\r$/, ""));
    if (rest.length > MAX_LINE_LENGTH) {
      onLine(rest);
      rest = "";
    }
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
  stream.on("error", () => {});
}
