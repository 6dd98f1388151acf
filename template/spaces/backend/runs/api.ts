/** What other parts of the backend ask of runs: verification above all. */
import type { Run } from "../documents/run.ts";

export interface VerificationRequest {
  /** Filename of the result that is measured again. */
  result: string;
  /** Whose result it is. Nothing is counted against their quotas. */
  owner: { agentId: string; hfUser: string };
  /** Folder of a bucket: a snapshot (`submissions/{content_hash}` of the central bucket), or files that are frozen first. */
  submission: { bucket: string; prefix: string };
  /** Which run of this result, from 1. Asking for the same one again gives the run that there is. */
  n: number;
}

export interface VerificationCapacity {
  per_day: number;
  /** Verification runs that may still begin in these 24 hours. */
  left: number;
  /** Until one more may begin; `null` if one may now. */
  retry_after_seconds: number | null;
}

/** What changes every few seconds, known only while the run goes on. */
export interface LiveState {
  /** Of the harness, where it says so; else of the Hub: `SCHEDULING`, `RUNNING`. */
  stage: string | null;
  percent: number | null;
  last_line: string | null;
  /** ISO 8601. */
  at: string;
}

export interface RunsApi {
  /**
   * Reserves and durably records a verification run; resolves then, and the launch follows. Throws
   * `ApiError`: RATE_LIMITED (with the seconds to wait) when runs or dollars of the day are used up,
   * SOURCE_NOT_FOUND when there is nothing to run, JOBS_DISABLED, COLLAB_CLOSED, HUB_UNAVAILABLE. Whatever
   * it throws, ask again with the same `n`.
   */
  startVerification(request: VerificationRequest): Promise<Run>;
  verificationCapacity(): VerificationCapacity;
  /**
   * Called once the end of a run is durable and on the board, of either kind. Not for runs that ended before
   * this process began: those are on the board. Returns the way to stop.
   */
  onOver(listener: (run: Run) => void): () => void;
  /** Half of the finished runs took no longer, in minutes with their queueing; `null` before there are any. */
  medianMinutes(of: Pick<Run, "kind" | "lane">): number | null;
}
