/** What a verifier looks at: pending results, the best valid ones, and results whose runs wait for a verdict. */
import type { Board } from "../board.ts";
import type { Frontmatter } from "../types.ts";

export interface PendingResult {
  doc: number;
  filename: string;
  agent: string;
  hf_user: string;
  /** It ranks once it is valid; a score that a participant typed may not. */
  class: "candidate" | "self-reported";
  score: number;
  /** Smaller is better. */
  rank: number;
}

/** Results with a score that the index calls pending, the best first. */
export function pendingResults(board: Board, limit: number): PendingResult[] {
  return board.sql.all<PendingResult>(
    "SELECT r.doc, r.filename, r.agent, coalesce(a.hf_user, '') AS hf_user, r.class, r.score, r.rank" +
      " FROM results r LEFT JOIN agents a ON a.id = r.agent" +
      " WHERE r.verification = 'pending' AND r.class IN ('candidate', 'self-reported') AND r.rank IS NOT NULL" +
      " ORDER BY r.rank, r.filename LIMIT ?",
    limit,
  );
}

/**
 * Rank of the best valid result that counts against one of this class, of a track or of all; `undefined` if
 * there is none. What ranks is compared with what ranks; what does not, with everything that is valid.
 */
export function bestValidRank(
  board: Board,
  track: string | null,
  against: PendingResult["class"],
): number | undefined {
  const classes = against === "candidate" ? "('candidate')" : "('candidate', 'self-reported')";
  const join = track === null ? "" : " JOIN in_track t ON t.doc = r.doc AND t.track = ?";
  const row = board.sql.get<{ rank: number | null }>(
    `SELECT min(r.rank) AS rank FROM results r${join} WHERE r.class IN ${classes} AND r.verification = 'valid'`,
    ...(track === null ? [] : [track]),
  );
  return row?.rank ?? undefined;
}

export function tracksOfResult(board: Board, doc: number): string[] {
  return board.sql
    .all<{ track: string }>("SELECT track FROM in_track WHERE doc = ?", doc)
    .map(({ track }) => track);
}

/** Results that have verification runs and are pending all the same. */
export function pendingWithRuns(board: Board): string[] {
  return board.sql
    .all<{ result: string }>(
      "SELECT DISTINCT u.result FROM runs u LEFT JOIN verification v ON v.filename = u.result" +
        " WHERE u.kind = 'verification' AND u.result IS NOT NULL AND coalesce(v.state, 'pending') = 'pending'" +
        " ORDER BY u.result",
    )
    .map(({ result }) => result);
}

export interface ClaimedResult {
  score: number | null;
  hf_user: string;
  frontmatter: Frontmatter;
}

export function claimedResult(board: Board, filename: string): ClaimedResult | undefined {
  const row = board.sql.get<{ score: number | null; hf_user: string; frontmatter: string }>(
    "SELECT r.score, coalesce(a.hf_user, '') AS hf_user, c.frontmatter FROM results r" +
      " JOIN docs d ON d.id = r.doc JOIN contents c ON c.id = d.content" +
      " LEFT JOIN agents a ON a.id = r.agent WHERE r.filename = ?",
    filename,
  );
  return row && { ...row, frontmatter: JSON.parse(row.frontmatter) as Frontmatter };
}

/** When the verification runs since a time began, and which of them go on, in milliseconds. */
export function verificationStarts(board: Board, since: number): { begun: number[]; running: number[] } {
  const rows = board.sql.all<{ created: number; over: number }>(
    "SELECT created, over FROM runs WHERE kind = 'verification' AND (created > ? OR over = 0) ORDER BY created",
    since,
  );
  return {
    begun: rows.filter(({ created }) => created > since).map(({ created }) => created),
    running: rows.filter(({ over }) => over === 0).map(({ created }) => created),
  };
}

/**
 * Results by the state that the index and the verdict files give them. One that repeats another waits for nothing:
 * it counts once it is measured or judged, or when it takes the other one's place.
 */
export function verificationCounts(board: Board): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, n } of board.sql.all<{ state: string; n: number }>(
    "SELECT CASE WHEN r.verification = 'pending' AND v.state IN ('queued', 'running', 'needs_pointer')" +
      " THEN v.state ELSE r.verification END AS state, count(*) AS n" +
      " FROM results r LEFT JOIN verdicts v ON v.filename = r.filename" +
      " WHERE r.class IN ('candidate', 'self-reported')" +
      " OR (r.class = 'repeat' AND (r.verification <> 'pending' OR v.state = 'running')) GROUP BY 1 ORDER BY 1",
  )) {
    counts[state] = n;
  }
  return counts;
}
