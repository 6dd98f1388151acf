/** Every question of `create`, in the order in which they are asked; each part of the conversation is a file. */
import type { Question, Section } from "./question.ts";
import { board } from "./sections/board.ts";
import { names } from "./sections/names.ts";
import { problem } from "./sections/problem.ts";
import { score } from "./sections/score.ts";
import { verification } from "./sections/verification.ts";

export const SECTIONS: readonly Section[] = [problem, score, verification, names, board];

export const QUESTIONS: readonly Question[] = SECTIONS.flatMap(({ questions }) => questions);

export function question(id: string): Question {
  const found = QUESTIONS.find((entry) => entry.id === id);
  if (!found) throw new Error(`no question ${id}`);
  return found;
}
