/** Verdict files as they were last written. */
import { type Verdict, type VerdictState, verdictPath } from "../../documents/verdict.ts";
import type { Board } from "../board.ts";

interface VerdictRow {
  doc: string;
}
const toVerdict = ({ doc }: VerdictRow) => JSON.parse(doc) as Verdict;

export function findVerdict(board: Board, resultFilename: string): Verdict | undefined {
  const row = board.sql.get<VerdictRow>(
    "SELECT doc FROM verdicts WHERE path = ?",
    verdictPath(resultFilename),
  );
  return row && toVerdict(row);
}

export function verdictStateOf(board: Board, resultFilename: string): VerdictState | undefined {
  return board.sql.get<{ state: VerdictState }>(
    "SELECT state FROM verdicts WHERE path = ?",
    verdictPath(resultFilename),
  )?.state;
}

/** In the order of the results, oldest first. */
export function verdictsIn(board: Board, states: readonly VerdictState[]): Verdict[] {
  const marks = states.map(() => "?").join(", ");
  return board.sql
    .all<VerdictRow>(`SELECT doc FROM verdicts WHERE state IN (${marks}) ORDER BY filename`, ...states)
    .map(toVerdict);
}

/** The same without those of results that repeat another one: nothing depends on them. */
export function verdictsThatMatterIn(board: Board, state: VerdictState): Verdict[] {
  const isRepeat = "SELECT 1 FROM results r WHERE r.filename = v.filename AND r.class = 'repeat'";
  return board.sql
    .all<VerdictRow>(
      `SELECT v.doc FROM verdicts v WHERE v.state = ? AND NOT EXISTS (${isRepeat}) ORDER BY v.filename`,
      state,
    )
    .map(toVerdict);
}

/** Decided, but the index does not have it yet: what a start has to complete. */
export function unappliedVerdicts(board: Board): Verdict[] {
  return board.sql
    .all<VerdictRow>("SELECT doc FROM verdicts WHERE applied = 0 ORDER BY filename")
    .map(toVerdict);
}

/** Results that this HF user has objected to and that no organiser has decided since. */
export function openDisputes(board: Board, hfUser: string): number {
  return verdictsIn(board, ["disputed"]).filter(({ disputes }) =>
    disputes.some(({ hf_user: user }) => user.toLowerCase() === hfUser.toLowerCase()),
  ).length;
}
