/** Reading `collab.yaml`: from text to a validated configuration, or to every problem in it at once. */
import { type Document, LineCounter, parseDocument } from "yaml";
import { type Collab, CollabSchema } from "./collab.ts";
import { explainIssues, type Finding, valueAt } from "./issues.ts";
import { locate } from "./locate.ts";
import { type PathSegments, type Problem, pathText } from "./problem.ts";
import { crossFieldFindings } from "./rules.ts";
import { findSecret, maskSecrets } from "./secrets.ts";

export type ParsedCollab =
  | { ok: true; collab: Collab; document: Document; warnings: Problem[] }
  | { ok: false; problems: Problem[] };

const MAX_BYTES = 256 * 1024;
/** Aliases may repeat content; beyond this many the file is an attack or a mistake. */
const MAX_ALIASES = 50;

/**
 * Parses and validates. `file` is the name to show. Never throws, and never repeats a token in a message.
 *
 * `document` keeps comments and layout, for editing the file in place.
 */
export function parseCollab(text: string, file: string): ParsedCollab {
  const whole = (message: string, fix: string, at = { line: 1, column: 1 }): ParsedCollab => ({
    ok: false,
    problems: [{ file, ...at, path: "", message, fix, severity: "error" }],
  });
  if (Buffer.byteLength(text) > MAX_BYTES)
    return whole(`is larger than ${MAX_BYTES / 1024} KB`, "Long text belongs in task/*.md.");
  const lines = new LineCounter();
  const secretAt = findSecret(text);
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    if (document.errors.length > 0) return { ok: false, problems: syntaxProblems(document, lines, file) };
    if (secretAt >= 0) {
      const { line, col } = lines.linePos(secretAt);
      return whole(
        "there is a token in this file, and the file becomes public",
        "Remove it, revoke it at https://huggingface.co/settings/tokens, and set HF_TOKEN instead.",
        { line, column: col },
      );
    }
    return validate(document, document.toJS({ maxAliasCount: MAX_ALIASES }), lines, file);
  } catch (error) {
    const reason = error instanceof Error ? maskSecrets(error.message) : "unreadable";
    return whole(`cannot be read as YAML: ${reason}`, "Simplify the file: no deep nesting, few aliases.");
  }
}

/** A process reads one or two files: zod's compiled checks would cost more than they save. */
const ONCE = { jitless: true };

function validate(document: Document, data: unknown, lines: LineCounter, file: string): ParsedCollab {
  const place = (finding: Finding) => placed(finding, { document, data, lines, file });
  const parsed = CollabSchema.safeParse(data, ONCE);
  if (parsed.success) {
    const problems = crossFieldFindings(parsed.data).map(place);
    if (problems.some(({ severity }) => severity === "error"))
      return { ok: false, problems: inOrder(problems) };
    return { ok: true, collab: parsed.data, document, warnings: inOrder(problems) };
  }
  const findings = explainIssues(parsed.error.issues, data);
  // The rest may still break a rule across fields: say so now, not after the next edit.
  const rest = without(
    data,
    findings.map(({ path }) => path),
  );
  const more = crossFieldErrors(rest).filter(({ path }) => valueAt(data, path) !== undefined);
  return { ok: false, problems: inOrder([...findings, ...more].map(place)) };
}

/** What `collab` must name is filled in, so that a mistake there does not hide those elsewhere. */
function crossFieldErrors(data: unknown): Finding[] {
  const named = { slug: "slug", title: "title", org: "org" };
  const top = typeof data === "object" && data !== null ? (data as { collab?: object }) : {};
  const parsed = CollabSchema.safeParse({ ...top, collab: { ...named, ...top.collab } }, ONCE);
  if (!parsed.success) return [];
  return crossFieldFindings(parsed.data).filter(({ severity }) => severity === "error");
}

function placed(
  finding: Finding,
  { document, data, lines, file }: { document: Document; data: unknown; lines: LineCounter; file: string },
): Problem {
  const { path, atKey, ...rest } = finding;
  const value = atKey ? undefined : shown(valueAt(data, path));
  return {
    file,
    ...locate(document, lines, path, { key: atKey === true }),
    path: pathText(path),
    ...(value === undefined ? {} : { value }),
    ...rest,
  };
}

/** A value in a line: shortened, tokens masked; nothing for lists and mappings, which the path names well enough. */
function shown(value: unknown): string | undefined {
  if (value === undefined || (typeof value === "object" && value !== null)) return undefined;
  const text = maskSecrets(String(value));
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

function syntaxProblems(document: Document, lines: LineCounter, file: string): Problem[] {
  return document.errors.map(({ message, pos, code }) => {
    const { line, col } = lines.linePos(pos[0]);
    return {
      file,
      line,
      column: col,
      path: "",
      message: maskSecrets(`YAML: ${message}`),
      severity: "error",
      ...(code === "DUPLICATE_KEY" ? { fix: "Keep one of the two." } : {}),
    };
  });
}

/** A copy of `data` in which the given paths do not exist. */
function without(data: unknown, paths: readonly PathSegments[]): unknown {
  const copy = structuredClone(data);
  // From the back, so that removing an entry does not move one that is still to be removed.
  for (const path of paths.toReversed()) {
    const parent = valueAt(copy, path.slice(0, -1));
    const last = path.at(-1);
    if (last === undefined || typeof parent !== "object" || parent === null) continue;
    if (Array.isArray(parent) && typeof last === "number") parent.splice(last, 1);
    else delete (parent as Record<string | number, unknown>)[last];
  }
  return copy;
}

function inOrder(problems: Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
