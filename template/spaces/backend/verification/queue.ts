/** The order of verification, and when whose turn comes. Pure. */

/** A result that is to be measured again. */
export interface Candidate {
  filename: string;
  agent: string;
  hfUser: string;
  /** Smaller is better, whatever the direction. */
  rank: number;
  /** It has runs already, and needs one more. */
  isRerun: boolean;
  /** It stands in the ranking, or would. */
  ranks: boolean;
}

/**
 * What was begun comes first, then what ranks before what does not. One person's results take turns with
 * those of others, the best of each first: nobody fills the queue alone.
 */
export function inOrder(candidates: readonly Candidate[]): Candidate[] {
  const better = (a: Candidate, b: Candidate) => a.rank - b.rank || (a.filename < b.filename ? -1 : 1);
  const ofUser = new Map<string, number>();
  const turns = new Map<Candidate, number>();
  for (const candidate of candidates.toSorted(better)) {
    const turn = ofUser.get(candidate.hfUser) ?? 0;
    ofUser.set(candidate.hfUser, turn + 1);
    turns.set(candidate, turn);
  }
  const first = (is: boolean) => (is ? 0 : 1);
  return candidates.toSorted(
    (a, b) =>
      first(a.isRerun) - first(b.isRerun) ||
      first(a.ranks) - first(b.ranks) ||
      (turns.get(a) ?? 0) - (turns.get(b) ?? 0) ||
      better(a, b),
  );
}

/** Milliseconds, all of them. */
export interface Capacity {
  now: number;
  perDay: number;
  atOnce: number;
  /** When the runs of the last 24 hours began. */
  begun: readonly number[];
  /** When the runs that go on now began. */
  running: readonly number[];
  /** What a run takes, its waiting for a machine included. */
  runMs: number;
}

export interface Turn {
  /** From 1. */
  position: number;
  startsAt: number;
  verdictAt: number;
}

const DAY_MS = 86_400_000;

/** When the first `count` of the queue will have their turn, if every run takes as long as expected. */
export function forecast(count: number, capacity: Capacity): Turn[] {
  const { now, perDay, atOnce, runMs } = capacity;
  const begun = capacity.begun.toSorted((a, b) => a - b);
  const ends = capacity.running.map((at) => Math.max(now, at + runMs)).toSorted((a, b) => a - b);
  const turns: Turn[] = [];
  for (let position = 1; position <= count; position += 1) {
    let startsAt = now;
    if (begun.length >= perDay) startsAt = Math.max(startsAt, (begun.at(-perDay) ?? now) + DAY_MS);
    if (ends.length >= atOnce) startsAt = Math.max(startsAt, ends.at(-atOnce) ?? now);
    turns.push({ position, startsAt, verdictAt: startsAt + runMs });
    begun.push(startsAt);
    ends.push(startsAt + runMs);
    ends.sort((a, b) => a - b);
  }
  return turns;
}
