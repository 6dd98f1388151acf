/**
 * Where words go. Data on stdout, everything else on stderr, in one of four modes named as in the `hf` tool:
 *
 *  human  aligned text, colour where the stream is a terminal
 *  agent  the same facts, plain: no colour, no alignment games
 *  json   exactly one JSON document on stdout
 *  quiet  only the essential value (an id, a URL, a path), one a line
 */
import { styleText } from "node:util";
import { maskSecrets } from "../../template/schema/secrets.ts";
import { type Env, isAgent } from "./detect.ts";

export const FORMATS = ["auto", "human", "agent", "json", "quiet"] as const;
export type Format = (typeof FORMATS)[number];
export type Mode = Exclude<Format, "auto">;

/** Version of the JSON documents; changes inside one version only add. */
export const OUTPUT_SCHEMA_VERSION = 1;

export type Style = Parameters<typeof styleText>[0];

/** A text stream as far as we need it; `process.stdout` is one. */
export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** What a command has found out or made, in each form it may be wanted in. */
export interface CommandResult {
  /** The JSON document, without `ok` and `schema_version`, which are added. */
  json: Record<string, unknown>;
  /** For people. Default: the agent text. */
  human?: string;
  /** Plain text. Default: the JSON document, indented. */
  agent?: string;
  /** Default: nothing. */
  quiet?: string;
}

export interface Output {
  readonly mode: Mode;
  /** Prints the outcome on stdout, once per command. */
  result(result: CommandResult): void;
  /** A line about what is going on, on stderr. Silent in quiet mode. */
  note(line: string): void;
  /** A line that should not be missed, on stderr, in every mode. */
  warn(line: string): void;
  /** Colours for stdout (`result`) and for stderr (`note`, `warn`); plain where colour is not wanted. */
  paint(style: Style, text: string): string;
  paintNote(style: Style, text: string): string;
  /** Columns of stderr, 80 if it is no terminal. */
  readonly width: number;
}

/** Colour only on a terminal that understands it and where nobody objected (https://no-color.org). */
export function wantsColour(stream: TextStream, env: Env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
}

export function resolveMode(format: Format, env: Env): Mode {
  if (format !== "auto") return format;
  return isAgent(env) ? "agent" : "human";
}

export function createOutput(options: {
  mode: Mode;
  stdout: TextStream;
  stderr: TextStream;
  env: Env;
}): Output {
  const { mode, stdout, stderr, env } = options;
  const painter = (stream: TextStream) => {
    const colour = mode === "human" && wantsColour(stream, env);
    return (style: Style, text: string) =>
      colour ? styleText(style, text, { validateStream: false }) : text;
  };
  const paintNote = painter(stderr);
  return {
    mode,
    width: Math.max(40, stderr.columns ?? 80),
    paint: painter(stdout),
    paintNote,
    result(result) {
      const text = renderResult(result, mode);
      if (text) stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    },
    note(line) {
      if (mode !== "quiet") stderr.write(`${line}\n`);
    },
    warn(line) {
      stderr.write(`${paintNote("yellow", "Warning:")} ${maskSecrets(line)}\n`);
    },
  };
}

function renderResult(result: CommandResult, mode: Mode): string {
  const document = { ok: true, schema_version: OUTPUT_SCHEMA_VERSION, ...result.json };
  switch (mode) {
    case "json":
      return JSON.stringify(document);
    case "quiet":
      return result.quiet ?? "";
    case "agent":
      return result.agent ?? JSON.stringify(document, null, 2);
    case "human":
      return result.human ?? result.agent ?? JSON.stringify(document, null, 2);
  }
}
