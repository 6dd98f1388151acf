/** Runs, put together: what routes, the start and verification use. */
import type { Backend } from "../backend.ts";
import type { Run } from "../documents/run.ts";
import { ApiError } from "../errors.ts";
import type { RunsApi, VerificationCapacity, VerificationRequest } from "./api.ts";
import { RUNS_OPTIONS, type RunsOptions } from "./options.ts";

export class Runs implements RunsApi {
  readonly #backend: Backend;
  readonly #options: RunsOptions;
  readonly #listeners = new Set<(run: Run) => void>();

  constructor(backend: Backend, options: Partial<RunsOptions> = {}) {
    this.#backend = backend;
    this.#options = { ...RUNS_OPTIONS, ...options };
  }

  start(): void {}

  async stop(): Promise<void> {}

  startVerification({ result }: VerificationRequest): Promise<Run> {
    const { log } = this.#backend;
    log("info", "verification runs are not there yet", { result, poll: this.#options.pollMs });
    return Promise.reject(new ApiError("JOBS_DISABLED", "There are no runs in this version."));
  }

  verificationCapacity(): VerificationCapacity {
    return { per_day: 0, left: 0, retry_after_seconds: null };
  }

  onOver(listener: (run: Run) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  medianMinutes(_of: Pick<Run, "kind" | "lane">): number | null {
    return null;
  }
}
