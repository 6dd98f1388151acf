/** 422: errors of the schema, in the list form old clients read, and as one sentence (api-v1.md 5.3). */
import type { z } from "@hono/zod-openapi";

export interface ValidationDetail {
  type: string;
  loc: (string | number)[];
  msg: string;
  input?: unknown;
  ctx?: Record<string, unknown>;
}

export class ValidationError extends Error {
  readonly detail: readonly ValidationDetail[];

  constructor(detail: readonly ValidationDetail[]) {
    super(detail.map(sentence).join(" "));
    this.name = "ValidationError";
    this.detail = detail;
  }
}

/** The whole request breaks a rule between fields. */
export function ruleError(message: string, input: unknown): ValidationError {
  return new ValidationError([
    { type: "value_error", loc: ["body"], msg: `Value error, ${message}`, input, ctx: { error: {} } },
  ]);
}

const SHOWN_LENGTH = 200;

/** What an answer repeats of a rejected value: enough to recognise it, never a large or deep one. */
function shownInput(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 10).map(shownMember);
  if (typeof value !== "object" || value === null) return shownMember(value);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 30)
      .map(([key, member]) => [key.slice(0, SHOWN_LENGTH), shownMember(member)]),
  );
}

function shownMember(value: unknown): unknown {
  if (typeof value === "string" && value.length > SHOWN_LENGTH) return `${value.slice(0, SHOWN_LENGTH)}…`;
  return typeof value === "object" && value !== null ? (Array.isArray(value) ? [] : {}) : value;
}

export function detailsOf(
  issues: readonly z.core.$ZodIssue[],
  place: "body" | "query",
  input: unknown,
): ValidationDetail[] {
  return issues.map((issue) => {
    const loc = [place, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
    const value = valueAt(input, issue.path);
    if (value === undefined) return { type: "missing", loc, msg: "Field required", input: shownInput(input) };
    return { loc, input: shownInput(value), ...kindOf(issue) };
  });
}

function kindOf(issue: z.core.$ZodIssue): Pick<ValidationDetail, "type" | "msg" | "ctx"> {
  if (issue.code === "custom") {
    const type = issue.params?.type;
    return { type: typeof type === "string" ? type : "value_error", msg: issue.message };
  }
  if (issue.code === "invalid_value") {
    const expected = issue.values.map((value) => `'${String(value)}'`).join(" or ");
    return { type: "literal_error", msg: `Input should be ${expected}`, ctx: { expected } };
  }
  if (issue.code === "invalid_type") {
    const [type, name] = TYPE_NAMES[issue.expected] ?? ["value_error", issue.expected];
    return { type, msg: `Input should be a valid ${name}` };
  }
  if (issue.code === "too_big") return { type: "too_long", msg: issue.message };
  return { type: "value_error", msg: issue.message };
}

const TYPE_NAMES: Readonly<Record<string, readonly [type: string, name: string]>> = {
  string: ["string_type", "string"],
  boolean: ["bool_type", "boolean"],
  number: ["float_type", "number"],
  int: ["int_type", "integer"],
  array: ["list_type", "list"],
  object: ["dict_type", "dictionary"],
};

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

const capitalised = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

function sentence({ type, loc, msg }: ValidationDetail): string {
  const [place, ...path] = loc;
  if (type === "json_invalid") return "The body is not valid JSON.";
  if (type === "value_error" && path.length === 0)
    return `${capitalised(msg.replace(/^Value error, /, ""))}.`;
  if (path.length === 0) return `The ${place}: ${msg}.`;
  const where = place === "query" ? "query parameter" : "field";
  return type === "missing"
    ? `The ${where} "${path.join(".")}" is missing.`
    : `The ${where} "${path.join(".")}": ${msg}.`;
}
