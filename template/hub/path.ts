/** Names in URLs. */

/** `a b/#1.txt` to `a%20b/%231.txt`: slashes stay, everything else with a meaning in URLs is encoded. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
