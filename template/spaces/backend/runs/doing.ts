/** Doing what has to be done, however long the Hub is away; and stopping when the backend stops. */
import { HubError } from "../../../hub/errors.ts";
import { ApiError } from "../errors.ts";
import { errorFields, type Log } from "../log.ts";
import { sleep } from "../record/persist.ts";

/** The backend stops: whoever picks the run up next goes on from what is durable. */
export class StoppedError extends Error {
  constructor() {
    super("the backend is stopping");
    this.name = "StoppedError";
  }
}

export interface Doing {
  signal: AbortSignal;
  log: Log;
  outageWaitMs: number;
}

/** Repeats `work` while the Hub, or the record, cannot do it now. Throws what will not pass, or `StoppedError`. */
export async function until<T>(what: string, work: () => Promise<T>, doing: Doing): Promise<T> {
  for (;;) {
    requireGoing(doing);
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      doing.log("info", `${what} failed; again soon`, { error: errorFields(error) });
    }
    await pause(doing.outageWaitMs, doing);
  }
}

export async function pause(ms: number, doing: Pick<Doing, "signal">): Promise<void> {
  await sleep(ms, doing.signal);
  requireGoing(doing);
}

export function requireGoing({ signal }: Pick<Doing, "signal">): void {
  if (signal.aborted) throw new StoppedError();
}

const PASSING_CODES: ReadonlySet<string> = new Set(["HUB_UNAVAILABLE", "NOT_READY", "OVERLOADED"]);

function isPassing(error: unknown): boolean {
  if (error instanceof HubError) return error.isTransient;
  return error instanceof ApiError && PASSING_CODES.has(error.code);
}
