/** Markdown files with YAML frontmatter: taking them apart (api-v1.md 2.1, 2.7). Writing them is `serialise.ts`. */
import { ApiError } from "../errors.ts";
import { parseYaml, YamlError } from "./yaml-parse.ts";
import { parseSimpleYaml } from "./yaml-simple.ts";
import { type JsonValue, mappingToJson, YamlFloat, type YamlMapping, type YamlValue } from "./yaml-values.ts";

const MARK = "---";

/** `yaml` is `null` where the text has no frontmatter; then `body` is the whole text. */
export function splitFrontmatter(text: string): { yaml: string | null; body: string } {
  const whole = { yaml: null, body: text };
  if (!text.startsWith(MARK)) return whole;
  let start = MARK.length;
  while (text[start] === "\n") start += 1;
  const end = text.indexOf(`\n${MARK}`, start);
  if (end === -1) return whole;
  const after = end + 1 + MARK.length;
  return { yaml: text.slice(start, end), body: text.slice(text[after] === "\n" ? after + 1 : after) };
}

export interface ParsedDocument {
  frontmatter: YamlMapping;
  /** Exactly what follows the closing mark. */
  body: string;
}

/** What a POST brings. Throws 400 INVALID_FRONTMATTER with the reason; `what` names the file for its author. */
export function parseDocument(text: string, what = "the file"): ParsedDocument {
  const { yaml, body } = splitFrontmatter(text);
  if (yaml === null) return { frontmatter: new Map(), body };
  try {
    return { frontmatter: toMapping(parseSimpleYaml(yaml) ?? parseYaml(yaml, { strict: true })), body };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new ApiError("INVALID_FRONTMATTER", `The frontmatter of ${what} cannot be used: ${error.message}.`);
  }
}

export interface ReadDocument {
  /** Finer than JSON: what the rules of results and traces look at. */
  values: YamlMapping;
  frontmatter: { [key: string]: JsonValue };
  /** Without the one newline the writer puts before and after it. */
  body: string;
  /** The frontmatter could not be read: then it is empty and `body` is the whole text. */
  malformed: boolean;
}

/** What lies in the bucket. Never throws: one bad file must not break a list (api-v1.md 12.1 W10). */
export function readDocument(text: string): ReadDocument {
  const { yaml, body } = splitFrontmatter(text);
  if (yaml === null) return { values: new Map(), frontmatter: {}, body: unpadBody(body), malformed: false };
  try {
    const values = toMapping(parseSimpleYaml(yaml) ?? parseYaml(yaml, { strict: false }));
    return { values, frontmatter: mappingToJson(values), body: unpadBody(body), malformed: false };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return { values: new Map(), frontmatter: {}, body: text, malformed: true };
  }
}

/** The body as its author wrote it: less the newline that `serialise` adds at either end. */
export function unpadBody(body: string): string {
  const start = body.startsWith("\n") ? 1 : 0;
  const end = body.endsWith("\n") && body.length > start ? body.length - 1 : body.length;
  return body.slice(start, end);
}

/** Empty, null, false, 0 and [] count as no frontmatter; any other non-mapping is an error. */
function toMapping(value: YamlValue): YamlMapping {
  if (value instanceof Map) return value;
  const zero = value instanceof YamlFloat && value.value === 0;
  if (!value || zero || (Array.isArray(value) && value.length === 0)) return new Map();
  throw new YamlError("it must be a mapping of keys to values");
}
