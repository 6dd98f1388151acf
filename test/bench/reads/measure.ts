/** Times of one operation, repeated. */

export interface Timing {
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

export async function timed(repeats: number, work: (n: number) => unknown): Promise<Timing> {
  const times: number[] = [];
  for (let n = -Math.ceil(repeats / 10); n < repeats; n += 1) {
    const began = performance.now();
    await work(n);
    if (n >= 0) times.push(performance.now() - began);
  }
  return timingOf(times);
}

export function timingOf(milliseconds: readonly number[]): Timing {
  const times = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}
