/** The loop: what is pending is evaluated, oldest first, one after the other; what stays undecided, again later. */
import type { Log } from "../backend/log.ts";
import { errorFields, maskTokens } from "../backend/log.ts";
import type { BackendApi, FrozenSubmission, PendingResult } from "./api.ts";
import type { Evaluation, EvaluatorInput } from "./run-evaluator.ts";
import { type LocalSubmission, SubmissionTooLarge } from "./submission.ts";
import type { EvaluatorVerdict } from "./verdict.ts";

export interface PollerOptions {
  api: Pick<BackendApi, "pending" | "submission" | "judge">;
  fetchSubmission(submission: FrozenSubmission): Promise<LocalSubmission>;
  evaluate(input: EvaluatorInput): Promise<Evaluation>;
  pollMs: number;
  log: Log;
  now?: () => number;
}

/** What `GET /` shows (api-v1.md 8.3), and why nothing happens if nothing does. */
export interface PollerState {
  evaluated: number;
  valid: number;
  invalid: number;
  left_pending: number;
  errors: number;
  /** A person had decided otherwise. */
  deferred: number;
  last_poll: string | null;
  last_error: string | null;
  evaluating: string | null;
}

/** Reason codes with which an evaluator says that there is nothing to evaluate. */
const NEEDS_SUBMISSION = new Set(["needs_submission", "needs_pointer"]);
const LONGEST_WAIT_MS = 6 * 3_600_000;
const MAX_REMEMBERED = 50_000;

export class Poller {
  readonly state: PollerState = {
    evaluated: 0,
    valid: 0,
    invalid: 0,
    left_pending: 0,
    errors: 0,
    deferred: 0,
    last_poll: null,
    last_error: null,
    evaluating: null,
  };
  readonly #options: PollerOptions;
  /** Undecided ones: tried how often, and when again. */
  readonly #undecided = new Map<string, { tries: number; againAt: number }>();
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #stopped = false;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  start(): void {
    const next = async () => {
      this.#polling = this.poll();
      await this.#polling;
      if (!this.#stopped) this.#timer = setTimeout(next, this.#options.pollMs);
    };
    void next();
  }

  /** After the evaluation that goes on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#polling;
  }

  /** Never rejects. */
  async poll(): Promise<void> {
    const { api, now = Date.now } = this.#options;
    let left = 0;
    try {
      for await (const result of api.pending()) {
        if (this.#stopped) return;
        if (!this.#isDue(result)) left += 1;
        else if (!(await this.#judge(result))) left += 1;
      }
      this.state.left_pending = left;
      this.state.last_poll = new Date(now()).toISOString().replace(/\.\d+Z$/, "Z");
    } catch (error) {
      this.#failed("polling failed", error);
    }
  }

  /** What has nothing to evaluate comes back as pending once its owner has said where it is. */
  #isDue({ filename, verification }: PendingResult): boolean {
    const { now = Date.now } = this.#options;
    const waiting = this.#undecided.get(filename);
    return verification !== "needs_pointer" && (waiting === undefined || waiting.againAt <= now());
  }

  /** `true` if it is pending no longer. */
  async #judge(result: PendingResult): Promise<boolean> {
    const { filename } = result;
    this.state.evaluating = filename;
    try {
      const verdict = await this.#evaluate(result);
      if (verdict === null) return this.#later(filename);
      if (verdict.verdict === "undecided") {
        if (!NEEDS_SUBMISSION.has(verdict.reasonCode ?? "")) return this.#later(filename);
        const reason = verdict.reason || "There is nothing to evaluate.";
        await this.#options.api.judge(filename, "needs_pointer", { ...verdict, reason });
        return this.#later(filename);
      }
      const { outcome } = await this.#options.api.judge(filename, verdict.verdict, verdict);
      if (outcome === "deferred") this.state.deferred += 1;
      else this.state[verdict.verdict] += 1;
      this.#undecided.delete(filename);
      this.#options.log("info", "judged", { filename, verdict: verdict.verdict, outcome });
      return true;
    } catch (error) {
      this.#failed("judging failed", error, filename);
      return this.#later(filename);
    } finally {
      this.state.evaluating = null;
    }
  }

  async #evaluate({ filename, frontmatter, body }: PendingResult): Promise<EvaluatorVerdict | null> {
    const { api, evaluate, fetchSubmission } = this.#options;
    const frozen = await api.submission(filename);
    const submission = frozen === null ? null : await fetchSubmission(frozen).catch(tooLarge);
    if (submission instanceof SubmissionTooLarge) {
      this.#failed("a submission is too large", submission, filename);
      return null;
    }
    try {
      const evaluation = await evaluate({
        filename,
        frontmatter,
        body,
        ...(submission && { submission_dir: submission.folder }),
      });
      this.state.evaluated += 1;
      if (evaluation.ok) return evaluation.verdict;
      this.#failed(`the evaluator ${evaluation.failure}`, new Error(evaluation.why), filename);
      return null;
    } finally {
      await submission?.remove();
    }
  }

  /** Again after the next poll, then after twice as long, and so on: one that never ends holds up no other. */
  #later(filename: string): false {
    const { now = Date.now, pollMs } = this.#options;
    const tries = (this.#undecided.get(filename)?.tries ?? 0) + 1;
    const waitMs = Math.min(pollMs * 2 ** (tries - 1), LONGEST_WAIT_MS);
    if (this.#undecided.size >= MAX_REMEMBERED) this.#undecided.clear();
    this.#undecided.set(filename, { tries, againAt: now() + waitMs });
    return false;
  }

  #failed(what: string, error: unknown, filename?: string): void {
    const message = maskTokens(error instanceof Error ? error.message : String(error));
    this.state.errors += 1;
    this.state.last_error = [what, filename, message].filter(Boolean).join(": ").slice(0, 500);
    this.#options.log("warn", what, { filename, error: errorFields(error) });
  }
}

function tooLarge(error: unknown): SubmissionTooLarge {
  if (error instanceof SubmissionTooLarge) return error;
  throw error;
}
