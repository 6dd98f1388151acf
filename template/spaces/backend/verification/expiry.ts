/** Results that nobody judged in time (`verification.expires_days`). */
import type { Board } from "../board/board.ts";
import { filenameStamp } from "../documents/stamp.ts";
import type { Verdict } from "../documents/verdict.ts";
import { isOrganiser } from "./effective.ts";

const DAY_MS = 86_400_000;

/** Names of pending results posted before the time limit, oldest first. */
export function overdue(board: Board, days: number, now: number, limit: number): string[] {
  const before = filenameStamp(now - days * DAY_MS);
  return board.sql
    .all<{ filename: string }>(
      "SELECT filename FROM results WHERE verification = 'pending' AND class IN ('candidate', 'self-reported')" +
        " AND filename < ? ORDER BY filename LIMIT ?",
      before,
      limit,
    )
    .map(({ filename }) => filename);
}

/**
 * May it expire? Not while it is measured, not when it is decided and only the index does not say so yet, and not
 * soon after an organiser has opened it again.
 */
export function mayExpire(verdict: Verdict, days: number, now: number): boolean {
  if (verdict.state === "running" || !verdict.applied) return false;
  const opened = isOrganiser(verdict) ? Date.parse(verdict.at) : 0;
  return now - opened >= days * DAY_MS;
}
