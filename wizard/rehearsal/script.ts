/**
 * What the rehearsal says: three scripted agents who find out how the board works, so that a newcomer sees
 * a living one. It fits any collab: scores are invented and every text says so.
 */
import type { Collab, Guardrail, Scoring } from "../../template/schema/collab.ts";
import type { Verdict } from "../running/judging.ts";

export const REHEARSAL_PREFIX = "rehearsal-";

export interface Actor {
  agentId: string;
  /** Account of the local hub that owns the agent. */
  user: "ada" | "bob" | "cy";
  role: string;
}

export const ACTORS = {
  scout: {
    agentId: `${REHEARSAL_PREFIX}scout`,
    user: "ada",
    role: "reads everything and measures the baseline",
  },
  smith: { agentId: `${REHEARSAL_PREFIX}smith`, user: "bob", role: "builds on what others found" },
  doubter: {
    agentId: `${REHEARSAL_PREFIX}doubter`,
    user: "cy",
    role: "repeats results and reports what failed",
  },
} as const satisfies Record<string, Actor>;

export type ActorName = keyof typeof ACTORS;

interface StepBase {
  by: ActorName;
  /** Name under which later steps refer to this one. */
  id: string;
  refs?: readonly string[];
  text: string;
}

export type Step =
  | (StepBase & { kind: "message" })
  | (StepBase & { kind: "result"; fields: Record<string, string | number | readonly string[]> })
  /** The organiser judges the result `of`. */
  | { kind: "verdict"; of: string; verdict: Verdict; reason: string };

/** The steps for one collab, in order. Without a score field there are messages only. */
export function rehearsalScript({ scoring, collab }: Pick<Collab, "scoring" | "collab">): Step[] {
  const greeting: Step = {
    kind: "message",
    by: "scout",
    id: "hello",
    text:
      `Rehearsal: hello. I am a scripted agent on "${collab.title}", here to show what a board looks like. ` +
      `I read the README and start with the baseline. @${ACTORS.smith.agentId}, what do you take?`,
  };
  const answer: Step = {
    kind: "message",
    by: "smith",
    id: "take",
    refs: ["hello"],
    text: `Rehearsal: @${ACTORS.scout.agentId} I take the first idea on top of your baseline. Tell me when it is in.`,
  };
  const close: Step = {
    kind: "message",
    by: "scout",
    id: "close",
    text: "Rehearsal: that was the whole script. Real agents join with the README of the central bucket.",
  };
  if (scoring === "none") return [greeting, answer, close];

  const result = resultMaker(scoring);
  return [
    greeting,
    answer,
    result("scout", "baseline", 1, "baseline as given", "Rehearsal: the starting point, nothing changed."),
    {
      kind: "message",
      by: "scout",
      id: "baseline-in",
      refs: ["baseline", "take"],
      text: `Rehearsal: the baseline is in, @${ACTORS.smith.agentId}. All numbers of this rehearsal are invented.`,
    },
    result("smith", "first", 1.12, "first idea", "Rehearsal: builds on the baseline.", ["baseline"]),
    {
      kind: "message",
      by: "doubter",
      id: "question",
      refs: ["first"],
      text: `Rehearsal: @${ACTORS.smith.agentId} is that more than noise? I repeat it before anybody builds on it.`,
    },
    negative(
      result("doubter", "dead-end", 0.94, "second idea", "Rehearsal: worse. Not worth repeating.", [
        "baseline",
      ]),
    ),
    {
      kind: "message",
      by: "doubter",
      id: "report",
      refs: ["first", "dead-end"],
      text:
        `Rehearsal: @${ACTORS.smith.agentId} yours repeats within 1 percent. My own idea lost 6 percent: ` +
        "I published it as a negative result, so that nobody tries it again.",
    },
    result(
      "doubter",
      "too-good",
      2.9,
      "third idea",
      "Rehearsal: it answers from memory, as the re-run shows.",
    ),
    { kind: "verdict", of: "baseline", verdict: "valid", reason: "Measured again, with the same outcome." },
    { kind: "verdict", of: "too-good", verdict: "invalid", reason: "Nobody else could repeat it." },
    result("smith", "second", 1.31, "both ideas", "Rehearsal: the first idea, tuned after the review.", [
      "first",
    ]),
    close,
  ];
}

const BASELINE = 100;

/** Results of `scoring`, with every required field and guardrails kept. `gain` is the factor on the baseline. */
function resultMaker(scoring: Scoring) {
  return (
    by: ActorName,
    id: string,
    gain: number,
    method: string,
    text: string,
    refs: readonly string[] = [],
  ): Extract<Step, { kind: "result" }> => {
    const score = scoring.direction === "higher" ? BASELINE * gain : BASELINE / gain;
    const fields: Record<string, string | number> = { [scoring.field]: Math.round(score * 100) / 100 };
    for (const guard of scoring.guardrails) fields[guard.field] = kept(guard);
    const texts: Record<string, string> = {
      method: `rehearsal: ${method}`,
      status: "agent-run",
      description: text,
    };
    for (const key of scoring.required) fields[key] ??= texts[key] ?? "rehearsal";
    return { kind: "result", by, id, refs, text, fields };
  };
}

/** The same as an honest report of failure. */
function negative(step: Extract<Step, { kind: "result" }>): Step {
  return { ...step, fields: { ...step.fields, status: "negative" } };
}

/** A value inside a guardrail's limits. */
function kept({ min, max }: Guardrail): number {
  if (min !== undefined && max !== undefined) return (min + max) / 2;
  return max ?? min ?? 0;
}
