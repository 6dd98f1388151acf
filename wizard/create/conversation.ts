/** The part of `create` where a person is asked: how to start, the questions, and a last look before writing. */
import type { Cli } from "../commands/index.ts";
import { askAt, askChoice, askText } from "../questions/ask.ts";
import { hardwareChoices, hardwarePrices } from "../questions/hardware-prices.ts";
import type { Choice, Question } from "../questions/question.ts";
import type { Rest } from "../questions/resolve.ts";
import { CONFIRM, recommendedSettings, START, startChoices } from "../questions/steps.ts";
import { exampleNames } from "../scaffold/example.ts";
import { UserError } from "../terminal/errors.ts";
import { DEFAULT_DIRECTORY, type Start, startOf } from "./start.ts";

/** With the recommended settings only these are asked. */
const ESSENTIAL = ["title", "goal"];

/** The first screen. */
export async function askStart(cli: Cli): Promise<Start> {
  const choices = startChoices(await exampleNames());
  const prompt = `${START.prompt}\nRecommended: ${recommendedSettings()}`;
  return startOf(await askChoice(cli, { ...START, prompt, help: "" }, START.initial({}), choices));
}

export function askDirectory(cli: Cli, initial = DEFAULT_DIRECTORY): Promise<string> {
  const question = { prompt: "Where should it be made?", help: "a new folder", validate: () => undefined };
  return askText(cli, question, initial);
}

export function restByPerson(cli: Cli, start: Start): Rest {
  const ask = askAt(cli, (question) => liveChoices(question, cli));
  return { by: "person", ask, ...(start.kind === "recommended" ? { only: ESSENTIAL } : {}) };
}

async function liveChoices({ id }: Question, cli: Cli): Promise<Choice[] | undefined> {
  if (id !== "hardware") return undefined;
  const endpoint = (cli.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  return hardwareChoices(await hardwarePrices(endpoint));
}

/** Shows what will be written; throws if the answer is no. */
export async function confirmSummary(cli: Cli, summary: string): Promise<void> {
  cli.out.note(summary);
  if ((await askChoice(cli, { ...CONFIRM, help: "" }, "yes", CONFIRM.choices ?? [])) === "yes") return;
  throw new UserError({ code: "declined", message: "Nothing was created." });
}

/** A question about the course of things, outside the table. */
export function askStep(cli: Cli, question: Question): Promise<string> {
  return askChoice(cli, { ...question, help: "" }, question.initial({}), question.choices ?? []);
}
