/** A submission's manifest against the harness's JSON Schema, every fault with its line, before anything is paid. */
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { explainIssues, type Finding } from "../../../schema/issues.ts";
import { locate } from "../../../schema/locate.ts";
import { type PathSegments, type Problem, pathText } from "../../../schema/problem.ts";
import { closest } from "../../../schema/suggest.ts";

const MAX_PROBLEMS = 30;
const MAX_DEPTH = 50;

/** A JSON Schema, ready to check with. */
export type ManifestSchema = { type: z.ZodType; keys: readonly string[] };

/** Throws with the reason if `text` is no JSON Schema that we understand. */
export function readManifestSchema(text: string): ManifestSchema {
  const document: unknown = JSON.parse(text);
  if (typeof document !== "object" || document === null) throw new Error("it is not an object");
  const { properties } = document as { properties?: object };
  return {
    type: z.fromJSONSchema(document as z.core.JSONSchema.JSONSchema),
    keys: Object.keys(properties ?? {}),
  };
}

/** Every fault, in the order of the file; none if it fits. `file` is the name to show. */
export function manifestProblems(text: string, schema: ManifestSchema, file: string): Problem[] {
  const whole = (message: string, offset = 0): Problem[] => {
    const before = text.slice(0, offset).split("\n");
    const at = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    return [{ file, ...at, path: "", message, severity: "error" }];
  };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unreadable";
    return whole(`is not valid JSON: ${reason.slice(0, 200)}`, brokenAt(text));
  }
  // Before the parser below, which takes its time for such.
  if (isDeeperThan(MAX_DEPTH, data)) return whole("is nested too deeply");
  // JSON is YAML too, and only the YAML parser tells where things are.
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const duplicate = document.errors.find(({ code }) => code === "DUPLICATE_KEY");
  if (duplicate) return whole("has one key twice", duplicate.pos[0]);
  const parsed = schema.type.safeParse(data);
  if (parsed.success) return [];
  return parsed.error.issues
    .flatMap((issue) => findingsOf(issue, data, schema.keys))
    .slice(0, MAX_PROBLEMS)
    .map(({ path, atKey, ...rest }): Problem => {
      const place = locate(document, lines, path, { key: atKey === true });
      return { file, ...place, path: pathText(path), ...rest };
    })
    .toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** Where JSON stops being JSON. The parser does not always say, but it tells "broken" from "not over yet". */
function brokenAt(text: string): number {
  let [good, broken] = [0, text.length + 1];
  while (broken - good > 1) {
    const middle = Math.floor((good + broken) / 2);
    if (isBroken(text.slice(0, middle))) broken = middle;
    else good = middle;
  }
  return good;
}

function isBroken(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return false;
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    const position = /position (\d+)/.exec(reason)?.[1];
    return position === undefined
      ? !reason.startsWith("Unexpected end")
      : Number(position) < beginning.length;
  }
}

function isDeeperThan(depth: number, data: unknown): boolean {
  let level = [data];
  for (let n = 0; level.length > 0; n += 1) {
    if (n > depth) return true;
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
  return false;
}

type Issue = z.core.$ZodIssue;

function findingsOf(
  issue: Issue,
  data: unknown,
  keys: readonly string[],
  above: PathSegments = [],
): Finding[] {
  const own = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const path: PathSegments = [...above, ...own];
  const finding = (message: string, more: Partial<Finding> = {}): Finding[] => [
    { path, message, severity: "error", ...more },
  ];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const suggestion = path.length === 0 ? closest(key, keys) : undefined;
        const message = "is not a known key";
        return {
          path: [...path, key],
          atKey: true,
          message,
          severity: "error",
          ...(suggestion && { suggestion }),
        };
      });
    case "invalid_key":
      return finding("is not an allowed key", { atKey: true });
    case "invalid_format":
      return finding("pattern" in issue ? `must match ${issue.pattern}` : issue.message);
    case "invalid_union": {
      // The branch that got furthest is the one that was meant.
      const depth = (branch: readonly Issue[]) => Math.max(...branch.map((inner) => inner.path.length));
      const meant = issue.errors.toSorted((x, y) => depth(y) - depth(x))[0];
      if (meant !== undefined && depth(meant) > 0) {
        return meant.flatMap((inner) => findingsOf(inner, data, keys, path));
      }
      const types = issue.errors
        .flat()
        .flatMap((each) => (each.code === "invalid_type" ? [each.expected] : []));
      return finding(types.length === 0 ? "is not allowed" : `must be of type ${types.join(" or ")}`);
    }
    default:
      return explainIssues([{ ...issue, path: [...path] }], data);
  }
}
