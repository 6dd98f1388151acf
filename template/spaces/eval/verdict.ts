/** What an evaluator says. Its words end up on the board, so they are bounded and typed. */
import { z } from "zod";

const MAX_REASON = 2000;
const MAX_CHECKS = 50;

const Check = z.object({
  field: z.string().min(1).max(80),
  claimed: z.number().nullable().optional(),
  measured: z.number().nullable().optional(),
  limit: z.number().nullable().optional(),
  comparison: z.string().max(200).optional(),
  ok: z.boolean(),
});

const Answer = z.object({
  verdict: z.enum(["valid", "invalid", "undecided"]),
  reason_code: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_]{0,63}$/)
    .nullish(),
  reason: z.string().nullish(),
  details: z.record(z.string(), z.unknown()).nullish(),
  checks: z.array(Check).max(MAX_CHECKS).nullish(),
});

export interface EvaluatorVerdict {
  verdict: "valid" | "invalid" | "undecided";
  reasonCode: string | null;
  reason: string;
  checks: z.infer<typeof Check>[];
}

/** The whole output as JSON, or else its last line; `null` if neither is a verdict. */
export function readVerdict(output: string): EvaluatorVerdict | null {
  const lastLine = output.trimEnd().split("\n").at(-1) ?? "";
  for (const text of [output, lastLine]) {
    const answer = Answer.safeParse(parse(text));
    if (!answer.success) continue;
    const { verdict, reason_code: code, checks } = answer.data;
    return {
      verdict,
      reasonCode: code == null || code === "ok" ? null : code,
      reason: reasonOf(answer.data).slice(0, MAX_REASON),
      checks: checks ?? [],
    };
  }
  return null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The sentence, and the plain values of `details` behind it. */
function reasonOf({ verdict, reason, details }: z.infer<typeof Answer>): string {
  const { message, ...rest } = details ?? {};
  const sentence = reason ?? (typeof message === "string" ? message : "");
  const values = Object.entries(rest).flatMap(([key, value]) =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? [`${key}: ${String(value).slice(0, 200)}`]
      : [],
  );
  const facts = values.length === 0 ? "" : `(${values.join(", ")})`;
  const whole = [sentence.trim(), facts].filter((part) => part !== "").join(" ");
  return whole || (verdict === "invalid" ? "The evaluator gave no reason." : "");
}
