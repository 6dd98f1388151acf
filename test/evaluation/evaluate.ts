/** Gives tasks to an agent, one after the other, and records how it did. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { maskSecrets } from "../../template/schema/secrets.ts";
import { readCalls, type Stage, writeCommands } from "./stage.ts";
import type { Task } from "./tasks.ts";

export interface Outcome {
  task: string;
  ok: boolean;
  /** What is missing; `null` if it was done. */
  why: string | null;
  seconds: number;
  /** `null`: it was stopped when its time was over. */
  exit_code: number | null;
  /** Calls of our commands, `curl` and `hf`. */
  round_trips: number;
  calls: string[];
  /** The last lines that the agent printed; empty if the task was done. */
  output: string;
}

const KEPT_OUTPUT = 2_000;
const KILL_AFTER_MS = 5_000;

export async function evaluate(options: {
  stage: Stage;
  /** A shell command; the task is added as its last argument. */
  agent: string;
  tasks: readonly Task[];
  timeoutMs: number;
  onOutcome?: (outcome: Outcome) => void;
}): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const task of options.tasks) {
    const outcome = await one(task, options);
    options.onOutcome?.(outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function one(
  task: Task,
  { stage, agent, timeoutMs }: { stage: Stage; agent: string; timeoutMs: number },
): Promise<Outcome> {
  const root = join(stage.work.path, "tasks", task.name);
  const folder = join(root, "work");
  const log = join(root, "calls");
  await mkdir(join(root, "login"), { recursive: true });
  await mkdir(folder);
  await writeCommands(join(root, "bin"), log);
  const scene = { stage, folder };
  const token = await task.prepare(scene);
  const prompt = task.prompt(scene);
  const started = performance.now();
  const { code, output } = await runAgent(agent, prompt, {
    cwd: folder,
    timeoutMs,
    env: {
      ...withoutLogin(process.env),
      PATH: `${join(root, "bin")}${delimiter}${process.env.PATH}`,
      HF_ENDPOINT: stage.place.hubUrl,
      HF_TOKEN: token,
      HF_HOME: join(root, "login"),
      EVALUATION_TASK: task.name,
      EVALUATION_PROMPT: prompt,
    },
  });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const why = (await task.check(scene)) ?? null;
  const calls = await readCalls(log);
  return {
    task: task.name,
    ok: why === null,
    why,
    seconds,
    exit_code: code,
    round_trips: calls.length,
    calls,
    output: why === null ? "" : maskSecrets(output.slice(-KEPT_OUTPUT)),
  };
}

function withoutLogin(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(HF_|npm_|VITEST)/.test(name)));
}

/** In a process group of its own, so that what it started ends with it. */
function runAgent(
  agent: string,
  prompt: string,
  { cwd, env, timeoutMs }: { cwd: string; env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<{ code: number | null; output: string }> {
  return new Promise((done, failed) => {
    const child = spawn("sh", ["-c", `${agent} "$EVALUATION_PROMPT"`], { cwd, env, detached: true });
    const stop = (signal: NodeJS.Signals) => {
      try {
        process.kill(-(child.pid as number), signal);
      } catch {
        // It has just ended by itself.
      }
    };
    const timers = [
      setTimeout(() => stop("SIGTERM"), timeoutMs),
      setTimeout(() => stop("SIGKILL"), timeoutMs + KILL_AFTER_MS),
    ];
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-2 * KEPT_OUTPUT);
      });
    }
    // An agent that does not read its input may be gone before all of it is written.
    child.stdin.on("error", () => {}).end(prompt);
    child.on("error", failed);
    child.on("close", (code) => {
      for (const timer of timers) clearTimeout(timer);
      done({ code, output });
    });
  });
}
