/** Results beside the board, each with the reason why it does not rank: nothing vanishes. */
import type { Board } from "../board.ts";
import { type ResultFacts, resultFacts } from "./ranked-result.ts";

/** `invalid`, `expired` and other states as they stand in the index, or one of these. */
export type UnrankedWhy = "self_reported" | "reproduction" | (string & {});

export interface UnrankedRow extends ResultFacts {
  /** As reported or measured; it counts nowhere. */
  score: number;
  why: UnrankedWhy;
  /** For a result of what another one has run before: that one. */
  reproduction_of: string | null;
}

export interface UnrankedQuery {
  /** States that rank. */
  states: readonly string[];
  agent?: string;
  /** `null`: as many as one answer holds. The newest are kept. */
  limit: number | null;
}

interface Row {
  doc: number;
  agent: string;
  filename: string;
  class: string;
  verification: string;
  run: string | null;
  own: number;
  original: string | null;
}

/** What a look at the board shows, and the most that one answer holds; the results list has all of them. */
const SIZES = [20, 1000] as const;

/** Newest first. */
export function unrankedResults(
  board: Board,
  { states, agent, limit }: UnrankedQuery,
): readonly UnrankedRow[] {
  const wanted = [...new Set(states)].sort();
  const size = SIZES.find((most) => limit !== null && limit <= most) ?? SIZES[1];
  const read = () => readRows(board, wanted, agent, size).map((row) => unrankedRow(board, row));
  // Of one agent: few rows, and too many different questions to keep the answers.
  const rows = agent === undefined ? board.computed("ranking", `unranked ${size} ${wanted}`, read) : read();
  return rows.slice(0, limit ?? size);
}

function readRows(board: Board, states: readonly string[], agent: string | undefined, limit: number): Row[] {
  const marks = states.map(() => "?").join(", ");
  return board.sql.all<Row>(
    "SELECT r.doc, r.agent, r.filename, r.class, r.verification, r.run, r.own, u.original" +
      " FROM results r LEFT JOIN units u ON u.hash = r.hash" +
      ` WHERE (r.class IN ('self-reported', 'repeat') OR (r.class = 'candidate' AND r.verification NOT IN (${marks})))` +
      `${agent === undefined ? "" : " AND r.agent = ?"} ORDER BY r.filename DESC LIMIT ?`,
    ...states,
    ...(agent === undefined ? [] : [agent]),
    limit,
  );
}

function unrankedRow(board: Board, row: Row): UnrankedRow {
  const isRepeat = row.class === "repeat";
  return {
    ...resultFacts(board, row),
    score: row.own,
    why: isRepeat ? "reproduction" : whyOf(row),
    reproduction_of: isRepeat ? row.original : null,
  };
}

/** A claim that was judged is told by its verdict, one that was not by what it is. */
function whyOf({ class: kind, verification }: Row): UnrankedWhy {
  if (kind !== "self-reported") return verification;
  return verification === "invalid" || verification === "expired" ? verification : "self_reported";
}
