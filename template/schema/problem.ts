/** One thing that is wrong, or doubtful, in a collab directory. */
export interface Problem {
  /** The file as the user named it: `my-collab/collab.yaml`. */
  file: string;
  /** From 1; 0 where there is no place in the file (the file is missing). */
  line: number;
  column: number;
  /** `scoring.guardrails[0].max`; empty for the file as a whole. */
  path: string;
  /** What stands there, shortened, tokens masked; left out if nothing does. */
  value?: string;
  message: string;
  /** Every value that would be accepted, where they can be listed. */
  allowed?: readonly string[];
  /** The allowed word that was probably meant. */
  suggestion?: string;
  fix?: string;
  severity: "error" | "warning";
}

export type PathSegments = readonly (string | number)[];

/** `["scoring", "tracks", 0, "id"]` as `scoring.tracks[0].id`. */
export function pathText(path: PathSegments): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");
}

/** `collab.yaml:12:3 scoring.direction: …` and, indented below, what to do about it. */
export function problemText(problem: Problem): string {
  const { file, line, column, path, message, allowed, suggestion, fix } = problem;
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  const lines = [`${place} ${path ? `${path}: ` : ""}${message}`];
  if (suggestion !== undefined) lines.push(`  Did you mean ${suggestion}?`);
  if (allowed && allowed.length > 0) lines.push(`  Allowed: ${allowed.join(", ")}`);
  if (fix) lines.push(`  ${fix}`);
  return lines.join("\n");
}
