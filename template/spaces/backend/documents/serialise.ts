/**
 * Writing markdown with YAML frontmatter (api-v1.md 2.3): insertion order, one key a line, block style. What
 * is written reads back to the same values, here and in PyYAML; whatever looks like syntax or like another
 * type is quoted.
 */
import { resolvePlain, ScalarError } from "./yaml-scalars.ts";
import { pythonFloat, YamlFloat, type YamlMapping, YamlTimestamp, type YamlValue } from "./yaml-values.ts";

/** The text of a file. Lone surrogates, which UTF-8 cannot carry, become U+FFFD. */
export function serialiseDocument(frontmatter: YamlMapping, body: string): string {
  const block = frontmatter.size === 0 ? "{}\n" : `${mappingLines(frontmatter).join("\n")}\n`;
  return `---\n${block}---\n${padBody(body.toWellFormed())}`;
}

function padBody(body: string): string {
  if (body === "") return "";
  const before = body.startsWith("\n") ? "" : "\n";
  const after = body.endsWith("\n") ? "" : "\n";
  return `${before}${body}${after}`;
}

function mappingLines(mapping: YamlMapping): string[] {
  return [...mapping].flatMap(([key, value]) => {
    const name = stringText(key.toWellFormed());
    // YAML allows a simple key of at most 1024 characters; a longer one needs the long form.
    const head = name.length > 1000 ? [`? ${name}`, ":"] : [`${name}:`];
    const last = head.pop() ?? "";
    if (Array.isArray(value) && value.length > 0) return [...head, last, ...sequenceLines(value)];
    if (value instanceof Map && value.size > 0) return [...head, last, ...indent(mappingLines(value))];
    return [...head, `${last} ${scalarText(value)}`];
  });
}

function sequenceLines(items: readonly YamlValue[]): string[] {
  return items.flatMap((item) => {
    const lines =
      Array.isArray(item) && item.length > 0
        ? sequenceLines(item)
        : item instanceof Map && item.size > 0
          ? mappingLines(item)
          : [scalarText(item)];
    const [first = "", ...rest] = lines;
    return [`- ${first}`, ...indent(rest)];
  });
}

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

function scalarText(value: YamlValue): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : floatText(value);
  if (value instanceof YamlFloat) return floatText(value.value);
  if (value instanceof YamlTimestamp) return value.spaced;
  if (Array.isArray(value)) return "[]";
  if (value instanceof Map) return "{}";
  return stringText(value.toWellFormed());
}

function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  const text = pythonFloat(value);
  // `1e+16` is text to YAML 1.1: a float needs its dot.
  return text.includes("e") && !text.includes(".") ? text.replace("e", ".0e") : text;
}

/** Printable, on one line, and no character that PyYAML takes for a line break or refuses. */
const PRINTABLE =
  /^[\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;
const PLAIN_START = /^[\p{L}\p{N}_/.(+$^;~-]/u;

function stringText(text: string): string {
  if (isPlain(text)) return text;
  if (PRINTABLE.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return doubleQuoted(text);
}

function isPlain(text: string): boolean {
  if (!PLAIN_START.test(text) || !PRINTABLE.test(text)) return false;
  if (/^[-.?]+(?:\s|$)|:(?:\s|$)|\s#|\s$/.test(text)) return false;
  try {
    return resolvePlain(text) === text;
  } catch (error) {
    if (error instanceof ScalarError) return false;
    throw error;
  }
}

/** JSON's escapes are YAML's; what JSON leaves as it is but PyYAML refuses is added. */
function doubleQuoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
