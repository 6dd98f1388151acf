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
    const match = KEY.exec(lines[at] ?? "");
    const [, key = "", text = ""] = match ?? [];
    if (!match || !isPlainKey(key)) return null;
    if (text !== "") {
      const value = scalar(text);
      if (value === GIVE_UP) return null;
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

/** Keys that were looked at: a board has few. */
const plainKeys = new Map<string, boolean>();
const MAX_KEYS = 1_000;

/** False for a key that YAML takes for something else than text, as `yes`. */
function isPlainKey(key: string): boolean {
  let isPlain = plainKeys.get(key);
  if (isPlain === undefined) {
    isPlain = scalar(key) === key;
    if (plainKeys.size < MAX_KEYS) plainKeys.set(key, isPlain);
  }
  return isPlain;
}

function scalar(text: string): YamlValue | typeof GIVE_UP {
  if (!PLAIN.test(text) || text.endsWith(" ") || text.startsWith("- ") || /^(?:-|\.)+$/.test(text))
    return GIVE_UP;
  try {
    return resolvePlain(text);
  } catch (error) {
    if (error instanceof ScalarError) return GIVE_UP;
    throw error;
  }
}
