/**
 * Runs that are counted although the board does not show them yet. A check and the reservation behind it
 * happen in one turn of the event loop, so that of many requests at once no two take the same last place.
 */
import type { Charge } from "./quotas.ts";

/** A write whose fate is not known may still become a run: it is counted for so long, or until it is there. */
const DOUBT_MS = 3_600_000;

interface Held {
  runId: string;
  charge: Charge;
  /** Milliseconds; `null` while the write is on its way. */
  until: number | null;
}

export class Reservations {
  readonly #held = new Map<object, Held>();
  readonly #isOnBoard: (runId: string) => boolean;
  readonly #now: () => number;

  constructor(isOnBoard: (runId: string) => boolean, now: () => number) {
    this.#isOnBoard = isOnBoard;
    this.#now = now;
  }

  /** Counts `charge` from now on, in place of what the same request has reserved before. */
  take(request: object, runId: string, charge: Charge): void {
    this.#held.set(request, { runId, charge, until: null });
  }

  /** Nothing came of it, or the board has it. */
  release(request: object): void {
    this.#held.delete(request);
  }

  /** The write was not acknowledged and may come all the same. */
  doubt(request: object): void {
    const held = this.#held.get(request);
    if (held) held.until = this.#now() + DOUBT_MS;
  }

  /** What the board does not count yet; `except` is the request that asks. */
  charges(except?: object): Charge[] {
    const now = this.#now();
    for (const [request, { runId, until }] of this.#held) {
      if (this.#isOnBoard(runId) || (until !== null && until <= now)) this.#held.delete(request);
    }
    return [...this.#held].flatMap(([request, { charge }]) => (request === except ? [] : [charge]));
  }
}
