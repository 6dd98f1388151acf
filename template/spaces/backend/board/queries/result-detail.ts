/** One result with everything behind it: its run, the draws of its submission, its verdict. */
import type { Run } from "../../documents/run.ts";
import type { Verdict } from "../../documents/verdict.ts";
import type { Spread } from "../../ranking/statistic.ts";
import type { Board } from "../board.ts";
import { spreadOfUnit } from "./ranked-result.ts";
import { findRun } from "./runs.ts";
import { findVerdict } from "./verdicts.ts";

export interface Draw {
  run_id: string;
  agent: string;
  hf_user: string;
  score: number;
  /** The result that its owner posted of it. */
  result: string | null;
}

export interface Standing {
  /** The statistic of its draws, or what it reports. `null` for a result without a score that counts. */
  score: number | null;
  spread: Spread | null;
  provisional: boolean;
  /** Other people who ran the same submission. */
  reproductions: number;
  /** The result of an earlier run of the same submission, which ranks instead of this one. */
  reproduction_of: string | null;
  tracks: string[];
}

export interface ResultDetail {
  run: Run | null;
  /** Completed full runs of the same submission, oldest first, whoever started them. */
  draws: Draw[];
  standing: Standing | null;
  verdict: Verdict | null;
}

interface Row {
  doc: number;
  class: string;
  run: string | null;
  hash: string | null;
  score: number | null;
  provisional: number;
  original: string | null;
}

export function resultDetail(board: Board, filename: string): ResultDetail {
  const row = board.sql.get<Row>(
    "SELECT r.doc, r.class, r.run, r.hash, r.score, r.provisional, u.original FROM results r" +
      " LEFT JOIN units u ON u.hash = r.hash WHERE r.filename = ?",
    filename,
  );
  const verdict = findVerdict(board, filename) ?? null;
  if (!row) return { run: null, draws: [], standing: null, verdict };
  return {
    run: (row.run === null ? undefined : findRun(board, row.run)) ?? null,
    draws: row.hash === null ? [] : drawsOfHash(board, row.hash),
    standing: standingOf(board, filename, row),
    verdict,
  };
}

function drawsOfHash(board: Board, hash: string): Draw[] {
  return board.sql.all<Draw>(
    "SELECT d.run AS run_id, d.agent, d.hf_user, d.score, r.filename AS result FROM draws d" +
      " LEFT JOIN results r ON r.run = d.run WHERE d.hash = ? ORDER BY d.run",
    hash,
  );
}

function standingOf(board: Board, filename: string, row: Row): Standing {
  const unit = row.hash === null ? null : spreadOfUnit(board, filename);
  return {
    score: row.score,
    spread: unit?.spread ?? null,
    provisional: row.provisional === 1,
    reproductions: unit?.reproductions ?? 0,
    reproduction_of: row.class === "repeat" ? row.original : null,
    tracks: board.sql
      .all<{ track: string }>("SELECT track FROM in_track WHERE doc = ? ORDER BY track", row.doc)
      .map(({ track }) => track),
  };
}
