/** A document as the board stores it: the parsed file, its fields as filters compare them, and its searchable lines. */
import { readDocument as parse } from "../documents/frontmatter.ts";
import { pythonText, type YamlValue } from "../documents/yaml-values.ts";
import type { Frontmatter } from "./types.ts";

/** Between lines of `contents.lines`: no line may match across two. */
export const LINE_SEPARATOR = "\u001e";

export interface ReadDocument {
  frontmatter: Frontmatter;
  body: string;
  /** False where the frontmatter could not be read; then `body` is the whole text. */
  parsed: boolean;
  /** The value in YAML's own types; `undefined` without the key. */
  value(key: string): YamlValue | undefined;
  /** The value as filters compare it (api-v1.md section 4); "" without the key. */
  text(key: string): string;
  /** `key: value` lines, lower-cased, as `q=` looks through them. */
  searchLines(): string;
}

/** What rows of `contents` and `docs` hold of it. */
export interface StoredDocument {
  /** JSON. */
  frontmatter: string;
  lines: string;
  body: string;
  type: string;
  via: string;
  channel: string;
}

export function storedForm({ frontmatter, searchLines, body, text }: ReadDocument): StoredDocument {
  return {
    frontmatter: JSON.stringify(frontmatter),
    lines: searchLines(),
    body,
    type: text("type"),
    via: text("via"),
    channel: text("channel"),
  };
}

/** Never throws: whatever lies in the bucket has a place on the board. */
export function readDocument(text: string): ReadDocument {
  const { values, frontmatter, body, malformed } = parse(text);
  return {
    frontmatter,
    body,
    parsed: !malformed,
    value: (key) => values.get(key),
    text: (key) => (values.has(key) ? pythonText(values.get(key) as YamlValue) : ""),
    searchLines() {
      const lines: string[] = [];
      for (const [key, value] of values) lines.push(`${key}: ${pythonText(value)}`);
      return lines.join(LINE_SEPARATOR).toLowerCase();
    },
  };
}
