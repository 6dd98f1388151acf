/** What the name of a file tells. */

/** The author that a filename names (api-v1.md 1.6); may be empty. */
export function authorOf(filename: string): string {
  const stem = filename.endsWith(".md") ? filename.slice(0, -3) : filename;
  const underscore = stem.indexOf("_");
  if (underscore === -1) return stem;
  return /^[0-9]+$/.test(stem.slice(0, underscore).slice(0, 8)) ? stem.slice(underscore + 1) : stem;
}

/** The last part of a path. */
export function leafOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
