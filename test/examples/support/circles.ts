/** Packings to check, as text: numbers that are taken exactly as written cannot be JavaScript numbers. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

export const EXAMPLE = resolve(import.meta.dirname, "../../../examples/circle-packing");
export const BASELINE = join(EXAMPLE, "submissions/baseline");

export type Triple = [x: string, y: string, r: string];

/** The 26 circles of the baseline. */
export async function baseline(): Promise<Triple[]> {
  const text = await readFile(join(BASELINE, "circles.json"), "utf8");
  return (JSON.parse(text) as { circles: Triple[] }).circles;
}

/** The baseline with circle `index` replaced. */
export async function withCircle(index: number, circle: Triple): Promise<Triple[]> {
  const circles = await baseline();
  circles[index] = circle;
  return circles;
}

export function asJson(circles: unknown): string {
  return JSON.stringify({ circles });
}
