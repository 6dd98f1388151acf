/** Which paths a repository takes. They become files of a checkout, so nothing may climb out of it. */
import { badRequest } from "../errors.ts";

const MAX_PATH_BYTES = 1_000;

/** What is wrong with `path` as a file or folder of a repository, or `null`. */
export function pathProblem(path: unknown): string | null {
  if (typeof path !== "string" || path === "") return "it is empty";
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  if (path.startsWith("/")) return "it starts with '/'";
  if (path.includes("\\")) return "it holds a backslash";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) return "it holds a control character";
  for (const part of path.split("/")) {
    if (part === "") return "it has an empty component";
    if (part === "." || part === "..") return `'${part}' is not allowed in it`;
    if (part.toLowerCase() === ".git") return "'.git' is not allowed in it";
    if (Buffer.byteLength(part) > 255) return "a component is longer than 255 bytes";
  }
  return null;
}

/** Returns `path`; throws 400 naming it and the reason where a repository cannot hold it. */
export function checkedPath(path: unknown): string {
  const problem = pathProblem(path);
  if (problem !== null) throw badRequest(`Invalid path ${JSON.stringify(path)}: ${problem}`);
  return path as string;
}
