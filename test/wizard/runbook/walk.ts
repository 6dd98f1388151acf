/** An agent that knows nothing but SETUP.md: it runs the commands in their order and asks at every gate. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

export type Step =
  | { kind: "gate"; name: string }
  /** `alternative`: the command that takes the block's place when one starts from the Gemma example. */
  | { kind: "commands"; text: string; alternative?: string };

/** Gates and blocks of a runbook, in order. */
export function stepsOf(runbook: string): Step[] {
  const steps: Step[] = [];
  for (const match of runbook.matchAll(
    /\*\*(?<gate>Gate \d+)[:.]|^```sh\n(?<block>[\s\S]*?)^```$|^From the Gemma example instead: `(?<alternative>[^`]+)`/gm,
  )) {
    const { gate, block, alternative } = match.groups ?? {};
    const last = steps.at(-1);
    if (gate) steps.push({ kind: "gate", name: gate });
    else if (block) steps.push({ kind: "commands", text: block });
    else if (alternative && last?.kind === "commands") last.alternative = alternative;
  }
  return steps;
}

const Gates = z.record(z.string(), z.string());

export const gateAnswers = async () =>
  Gates.parse(parse(await readFile(join(import.meta.dirname, "gates.yaml"), "utf8")));

export interface Ran {
  text: string;
  code: number | null;
  output: string;
}

export interface WalkOptions {
  steps: readonly Step[];
  gates: Readonly<Record<string, string>>;
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** What this machine types for a command of the runbook. */
  translate: (text: string) => string;
  /** Blocks in which a failure is not the end: the runbook says what to look at instead. */
  mayFail: (text: string, walked: readonly Ran[]) => boolean;
}

/** Throws at a gate without an answer and at a block that fails; resolves with what every block printed. */
export async function walk(options: WalkOptions): Promise<Ran[]> {
  const walked: Ran[] = [];
  for (const step of options.steps) {
    if (step.kind === "gate") {
      if (!options.gates[step.name]) throw new Error(`${step.name} has no answer: a person has to decide.`);
      continue;
    }
    const text = options.translate(step.text);
    const ran = { text, ...(await bash(text, options)) };
    if (ran.code !== 0 && !options.mayFail(text, walked)) {
      throw new Error(`This ended with ${ran.code}:\n${text}\n${ran.output}`);
    }
    walked.push(ran);
  }
  return walked;
}

function bash(script: string, { cwd, env }: WalkOptions): Promise<{ code: number | null; output: string }> {
  return new Promise((done, failed) => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
      ...{ cwd, env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", failed);
    child.on("close", (code) => done({ code, output }));
  });
}
