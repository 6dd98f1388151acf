/** Checks of single answers. Each returns what is wrong, or `undefined`. The limits are those of the schema. */
import { FIELD_PATTERN, ID_PATTERN, NAMESPACE_PATTERN } from "../../template/schema/collab.ts";
import { closest } from "../../template/schema/suggest.ts";
import { parseAxes, parseGuardrails, parseTracks, splitList } from "./lists.ts";
import type { Choice } from "./question.ts";

type Check = (value: string) => string | undefined;

const MAX_LONG_TEXT = 16_384;

export const text =
  (max: number, options: { optional?: boolean } = {}): Check =>
  (value) => {
    if (!options.optional && value.trim() === "") return "must not be empty";
    return value.length > max ? `must be at most ${max} characters long` : undefined;
  };

export const longText: Check = text(MAX_LONG_TEXT);

export const slug: Check = (value) => {
  if (!ID_PATTERN.test(value)) {
    return "must be 1 to 40 of a-z, 0-9 and '-', starting and ending with a letter or digit";
  }
  return value.includes("--") ? "must not hold --: the Hub does not take such names" : undefined;
};

export const namespace: Check = (value) =>
  NAMESPACE_PATTERN.test(value)
    ? undefined
    : "must be a Hugging Face organisation name: letters, digits, '-', '_' and '.'";

export const field: Check = (value) =>
  FIELD_PATTERN.test(value) ? undefined : "must be letters, digits and '_', not starting with a digit";

export const oneOf =
  (choices: readonly Choice[]): Check =>
  (value) => {
    const values = choices.map((choice) => choice.value);
    if (values.includes(value)) return undefined;
    const suggestion = closest(value, values);
    return `must be one of ${values.join(", ")}${suggestion ? `; did you mean ${suggestion}?` : ""}`;
  };

export const ids: Check = (value) => {
  const list = splitList(value);
  const bad = list.find((id) => !ID_PATTERN.test(id));
  if (bad !== undefined) return `${JSON.stringify(bad)} must be made of a-z, 0-9 and '-'`;
  return repeated(list);
};

/** The same for the lists with a syntax of their own: their parsers say what is wrong. */
const parses =
  (parse: (value: string) => { id: string }[]): Check =>
  (value) => {
    try {
      return repeated(parse(value).map(({ id }) => id));
    } catch (error) {
      return (error as Error).message;
    }
  };

export const guardrails: Check = parses((value) => parseGuardrails(value).map(({ field: id }) => ({ id })));
export const tracks: Check = parses(parseTracks);
export const axes: Check = parses(parseAxes);

function repeated(list: readonly string[]): string | undefined {
  const twice = list.find((id, index) => list.indexOf(id) !== index);
  return twice === undefined ? undefined : `${twice} is there twice`;
}

export const dollars: Check = (value) =>
  value === "" || (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0)
    ? undefined
    : "must be an amount in US dollars, such as 50, or nothing";

export const webAddress: Check = (value) => {
  if (value === "") return undefined;
  return /^https?:$/.test(URL.parse(value)?.protocol ?? "")
    ? undefined
    : "must be an http(s) URL, or nothing";
};

/** `min` and `max` are allowed themselves. */
export const wholeNumber =
  (min: number, max: number): Check =>
  (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

export const share: Check = (value) =>
  /^\d+(\.\d+)?$/.test(value) && Number(value) <= 1
    ? undefined
    : "must be a number from 0 to 1, such as 0.05";
