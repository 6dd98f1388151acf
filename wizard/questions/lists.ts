/** The small notations in which lists are typed on one line. */
import { FIELD_PATTERN } from "../../template/schema/collab.ts";

/** `a, b,c` as its parts; an empty text is an empty list. */
export function splitList(text: string, separator: "," | "|" = ","): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Words made into an id: `KV cache & friends` is `kv-cache-friends`. Empty if nothing is left. */
export function toId(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/['’]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
}

/** An id as words: `kv-cache` is `Kv cache`. */
export function toTitle(id: string): string {
  const words = id.replace(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export interface GuardrailAnswer {
  field: string;
  min?: number;
  max?: number;
}

/** `ppl<=2.42, accuracy>=0.9`. Throws an Error whose message says what is wrong. */
export function parseGuardrails(text: string): GuardrailAnswer[] {
  return splitList(text).map((part) => {
    const [, field, sign, limit] =
      /^([A-Za-z_][A-Za-z0-9_]{0,63})\s*(<=|>=)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i.exec(part) ?? [];
    if (field === undefined)
      throw new Error(`${JSON.stringify(part)} must look like ppl<=2.42 or accuracy>=0.9`);
    return sign === "<=" ? { field, max: Number(limit) } : { field, min: Number(limit) };
  });
}

export interface TrackAnswer {
  id: string;
  requires: string[];
}

/** `lossless:identity+ppl, open`. Throws an Error whose message says what is wrong. */
export function parseTracks(text: string): TrackAnswer[] {
  return splitList(text).map((part) => {
    const [name = "", fields = ""] = part.split(":");
    const id = toId(name);
    const requires = fields
      .split("+")
      .map((field) => field.trim())
      .filter((field) => field !== "");
    if (id === "" || id !== name.trim() || requires.some((field) => !FIELD_PATTERN.test(field))) {
      throw new Error(`${JSON.stringify(part)} must look like lossless or lossless:identity+ppl`);
    }
    return { id, requires };
  });
}

export interface AxisAnswer {
  id: string;
  title: string;
  values: string[];
}

/** `Numerics: bf16|int8, Decoding`. Throws an Error whose message says what is wrong. */
export function parseAxes(text: string): AxisAnswer[] {
  return splitList(text).map((part) => {
    const [name = "", ...rest] = part.split(":");
    const title = name.trim();
    const id = toId(title);
    const values = splitList(rest.join(":"), "|");
    if (id === "" || title.length > 60 || values.length > 50 || values.some((value) => value.length > 60)) {
      throw new Error(
        `${JSON.stringify(part)} must look like Numerics or Numerics: bf16|int8 (60 characters each at most)`,
      );
    }
    return { id, title, values };
  });
}
