/** What a benchmark is. Each file `*.bench.ts` in this folder exports one as `bench`. */

export interface Row {
  /** What was measured, for a reader who knows the project and not this file. */
  measure: string;
  value: number;
  /** `ms`, `MB/s`, `commits/s`, `MB`. MB are 10^6 bytes. */
  unit: string;
  /** What the figure is to be compared with, or how it came about. */
  note?: string;
}

export interface Bench {
  name: string;
  /** `short`: a few seconds, to see in CI that the benchmark works; its figures mean little. */
  run(options: { short: boolean }): Promise<Row[]>;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Throughput in MB/s. */
export const rate = (bytes: number, ms: number): number => bytes / 1000 / ms;
