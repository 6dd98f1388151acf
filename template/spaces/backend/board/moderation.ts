/**
 * What organisers have hidden. A hidden document keeps its place, so that no list and no cursor changes, and
 * its author, time and kind; its text and its own fields are not shown anywhere, and no search finds it.
 */
import { z } from "zod";
import type { Frontmatter } from "./types.ts";

export const MODERATION_FILE = "moderation.json";

/** A file with a longer reason is not taken. */
export const MAX_REASON_CHARACTERS = 500;

export const ModerationFile = z.looseObject({
  /** Filename of a message, note or result to the reason, which everybody sees. */
  hidden: z.record(z.string(), z.string().max(MAX_REASON_CHARACTERS)).default({}),
});

const KEPT_FIELDS = ["agent", "timestamp", "type", "via", "channel", "taskforce"];

/** Hidden filenames with their reasons; `null` for a file that is not one of moderation. */
export function parseModeration(text: string): Map<string, string> | null {
  try {
    const parsed = ModerationFile.safeParse(JSON.parse(text));
    return parsed.success ? new Map(Object.entries(parsed.data.hidden)) : null;
  } catch {
    return null;
  }
}

interface Shown {
  key: string;
  frontmatter: string;
  body: string;
}

/** What stands where the text was. */
export const textInstead = (reason: string) =>
  `[hidden by the organisers${reason === "" ? "" : `: ${reason}`}]`;

/** The row as it may be shown. */
export function moderated<Row extends Shown>(row: Row, hidden: ReadonlyMap<string, string>): Row {
  const reason = hidden.get(row.key);
  if (reason === undefined) return row;
  const fields = JSON.parse(row.frontmatter) as Frontmatter;
  const kept = Object.fromEntries(
    KEPT_FIELDS.flatMap((field) => (field in fields ? [[field, fields[field]]] : [])),
  );
  return {
    ...row,
    frontmatter: JSON.stringify({ ...kept, hidden: true }),
    body: textInstead(reason),
  };
}
