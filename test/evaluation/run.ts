/** `npm run evaluate -- --agent 'some-cli -p'`: README.md beside this file says what it does. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { packageVersion } from "../../wizard/package-root.ts";
import { evaluate, type Outcome } from "./evaluate.ts";
import { Stage } from "./stage.ts";
import { TASKS } from "./tasks.ts";

const DEFAULT_TIMEOUT_S = 600;

const { values } = parseArgs({
  options: {
    agent: { type: "string" },
    task: { type: "string", multiple: true },
    timeout: { type: "string", default: String(DEFAULT_TIMEOUT_S) },
    out: { type: "string" },
  },
});
const names = TASKS.map(({ name }) => name);
const unknown = values.task?.find((name) => !names.includes(name));
const timeoutS = Number(values.timeout);
if (values.agent === undefined || unknown !== undefined || !(timeoutS > 0)) {
  const lines = [
    "npm run evaluate -- --agent 'COMMAND' [--task NAME]... [--timeout SECONDS] [--out FILE]",
    `Tasks: ${names.join(", ")}.`,
    ...(unknown === undefined ? [] : [`There is no task ${unknown}.`]),
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exitCode = 2;
} else {
  const outcomes = await run(values.agent, timeoutS * 1_000);
  const done = outcomes.filter(({ ok }) => ok).length;
  const trips = outcomes.reduce((sum, { round_trips }) => sum + round_trips, 0);
  process.stdout.write(`${done} of ${outcomes.length} tasks, ${trips} round trips\n`);
  if (values.out !== undefined) await writeFile(values.out, document(values.agent, outcomes));
  process.exitCode = done === outcomes.length ? 0 : 1;
}

async function run(agent: string, timeoutMs: number): Promise<Outcome[]> {
  await using stage = await Stage.start();
  const tasks = TASKS.filter(({ name }) => values.task?.includes(name) ?? true);
  return await evaluate({
    stage,
    agent,
    tasks,
    timeoutMs,
    onOutcome: ({ task, ok, why, seconds, round_trips }) =>
      process.stdout.write(
        `${ok ? "done  " : "failed"} ${task.padEnd(10)}${String(seconds).padStart(6)} s ${String(round_trips).padStart(4)} calls${why ? `  ${why}` : ""}\n`,
      ),
  });
}

function document(agent: string, outcomes: readonly Outcome[]): string {
  const record = {
    schema_version: 1,
    version: packageVersion(),
    date: new Date().toISOString(),
    agent,
    outcomes,
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}
