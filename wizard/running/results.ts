/** Results as organisers look at them before they judge. */
import { z } from "zod";
import type { Collab, Scoring } from "../../template/schema/collab.ts";
import { printable } from "../terminal/text.ts";

export const Result = z.object({
  filename: z.string(),
  frontmatter: z.record(z.string(), z.unknown()),
  body: z.string(),
  verification: z.string(),
});
export type Result = z.infer<typeof Result>;

export const ResultList = z.object({
  matched: z.number(),
  items: z.array(Result),
  next: z.string().nullable(),
});

/** Names of result files, as the server makes them; nothing else may stand in a path of ours. */
const RESULT_FILENAME = /^[0-9]{8}-[0-9]{6}(?:-[0-9]{3})?_[a-z0-9-]{1,60}\.md$/;

export function isResultFilename(name: string): boolean {
  return RESULT_FILENAME.test(name);
}

/** Who posted it, by its filename: frontmatter is what a participant wrote. */
export function authorOf(filename: string): string {
  return /_([a-z0-9-]+)\.md$/.exec(filename)?.[1] ?? "";
}

/** A value of frontmatter in one short line, safe to print. */
export function shortValue(value: unknown, max = 80): string {
  const text = printable(typeof value === "string" ? value : (JSON.stringify(value) ?? "")).replace(
    /\s+/g,
    " ",
  );
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

/** Guardrails that a result breaks by its own numbers: `ppl 2.5 is above 2.42`. */
export function brokenGuardrails(result: Result, { scoring }: Collab): string[] {
  if (scoring === "none") return [];
  return scoring.guardrails.flatMap(({ field, min, max }) => {
    const value = result.frontmatter[field];
    if (typeof value !== "number") return [`${field} is missing`];
    if (max !== undefined && value > max) return [`${field} ${value} is above ${max}`];
    if (min !== undefined && value < min) return [`${field} ${value} is below ${min}`];
    return [];
  });
}

export function scoreText(result: Result, scoring: Scoring | "none"): string {
  if (scoring === "none") return "";
  const value = shortValue(result.frontmatter[scoring.field], 30);
  return `${value}${scoring.unit ? ` ${scoring.unit}` : ""}`;
}
