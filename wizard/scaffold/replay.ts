/** The command that gives the same collab directory again. */
import { type Answers, answer } from "../questions/question.ts";
import { QUESTIONS } from "../questions/table.ts";
import { shellWord } from "../terminal/text.ts";

/**
 * `npx create-agent-collab@0.1.0 my-collab --title=… --yes`: names the version, and every answer that is not this
 * version's default.
 */
export function replayCommand(options: {
  directory: string;
  answers: Answers;
  version: string;
  example?: string;
  /** A challenge.yaml that was converted. */
  from?: string | undefined;
  /** What becomes of the questions that are left. Default: `--yes`. */
  rest?: "--yes" | "--start=custom";
}): string {
  const { directory, answers, version, example, from, rest = "--yes" } = options;
  const words = ["npx", `create-agent-collab@${version}`, directory];
  if (example) words.push("--example", example);
  if (from) words.push("--from", from);
  // The name of the folder is no part of it: in another place the same command must mean the same.
  const elsewhere = { ...answers, directory: "" };
  for (const { id, flag, when, initial } of QUESTIONS) {
    if (answers[id] === undefined || (when && !when(answers))) continue;
    // With an example or a challenge.yaml, what is left out would come from there.
    if (!example && !from && answer(answers, id) === initial(elsewhere).trim()) continue;
    // `--flag=value` also holds a value that is empty or starts with a dash.
    words.push(`--${flag}=${answer(answers, id)}`);
  }
  return [...words, rest].map(shellWord).join(" ");
}
