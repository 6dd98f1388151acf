/** Several draws of one submission as one score (`scoring.statistic`). Pure; the order of draws never matters. */
import type { Scoring } from "../../../schema/collab.ts";

/** What is known of the draws behind a score, in the unit of the score. */
export interface Spread {
  n: number;
  mean: number;
  median: number;
  /** Of the sample; `null` for a single draw. */
  sd: number | null;
  min: number;
  max: number;
  /** Half the width of the 95 % confidence interval of the mean: the ± to show; `null` for a single draw. */
  plus_minus: number | null;
}

type Rules = Pick<Scoring, "statistic" | "direction" | "noise">;

/** One-sided 95 %: the mean of a submission is better than its lower bound 19 times of 20. */
const LOWER_BOUND_SDS = 1.645;

/** Throws for no draws at all: there is nothing to say about them. */
export function spreadOf(draws: readonly number[]): Spread {
  // Sums of the same numbers in another order differ in their last bits.
  const sorted = [...draws].sort((a, b) => a - b);
  const n = sorted.length;
  const [min, max] = [sorted[0], sorted[n - 1]];
  if (min === undefined || max === undefined) throw new Error("a spread needs at least one draw");
  // Rounding must not move the mean out of the draws.
  const mean = Math.min(
    max,
    Math.max(
      min,
      sorted.reduce((sum, draw) => sum + draw / n, 0),
    ),
  );
  const sd = n < 2 ? null : Math.sqrt(sorted.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / (n - 1));
  const middle = sorted[Math.floor(n / 2)] ?? min;
  const median = n % 2 === 1 ? middle : (sorted[n / 2 - 1] ?? min) / 2 + middle / 2;
  const plus_minus = sd === null ? null : (studentT(n - 1) * sd) / Math.sqrt(n);
  return { n, mean, median, sd, min, max, plus_minus };
}

/**
 * The score that ranks. `lower-bound` is the mean less 1.645 standard errors, to the bad side of `direction`; a
 * single draw has no spread of its own, so there `noise` stands for it.
 */
export function scoreOfDraws(spread: Spread, { statistic, direction, noise }: Rules): number {
  const sign = direction === "higher" ? 1 : -1;
  switch (statistic) {
    case "best":
      return direction === "higher" ? spread.max : spread.min;
    case "median":
      return spread.median;
    case "lower-bound":
      return spread.mean - (sign * LOWER_BOUND_SDS * (spread.sd ?? noise)) / Math.sqrt(spread.n);
  }
}

/** 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const T_QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const T_LIMIT = 1.96;

/** The factor of a 95 % interval with this many degrees of freedom. */
export function studentT(degrees: number): number {
  const last = T_QUANTILES.length;
  if (degrees <= last) return T_QUANTILES[degrees - 1] ?? Number.POSITIVE_INFINITY;
  // Beyond the table the quantile approaches its limit as 1/degrees.
  return T_LIMIT + ((T_QUANTILES[last - 1] ?? T_LIMIT) - T_LIMIT) * (last / degrees);
}
