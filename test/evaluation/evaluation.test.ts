/** The evaluation itself: a scripted agent succeeds at every task, and one that does nothing at none. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { Stage } from "./stage.ts";
import { TASKS, type Task } from "./tasks.ts";

const MINUTE_MS = 60_000;
/** `exec`, so that the process group has no shell in between to end first. */
const SCRIPTED = `exec '${process.execPath}' '${join(import.meta.dirname, "scripted-agent.ts")}'`;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
}, 2 * MINUTE_MS);
afterAll(() => stage?.[Symbol.asyncDispose]());

const attempt = async (agent: string, task: Task, timeoutMs = 2 * MINUTE_MS) => {
  const [outcome] = await evaluate({ stage, agent, tasks: [task], timeoutMs });
  return outcome;
};
/** A second attempt at a task gets a folder of its own. */
const renamed = (task: Task, name: string): Task => ({ ...task, name });

describe.sequential("every task", () => {
  test.each(TASKS.map((task) => [task.name, task] as const))(
    "%s fails an agent that does nothing, with a reason",
    async (name, task) => {
      const outcome = await attempt("true", renamed(task, `${name}-undone`));
      expect(outcome).toMatchObject({ ok: false, exit_code: 0, round_trips: 0, why: expect.any(String) });
    },
  );

  test.each(TASKS.map((task) => [task.name, task] as const))(
    "%s can be done, and is seen to be done",
    async (_name, task) => {
      const outcome = await attempt(SCRIPTED, task);
      expect(outcome, outcome?.output).toMatchObject({ ok: true, why: null, output: "" });
    },
    3 * MINUTE_MS,
  );
});

test("calls of our commands are counted", async () => {
  const task = renamed(TASKS.find(({ name }) => name === "mend") as Task, "counted");
  const outcome = await attempt("agent-collab --version; npx agent-collab --version; curl --version;:", task);
  expect(outcome?.calls).toEqual(["agent-collab --version", "npx agent-collab", "curl --version"]);
});

test("an agent that does not end is stopped, with what it started", async () => {
  const task = renamed(TASKS[0] as Task, "endless");
  const outcome = await attempt("sleep 1000; :", task, 500);
  expect(outcome).toMatchObject({ ok: false, exit_code: null });
});

test("a token that an agent prints is not kept", async () => {
  const task = renamed(TASKS[0] as Task, "leaky");
  const outcome = await attempt('echo "$HF_TOKEN";:', task);
  expect(outcome?.output).toContain("hf_***");
});

test("without an agent, or with a task that is not there, it says how it is used", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "run.ts"), ...args], { encoding: "utf8" });
  expect(run()).toMatchObject({ status: 2, stderr: expect.stringMatching(/--agent[\s\S]*create, mend/) });
  expect(run("--agent=true", "--task=nope")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/no task nope/),
  });
});
