/** Statistical ties: rows whose scores the draws behind them cannot tell apart share a rank. Pure. */
import { studentT } from "./statistic.ts";

/** A score and what it rests on; `n` is 0 for a score that no run has measured. */
export interface Scored {
  score: number;
  n: number;
  sd: number | null;
}

export interface Place {
  /** From 1; tied rows share it, and the next one counts them all: 1, 1, 3. */
  rank: number;
  /** Where the first row of its group stands. */
  first: number;
  /** Rows of the group. */
  size: number;
}

/** A decimal fraction such as 0.1 is no binary one: scores that are `noise` apart by their digits are a tie. */
const ROUNDING = 1e-9;

/**
 * How far apart two scores may be and still be a tie: 95 % of the difference of two means with a pooled standard
 * deviation. Where either has too few draws for one of its own, `noise`.
 */
export function tieMargin(a: Scored, b: Scored, noise: number): number {
  if (a.sd === null || b.sd === null || a.n < 2 || b.n < 2) return noise;
  const degrees = a.n + b.n - 2;
  const pooled = Math.sqrt(((a.n - 1) * a.sd ** 2 + (b.n - 1) * b.sd ** 2) / degrees);
  return studentT(degrees) * pooled * Math.sqrt(1 / a.n + 1 / b.n);
}

/** Equal scores are no tie where nothing varies: there the earlier result stands first, as it always did. */
export function isTie(a: Scored, b: Scored, noise: number): boolean {
  const margin = tieMargin(a, b, noise);
  return margin > 0 && Math.abs(a.score - b.score) <= margin * (1 + ROUNDING);
}

/**
 * Places of rows that stand in order. A group is everything directly behind its first row that ties *with that
 * row*: compared neighbour by neighbour, a long slope of small steps would all share one rank. Rows of
 * different tiers never tie.
 */
export function places<Row extends Scored>(
  rows: readonly Row[],
  noise: number,
  tierOf: (row: Row) => string | number,
): Place[] {
  const result: Place[] = [];
  for (let first = 0; first < rows.length; ) {
    const leader = rows[first] as Row;
    let end = first + 1;
    while (end < rows.length) {
      const row = rows[end] as Row;
      if (tierOf(row) !== tierOf(leader) || !isTie(leader, row, noise)) break;
      end += 1;
    }
    for (let at = first; at < end; at += 1) result.push({ rank: first + 1, first, size: end - first });
    first = end;
  }
  return result;
}
