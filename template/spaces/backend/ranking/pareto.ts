/** Which of two numbers can be had only at the cost of the other. Pure. */

export interface Point {
  x: number;
  y: number;
}

export interface Better {
  x: "higher" | "lower";
  y: "higher" | "lower";
}

/**
 * For each point whether another is at least as good in both numbers and better in one. Equal points do not
 * dominate each other.
 */
export function dominated(points: readonly Point[], better: Better): boolean[] {
  const good = (value: number, which: "higher" | "lower") => (which === "higher" ? value : -value);
  const order = points
    .map((point, at) => ({ x: good(point.x, better.x), y: good(point.y, better.y), at }))
    .sort((a, b) => b.x - a.x || b.y - a.y);
  const result = points.map(() => false);
  // Everything so far is at least as good in x: a point must reach a new height in y, or equal its like in both.
  let highest: Point = { x: Number.NaN, y: Number.NEGATIVE_INFINITY };
  for (const { x, y, at } of order) {
    if (y > highest.y) highest = { x, y };
    else result[at] = !(y === highest.y && x === highest.x);
  }
  return result;
}
