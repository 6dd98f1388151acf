/** What verification does by itself, one turn after the other: at the start, now and again, and when it is woken. */
import type { Backend } from "../backend.ts";
import { errorFields } from "../log.ts";
import { decide } from "./decide.ts";
import { mayExpire, overdue } from "./expiry.ts";
import { jobsTurn, leaveJobsMode } from "./jobs-mode.ts";

export interface VerificationOptions {
  /** Between turns that nothing has caused. */
  tickMs: number;
  /** How long what causes a turn gathers before it. */
  wakeMs: number;
  stopWithinMs: number;
}

export const VERIFICATION_OPTIONS: VerificationOptions = {
  tickMs: 20_000,
  wakeMs: 1_000,
  stopWithinMs: 5_000,
};

const MAX_EXPIRED_PER_TURN = 200;
/** Changes of these files may be for verification. */
const CONCERNS = /^(?:results|runs|verdicts)\//;

export class VerificationWorker {
  readonly #backend: Backend;
  readonly #options: VerificationOptions;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  #isWanted = false;
  #stopped = true;
  #unfollow = () => {};

  constructor(backend: Backend, options: Partial<VerificationOptions> = {}) {
    this.#backend = backend;
    this.#options = { ...VERIFICATION_OPTIONS, ...options };
  }

  start(): void {
    this.#stopped = false;
    this.#unfollow = this.#backend.board.follow(({ group, found }) => {
      const paths = group
        ? group.entries.flatMap(({ changes }) => changes.map(({ path }) => path))
        : found?.paths;
      // Neither: the configuration changed, and perhaps the mode with it.
      if (paths === undefined || paths.some((path) => CONCERNS.test(path))) this.wake();
    });
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
    this.#unfollow();
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
    const { record, verdicts, collab } = this.#backend;
    if (!record.isWriting) return;
    await verdicts.completeUnapplied();
    const { verification } = collab;
    if (verification.mode === "jobs") await jobsTurn(this.#backend, verification);
    else await leaveJobsMode(this.#backend);
    if (verification.expires_days !== null) await this.#expire(verification.expires_days);
  }

  async #expire(days: number): Promise<void> {
    const { board, verdicts, now } = this.#backend;
    const names = overdue(board, days, now(), MAX_EXPIRED_PER_TURN).filter((filename) =>
      mayExpire(verdicts.current(filename), days, now()),
    );
    const reason = `Nobody judged it within ${days} days.`;
    const expired = { state: "expired", reason, reason_code: "not_judged_in_time", by: "backend" } as const;
    await Promise.all(names.map((filename) => decide(this.#backend, filename, expired)));
  }
}
