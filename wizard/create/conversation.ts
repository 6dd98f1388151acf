/** The part of `create` where a person is asked: how to start, the questions, and a last look before writing. */
import * as clack from "@clack/prompts";
import type { Cli } from "../commands/index.ts";
import { packageVersion } from "../package-root.ts";
import { askAt, askChoice, askText, type Live, type Prompt } from "../questions/ask.ts";
import { hardwareChoices } from "../questions/hardware-choices.ts";
import { hardwarePrices, type Prices } from "../questions/hardware-prices.ts";
import { dim, guided, heading, textWidth } from "../questions/layout.ts";
import { toTitle } from "../questions/lists.ts";
import type { Answers, Choice, Question } from "../questions/question.ts";
import { type Ask, type Rest, reviseAnswer } from "../questions/resolve.ts";
import { CONFIRM, FROM_CHALLENGE, recommendedSettings, START, startChoices } from "../questions/steps.ts";
import { QUESTIONS, SECTIONS } from "../questions/table.ts";
import { exampleSummaries } from "../scaffold/example-list.ts";
import type { Converted } from "../scaffold/from-challenge.ts";
import { replayCommand } from "../scaffold/replay.ts";
import { UserError } from "../terminal/errors.ts";
import { padEnd, sentence, wrapText } from "../terminal/text.ts";
import type { Start } from "./start.ts";
import { type Draft, shownValue, summary } from "./summary.ts";

/** With the recommended settings only these are asked. */
const ESSENTIAL = ["title", "goal"];
/** A choice that is no question. */
const BACK = "(back)";

/** Whoever leaves with answers given gets them back, as the command that asks only for the rest. */
async function resumable<T>(
  { directory, answers, from }: Omit<Draft, "files">,
  asked: Promise<T>,
): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const { directory: _name, ...typed } = answers;
    if (!(error instanceof UserError) || error.code !== "interrupted" || Object.keys(typed).length === 0)
      throw error;
    const version = packageVersion();
    const command = replayCommand({ directory, answers: typed, version, from, rest: "--start=custom" });
    throw new UserError({
      code: error.code,
      message: error.message,
      fix: `To go on with the answers so far:\n  ${command}`,
      exitCode: error.exitCode,
      cause: error,
    });
  }
}

export class Conversation {
  readonly #cli: Cli;
  readonly #ask: Ask;
  readonly #endpoint: string;
  #begun = false;
  #section: string | undefined;
  #prices: Promise<Prices> | undefined;

  constructor(cli: Cli) {
    this.#cli = cli;
    this.#endpoint = (cli.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
    this.#ask = askAt(cli, (question) => this.#live(question));
  }

  /** The first screen: the value of `--start`, or `FROM_CHALLENGE`. */
  async start(): Promise<string> {
    const settings = recommendedSettings();
    const width = Math.max(...settings.map(([topic]) => topic.length));
    const explanation = [
      "Recommended settings, each of which can change later:",
      ...settings.map(([topic, setting]) => `  ${padEnd(topic, width)}  ${setting}`),
    ];
    const choices = startChoices(await exampleSummaries());
    return this.#choose({ ...START, explanation }, START.initial({}), choices);
  }

