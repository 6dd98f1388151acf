/** The command that gives the same collab directory again. */
import { type Answers, answer } from "../questions/question.ts";
import { QUESTIONS } from "../questions/table.ts";
import { shellWord } from "../terminal/text.ts";

/**
 * `npx create-agent-collab@0.1.0 my-collab --title … --yes`: names every answer, so that it stays true when a
 * default changes.
 */
export function replayCommand(options: {
  directory: string;
  answers: Answers;
  version: string;
  example?: string;
  /** A challenge.yaml that was converted. */
  from?: string;
}): string {
  const { directory, answers, version, example, from } = options;
  const words = ["npx", `create-agent-collab@${version}`, directory];
  if (example) words.push("--example", example);
  if (from) words.push("--from", from);
  for (const { id, flag, when } of QUESTIONS) {
    if (answers[id] === undefined || (when && !when(answers))) continue;
    // `--flag=value` also holds a value that is empty or starts with a dash.
    words.push(`--${flag}=${answer(answers, id)}`);
  }
  return [...words, "--yes"].map(shellWord).join(" ");
}
