/** Options every command takes. They are read before anything else, so that even a usage error has the right form. */

import { closest } from "../../template/schema/suggest.ts";
import type { Env } from "./detect.ts";
import { usageError } from "./errors.ts";
import { FORMATS, type Format } from "./output.ts";

export interface GlobalOptions {
  format: Format;
  debug: boolean;
  /** `undefined`: nobody said. */
  interactive: boolean | undefined;
}

/** Declared for the parser and the help; their values come from `readGlobalOptions`. */
export const GLOBAL_OPTIONS: readonly { flags: string; description: string }[] = [
  {
    flags: "--format <format>",
    description: `how to print: ${FORMATS.join(", ")} (auto: agent if one runs us)`,
  },
  { flags: "--json", description: "same as --format json: one JSON document on stdout" },
  { flags: "-q, --quiet", description: "same as --format quiet: only the essential value" },
  { flags: "--interactive", description: "ask questions even if this does not look like a terminal" },
  { flags: "--no-interactive", description: "never ask; a missing answer is an error (exit 4)" },
  { flags: "--debug", description: "print the stack of an error" },
];

/** Throws a usage error for an unknown format; `fallback` tells how to print it. */
export function readGlobalOptions(argv: readonly string[], env: Env): GlobalOptions {
  const options: GlobalOptions = {
    format: "auto",
    debug: Boolean(env.AGENT_COLLAB_DEBUG),
    interactive: undefined,
  };
  const words = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : undefined);
  for (const [index, word] of words.entries()) {
    if (word === "--json") options.format = "json";
    else if (word === "-q" || word === "--quiet") options.format = "quiet";
    else if (word === "--debug") options.debug = true;
    else if (word === "--interactive") options.interactive = true;
    else if (word === "--no-interactive") options.interactive = false;
    else if (word === "--format") options.format = parseFormat(words[index + 1]);
    else if (word.startsWith("--format=")) options.format = parseFormat(word.slice("--format=".length));
  }
  return options;
}

function parseFormat(value: string | undefined): Format {
  const format = FORMATS.find((known) => known === value);
  if (format) return format;
  const suggestion = value === undefined ? undefined : closest(value, FORMATS);
  throw usageError(
    value === undefined ? "--format needs a value." : `--format ${value} is not known.`,
    `${suggestion ? `Did you mean ${suggestion}? ` : ""}Allowed: ${FORMATS.join(", ")}.`,
  );
}
