/**
 * The values frontmatter can hold, finer than JSON: `1` and `1.0`, a date and the text of a date are
 * different things to YAML 1.1 and to the rules of results and traces.
 */

/** A float that a JS number could not tell from an integer (`5.0`), or that JSON has no word for (`.inf`). */
export class YamlFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A date or a moment as written, `offsetMinutes` only if a zone was given. */
export class YamlTimestamp {
  /** As JSON shows it: `2026-01-01`, `2026-01-01T10:00:00Z`, `2026-01-01T10:00:00.250000+02:00`. */
  readonly iso: string;

  constructor(iso: string) {
    this.iso = iso;
  }

  /** As Python prints it and as YAML is written: `2026-01-01 10:00:00+00:00`. */
  get spaced(): string {
    return this.iso.replace("T", " ").replace(/Z$/, "+00:00");
  }
}

export type YamlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | YamlFloat
  | YamlTimestamp
  | YamlValue[]
  | YamlMapping;

/** Insertion order kept, any text as a key: a `Map`, so that `__proto__` or `1` are nothing special. */
export type YamlMapping = Map<string, YamlValue>;

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** A float from its value: a plain number wherever that is unmistakably a float. */
export function yamlFloat(value: number): number | YamlFloat {
  return Number.isInteger(value) || !Number.isFinite(value) ? new YamlFloat(value) : value;
}

/** The number, `Infinity` and `NaN` included, or `undefined` for anything else. Text and booleans are no numbers. */
export function numberOf(value: YamlValue | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof YamlFloat) return value.value;
  return undefined;
}

/** True for YAML integers only; `5.0` is none. */
export function isYamlInteger(value: YamlValue | undefined): value is number | bigint {
  return typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
}

/** JSON-safe form: dates as text, non-finite numbers as null, integers beyond a double as text. */
export function toJson(value: YamlValue): JsonValue {
  if (value instanceof YamlFloat) return Number.isFinite(value.value) ? value.value : null;
  if (value instanceof YamlTimestamp) return value.iso;
  if (typeof value === "bigint") {
    const double = Number(value);
    return Number.isFinite(double) ? double : value.toString();
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return mappingToJson(value);
  return value;
}

/** As an assignment makes it, but for the one key whose assignment makes something else. */
const OWN_FIELD = { configurable: true, enumerable: true, writable: true };

export function mappingToJson(mapping: YamlMapping): { [key: string]: JsonValue } {
  const json: { [key: string]: JsonValue } = {};
  for (const [key, value] of mapping) {
    if (key === "__proto__") Object.defineProperty(json, key, { ...OWN_FIELD, value: toJson(value) });
    else json[key] = toJson(value);
  }
  return json;
}

/** Plain data as YAML values: what code builds (`{ agent: "a", refs: ["x.md"] }`). `undefined` members are left out. */
export function mappingOf(fields: Readonly<Record<string, YamlValue | undefined>>): YamlMapping {
  const mapping: YamlMapping = new Map();
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) mapping.set(key, value);
  return mapping;
}

/**
 * The text Python gives for a value: what the filters and `q=` of api-v1.md section 4 compare
 * (`True`, `None`, `5`, `1.0`, `['a', 'b']`).
 */
export function pythonText(value: YamlValue): string {
  if (typeof value === "string") return value;
  if (value instanceof YamlTimestamp) return value.spaced;
  return pythonRepr(value);
}

function pythonRepr(value: YamlValue): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : pythonFloat(value);
  if (value instanceof YamlFloat) return pythonFloat(value.value);
  if (value instanceof YamlTimestamp) return value.spaced;
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`).join(", ")}}`;
  }
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replaceAll(quote, `\\${quote}`);
  return `${quote}${escaped}${quote}`;
}

/** `1.0`, `1.5`, `1e-07`, `1e+16`, `inf`, `nan`. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    const [mantissa, exponent = "+0"] = value.toExponential().split("e");
    const digits = exponent.slice(1).padStart(2, "0");
    return `${mantissa}e${exponent[0]}${digits}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}