  /** A challenge.yaml that could be read, and its path. */
  async challenge(): Promise<{ from: string; converted: Converted }> {
    const prompt = {
      prompt: "Where is the challenge.yaml?",
      explanation: ["What it says is taken over; the rest is asked."],
      validate: () => undefined,
    };
    const { readChallenge } = await import("../scaffold/from-challenge.ts");
    for (;;) {
      const from = await this.#type(prompt, FROM_CHALLENGE);
      try {
        return { from, converted: await readChallenge(from, this.#cli.cwd) };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        clack.log.warn(`${error.message} ${error.fix ?? ""}`, { output: this.#cli.stderr });
      }
    }
  }

  directory(initial: string): Promise<string> {
    const prompt = {
      prompt: "Where should it be made?",
      explanation: ["A new folder. Its name is the default for the names that follow."],
      validate: () => undefined,
    };
    return this.#type(prompt, initial);
  }

  /** Who answers what was not given: the person, with a heading where a new part of the conversation begins. */
  rest(start: Start, target: Pick<Draft, "directory" | "from">): Rest {
    const recommended = start.kind === "recommended";
    return {
      by: "person",
      ask: (question, initial, answers) => {
        this.#begin();
        if (!recommended) this.#announce(question);
        return resumable({ ...target, answers }, this.#ask(question, initial, answers));
      },
      ...(recommended ? { only: ESSENTIAL } : {}),
    };
  }

  /** A question about the course of things, outside the table. */
  step(question: Question): Promise<string> {
    const explanation = [question.about?.({}, {}) ?? sentence(question.help)];
    return this.#choose({ ...question, explanation }, question.initial({}), question.choices ?? []);
  }

  /**
   * Shows the answers and what will be written until the person says yes; `draftOf` plans anew for changed answers.
   *
   * @throws UserError `declined` if the answer is no.
   */
  async confirm<T extends Draft>(first: T, draftOf: (answers: Answers) => Promise<T>): Promise<T> {
    const { stderr } = this.#cli;
    let draft = first;
    for (;;) {
      stderr.write(guided(this.#cli, summary(this.#cli, draft)));
      const said = await resumable(draft, this.step(CONFIRM));
      if (said === "yes") return draft;
      if (said === "no") throw new UserError({ code: "declined", message: "Nothing was created." });
      const id = await this.#whichAnswer(draft.answers);
      if (id !== BACK) draft = await draftOf(await reviseAnswer(id, draft.answers, this.#ask));
    }
  }

  /** Closes the guide line, if one was drawn. */
  end(): void {
    if (this.#begun)
      this.#cli.stderr.write(`${dim(this.#cli, clack.S_BAR)}\n${dim(this.#cli, clack.S_BAR_END)}\n`);
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    clack.intro(`agent-collab ${packageVersion()}: a new collab`, { output: this.#cli.stderr });
    const about = wrapText("Nothing is written before the last answer. Ctrl-C leaves.", textWidth(this.#cli));
    this.#cli.stderr.write(guided(this.#cli, about));
  }

  #announce(question: Question): void {
    const index = SECTIONS.findIndex(({ questions }) => questions.includes(question));
    const title = SECTIONS[index]?.title;
    if (title === undefined || title === this.#section) return;
    this.#section = title;
    this.#cli.stderr.write(heading(this.#cli, index + 1, SECTIONS.length, title));
  }

  #choose(prompt: Prompt, initial: string, choices: readonly Choice[]): Promise<string> {
    this.#begin();
    return askChoice(this.#cli, prompt, initial, choices);
  }

  #type(prompt: Prompt, initial: string): Promise<string> {
    this.#begin();
    return askText(this.#cli, prompt, initial);
  }

  #whichAnswer(answers: Answers): Promise<string> {
    const open = QUESTIONS.filter(({ when }) => when?.(answers) ?? true);
    const choices = [
      ...open.map((question) => ({
        value: question.id,
        label: toTitle(question.id),
        hint: shownValue(question, answers),
      })),
      { value: BACK, label: "None", hint: "back to the summary" },
    ];
    const explanation = ["The others stay as they are."];
    const prompt = { prompt: "Which answer?", explanation, validate: () => undefined };
    return this.#choose(prompt, open[0]?.id ?? BACK, choices);
  }

  /** Today's prices, for the questions about cost; asked for early, so that the list is there when it is needed. */
  async #live({ id }: Question): Promise<Live> {
    const needed = ["verification", "hardware", "jobs_per_agent", "verification_runs", "budget"].includes(id);
    if (!needed) return {};
    this.#prices ??= hardwarePrices(this.#endpoint);
    if (id === "verification") return {};
    const prices = await this.#prices;
    if (id !== "hardware") return { prices: prices.perHour };
    const source = prices.live
      ? `Prices: today's, from ${new URL(this.#endpoint).host}.`
      : "Prices: of August 2026, since the Hub does not answer.";
    const day =
      "A day: 30 Jobs of 40 minutes and 60 trials of 15 by one participant; the next questions change that.";
    return { prices: prices.perHour, choices: hardwareChoices(prices), note: `${source} ${day}` };
  }
}
