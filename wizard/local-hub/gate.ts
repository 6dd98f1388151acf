/** Lets requests in, or, while the whole state is being replaced or copied, keeps them out. */
import { HUB_VERSION } from "./version.ts";

/** How long requests that are under way may take to end before the work goes on without them. */
const DRAIN_MS = 5_000;

export class Gate {
  #open = false;
  #inFlight = 0;
  #drained: (() => void) | null = null;
  #last: Promise<unknown> = Promise.resolve();

  open(): void {
    this.#open = true;
  }

  /** Runs `handle`, or answers 503 while the gate is closed. */
  async pass(handle: () => Response | Promise<Response>): Promise<Response> {
    if (!this.#open) return notNow();
    this.#inFlight++;
    try {
      return await handle();
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#drained?.();
    }
  }

  /**
   * Closes the gate, waits for the requests inside and runs `work`; one after the other when called at once.
   * The request that asks for it must not have passed the gate itself.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      this.#open = false;
      await this.#drain();
      try {
        return await work();
      } finally {
        this.#open = true;
      }
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #drain(): Promise<void> {
    if (this.#inFlight === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#drained = resolve;
      }),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, DRAIN_MS);
      }),
    ]);
    clearTimeout(timer);
    this.#drained = null;
  }
}

function notNow(): Response {
  return Response.json(
    { error: "The local hub is starting or being reset; try again in a second" },
    { status: 503, headers: { "Retry-After": "1", "x-agent-collab-emulator": HUB_VERSION } },
  );
}
