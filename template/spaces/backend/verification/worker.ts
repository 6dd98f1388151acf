/** What verification does by itself, one turn after the other: at the start, now and again, and when it is woken. */
import type { Backend } from "../backend.ts";
import { errorFields } from "../log.ts";

export interface VerificationOptions {
  /** Between turns that nothing has caused. */
  tickMs: number;
  /** How long what causes a turn gathers before it. */
  wakeMs: number;
  stopWithinMs: number;
}

export const VERIFICATION_OPTIONS: VerificationOptions = { tickMs: 20_000, wakeMs: 500, stopWithinMs: 5_000 };

export class VerificationWorker {
  readonly #backend: Backend;
  readonly #options: VerificationOptions;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  #isWanted = false;
  #stopped = true;

  constructor(backend: Backend, options: Partial<VerificationOptions> = {}) {
    this.#backend = backend;
    this.#options = { ...VERIFICATION_OPTIONS, ...options };
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  /** Something has changed that may be for verification. */
  wake(): void {
    this.#isWanted = true;
    if (this.#turn === undefined) this.#schedule(this.#options.wakeMs);
  }

  /** Lets a turn finish, but not one that waits for a Hub that does not answer: the next start goes on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const enough = Promise.withResolvers<void>();
    const timer = setTimeout(enough.resolve, this.#options.stopWithinMs);
    await Promise.race([this.#turn, enough.promise]);
    clearTimeout(timer);
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), ms);
    this.#timer.unref();
  }

  #begin(): void {
    this.#isWanted = false;
    this.#turn = this.#work()
      .catch((error: unknown) =>
        this.#backend.log("warn", "a turn of verification failed", { error: errorFields(error) }),
      )
      .finally(() => {
        this.#turn = undefined;
        this.#schedule(this.#isWanted ? this.#options.wakeMs : this.#options.tickMs);
      });
  }

  async #work(): Promise<void> {
    const { record, verdicts } = this.#backend;
    if (!record.isWriting) return;
    await verdicts.completeUnapplied();
  }
}
