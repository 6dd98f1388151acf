/** Which paths a bucket takes. */

export const MAX_PATH_LENGTH = 1000;

/** Why `path` cannot be a file of a bucket, `null` if it can. */
export function pathProblem(path: string): string | null {
  if (path === "") return "The path is empty";
  if (path.length > MAX_PATH_LENGTH) return `The path is longer than ${MAX_PATH_LENGTH} characters`;
  if (path.includes("\0")) return "The path contains a NUL character";
  if (!path.isWellFormed()) return "The path is not valid Unicode";
  for (const part of path.split("/")) {
    if (part === "") return "The path starts or ends with a slash, or has two in a row";
    if (part === "." || part === "..") return `The path contains '${part}'`;
  }
  return null;
}

/** `a` and `a/b` of `a/b/c`. */
export function parentPaths(path: string): string[] {
  const parents: string[] = [];
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    parents.push(path.slice(0, slash));
  }
  return parents;
}

/** The first string that sorts behind every path below the directory `path`: `0` follows `/`. */
export const behindDirectory = (path: string): string => `${path}0`;
