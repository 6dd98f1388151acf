/**
 * The short way for the frontmatter nearly every file has: one `key: value` a line, plain words or a list of
 * them. It reads a board of a hundred thousand messages in a second where the full parser takes twenty; where
 * a line is anything more, it gives up and the full parser decides. Both must agree wherever this one answers.
 */
import { resolvePlain, ScalarError } from "./yaml-scalars.ts";
import type { YamlMapping, YamlValue } from "./yaml-values.ts";

const KEY = /^([A-Za-z_][A-Za-z0-9_]*):(?: (.*))?$/;
/** Starts with a letter, digit or harmless sign; no character that could be syntax anywhere in it. */
const PLAIN =
  /^[A-Za-z0-9_/.(+-][^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}#:\\"'`\u0085\ufeff]*(?::[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}#:\\"'`\s\ufeff][^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}#:\\"'`\u0085\ufeff]*)*$/u;
const MAX_CHARACTERS = 16_384;
const GIVE_UP = Symbol("give up");

/** `null`: not simple, ask the full parser. */
export function parseSimpleYaml(yaml: string): YamlMapping | null {
  if (yaml.length > MAX_CHARACTERS) return null;
  const lines = yaml.split("\n");
  const mapping: YamlMapping = new Map();
  for (let at = 0; at < lines.length; at += 1) {
    const entry = entryOf(lines[at] ?? "");
    if (entry === GIVE_UP) return null;
    const { key, value } = entry;
    if (value !== undefined) {
      mapping.set(key, value);
      continue;
    }
    const items: YamlValue[] = [];
    while (lines[at + 1]?.startsWith("- ")) {
      at += 1;
      const item = scalar(lines[at]?.slice(2) ?? "");
      if (item === GIVE_UP) return null;
      items.push(item);
    }
    if (items.length === 0) return null;
    mapping.set(key, items);
  }
  return mapping;
}

type Scalar = ReturnType<typeof resolvePlain>;

/** What a line holds; without a value the items of a list follow. Shared by all documents: never modified. */
interface Entry {
  readonly key: string;
  readonly value?: Scalar;
}

/** Lines that were looked at: the messages of a board repeat the same few. */
const knownLines = new Map<string, Entry | typeof GIVE_UP>();
const MAX_KNOWN_LINES = 2_000;
/** A longer line hardly comes twice. */
const MAX_KNOWN_LENGTH = 100;

function entryOf(line: string): Entry | typeof GIVE_UP {
  if (line.length > MAX_KNOWN_LENGTH) return readEntry(line);
  const known = knownLines.get(line);
  if (known !== undefined) return known;
  const entry = readEntry(line);
  if (knownLines.size >= MAX_KNOWN_LINES) knownLines.clear();
  knownLines.set(line, entry);
  return entry;
}

function readEntry(line: string): Entry | typeof GIVE_UP {
  const match = KEY.exec(line);
  const [, key = "", text = ""] = match ?? [];
  // A key that YAML takes for something else than text, as `yes`, is not simple.
  if (!match || scalar(key) !== key) return GIVE_UP;
  if (text === "") return { key };
  const value = scalar(text);
  return value === GIVE_UP ? GIVE_UP : { key, value };
}

function scalar(text: string): Scalar | typeof GIVE_UP {
  if (!PLAIN.test(text) || text.endsWith(" ") || text.startsWith("- ") || /^(?:-|\.)+$/.test(text))
    return GIVE_UP;
  try {
    return resolvePlain(text);
  } catch (error) {
    if (error instanceof ScalarError) return GIVE_UP;
    throw error;
  }
}
