/** Sizes, times and addresses as the pages write them. */

/** `1234567` as `1.23 MB`. */
export function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** `2026-11-22 19:43:19`, UTC. */
export function timeText(time: string | number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** A path inside a URL: every component encoded, the slashes kept. */
export function urlPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
