/** In which tracks a result counts (`scoring.tracks`). Pure. */
import type { Scoring } from "../../../schema/collab.ts";
import { type FieldValues, limitChecks, numberIn } from "./guardrails.ts";

export type Track = Scoring["tracks"][number];

/** A field that is missing, empty, null or false is not there: `identity: false` does not say "identical". */
function has(values: FieldValues, field: string): boolean {
  const value = Object.hasOwn(values, field) ? values[field] : undefined;
  if (typeof value === "string") return value.trim() !== "";
  return value !== undefined && value !== null && value !== false;
}

/** Every required field is there, and every limit of the track is known to hold. */
export function isInTrack(
  { requires, limits }: Pick<Track, "requires" | "limits">,
  values: FieldValues,
): boolean {
  if (!requires.every((field) => has(values, field))) return false;
  if (limits.some(({ field }) => numberIn(values, field) === undefined)) return false;
  return limitChecks(limits, values).every(({ ok }) => ok);
}

/** Ids of its tracks, in the order of the configuration. */
export function tracksOf(tracks: readonly Track[], values: FieldValues): string[] {
  return tracks.filter((track) => isInTrack(track, values)).map(({ id }) => id);
}
