/** Stamps: one moment in the three forms of api-v1.md 1.4. All UTC, milliseconds truncated. */

/** A moment, in milliseconds since the epoch. Stamps of one collab are strictly increasing. */
export type Stamp = number;

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** `20260102-030405-006`: starts every filename, so that sort order is time order. */
export function filenameStamp(stamp: Stamp): string {
  const d = new Date(stamp);
  const day = `${pad(d.getUTCFullYear(), 4)}${pad(d.getUTCMonth() + 1)}${pad(d.getUTCDate())}`;
  const time = `${pad(d.getUTCHours())}${pad(d.getUTCMinutes())}${pad(d.getUTCSeconds())}`;
  return `${day}-${time}-${pad(d.getUTCMilliseconds(), 3)}`;
}

/** `2026-01-02 03:04 UTC`: what stands in frontmatter. */
export function frontmatterStamp(stamp: Stamp): string {
  return `${new Date(stamp).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `2026-01-02T03:04:05.006Z`: what stands in JSON. */
export function isoStamp(stamp: Stamp): string {
  return new Date(stamp).toISOString();
}
