/** What zod finds, in words for the person who wrote the file. */
import type { z } from "zod";
import { knownKeys } from "./known-keys.ts";
import type { PathSegments } from "./problem.ts";
import { closest } from "./suggest.ts";

/** A finding without its place in the text, which `parse.ts` adds. */
export interface Finding {
  path: PathSegments;
  /** Point at the key, not at its value. */
  atKey?: boolean;
  message: string;
  allowed?: readonly string[];
  suggestion?: string;
  fix?: string;
  severity: "error" | "warning";
}

type Issue = z.core.$ZodIssue;

/** `data` is the whole input: issues only name paths into it. */
export function explainIssues(issues: readonly Issue[], data: unknown): Finding[] {
  return issues.flatMap((issue) => explain(issue, [], data));
}

/** The value at `path`, `undefined` if there is none. */
export function valueAt(data: unknown, path: PathSegments): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    data,
  );
}

function explain(issue: Issue, prefix: PathSegments, data: unknown): Finding[] {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  const value = valueAt(data, path);
  if (value === undefined && issue.code !== "unrecognized_keys" && issue.code !== "custom") {
    const name = String(path.at(-1) ?? "");
    return [{ path, severity: "error", message: "is missing", fix: `Add ${name}${expectation(issue)}.` }];
  }
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key, value));
    case "invalid_union":
      return explainUnion(issue, path, data);
    case "invalid_value":
      return [notAllowed(path, value, issue.values.map(String))];
    case "invalid_type":
      return [wrongType(path, value, issue.expected)];
    case "too_small":
    case "too_big":
      return [{ path, severity: "error", message: outOfRange(issue) }];
    case "invalid_format":
      return [
        {
          path,
          severity: "error",
          message: issue.format === "url" ? "must be an http(s) URL" : `must be ${issue.message}`,
        },
      ];
    default:
      return [{ path, severity: "error", message: issue.message }];
  }
}

function expectation(issue: Issue): string {
  if (issue.code === "invalid_type") return ` (${article(issue.expected)})`;
  if (issue.code === "invalid_value") return ` (one of ${issue.values.map(String).join(", ")})`;
  if (issue.code === "invalid_union" && issue.discriminator !== undefined)
    return ` (${options(issue).join(", ")})`;
  return "";
}

function unknownKey(path: PathSegments, key: string, mapping: unknown): Finding {
  const known = knownKeys(path, mapping);
  const suggestion = closest(key, known);
  return {
    path: [...path, key],
    atKey: true,
    severity: "error",
    message: "is not a known key",
    ...(suggestion ? { suggestion } : { allowed: known }),
  };
}

function explainUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: PathSegments,
  data: unknown,
): Finding[] {
  const value = valueAt(data, path);
  if (issue.discriminator !== undefined) return [notAllowed(path, value, options(issue))];
  // The branch that got furthest is the one that was meant.
  const depth = (branch: readonly Issue[]) => Math.max(0, ...branch.map((inner) => inner.path.length));
  const branch = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? [];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const meant = isObject
    ? (issue.errors.find(
        (errors) => !errors.some((inner) => inner.path.length === 0 && inner.code !== "unrecognized_keys"),
      ) ?? branch)
    : branch;
  if (isObject) return meant.flatMap((inner) => explain(inner, path, data));
  const words = issue.errors
    .flat()
    .flatMap((inner) => (inner.code === "invalid_value" ? inner.values.map(String) : []));
  const suggestion = closest(String(value), words);
  return [
    {
      path,
      severity: "error",
      message: `must be ${[...words, "a mapping"].join(" or ")}`,
      ...(suggestion ? { suggestion } : {}),
    },
  ];
}

function options(issue: Extract<Issue, { code: "invalid_union" }>): string[] {
  return ("options" in issue && Array.isArray(issue.options) ? issue.options : []).map(String);
}

function notAllowed(path: PathSegments, value: unknown, allowed: readonly string[]): Finding {
  const suggestion = typeof value === "string" ? closest(value, allowed) : undefined;
  return {
    path,
    severity: "error",
    message: "is not an allowed value",
    allowed,
    ...(suggestion ? { suggestion } : {}),
  };
}

function wrongType(path: PathSegments, value: unknown, expected: string): Finding {
  const message =
    path.length === 0 ? "the file must be a mapping" : `must be ${article(expected)}, not ${kind(value)}`;
  const fix =
    value === null
      ? "Give it a value or remove the line."
      : expected === "string" && typeof value !== "object"
        ? `Put it in quotes: ${JSON.stringify(String(value))}.`
        : undefined;
  return { path, severity: "error", message, ...(fix ? { fix } : {}) };
}

function outOfRange(issue: Extract<Issue, { code: "too_small" | "too_big" }>): string {
  const limit = issue.code === "too_small" ? issue.minimum : issue.maximum;
  if (issue.code === "too_small" && issue.origin === "string") return "must not be empty";
  const what = { string: "characters long", array: "entries long" }[issue.origin as "string" | "array"];
  const bound = issue.code === "too_big" ? "at most" : issue.inclusive ? "at least" : "greater than";
  return `must be ${bound} ${limit}${what ? ` ${what}` : ""}`;
}

const ARTICLES: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping",
  array: "a list",
};

function article(expected: string): string {
  return ARTICLES[expected] ?? expected;
}

function kind(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  return { string: "text", number: "a number", object: "a mapping" }[typeof value as string] ?? typeof value;
}
