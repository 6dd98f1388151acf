/** Answers from a file or from standard input (`--config answers.yaml`, `--config -`): YAML or JSON, by question id. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { maskSecrets } from "../../template/schema/secrets.ts";
import { UserError, usageError } from "../terminal/errors.ts";
import type { Answers } from "./question.ts";

const MAX_BYTES = 256 * 1024;

/** Reads and flattens: lists become `a, b`, numbers and booleans their text. Validation comes with all other answers. */
export async function readAnswersFile(
  source: string,
  context: { cwd: string; stdin: AsyncIterable<Uint8Array | string> },
): Promise<Answers> {
  const text =
    source === "-" ? await readAll(context.stdin) : await readText(resolve(context.cwd, source), source);
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) throw usageError(`${named(source)} is not YAML: ${maskSecrets(error.message)}`);
  const data: unknown = document.toJS({ maxAliasCount: 10 });
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw usageError(
      `${named(source)} must be a mapping from questions to answers.`,
      "Example: title: My collab",
    );
  }
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, asText(key, value)]));
}

function named(source: string): string {
  return source === "-" ? "Standard input" : source;
}

async function readText(path: string, source: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new UserError({
      code: "answers_file",
      message: `The answers file ${source} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      fix: "Check the path, or give - to read standard input.",
      exitCode: 2,
      cause,
    });
  }
}

async function readAll(stdin: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > MAX_BYTES) throw usageError(`Standard input is larger than ${MAX_BYTES / 1024} KB.`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function asText(key: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((item) => asText(key, item)).join(", ");
  if (typeof value === "object") throw usageError(`The answer to ${key} must be text, a number or a list.`);
  return String(value);
}
