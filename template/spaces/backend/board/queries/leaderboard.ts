/** The leaderboard (api-v1.md section 7), with what stands behind each score and beside the board. */
import type { STATISTICS } from "../../../../schema/collab.ts";
import type { Spread } from "../../ranking/statistic.ts";
import type { Board } from "../board.ts";
import { type ResultFacts, resultFacts, spreadOfUnit } from "./ranked-result.ts";
import { type Ranked, type RankedRow, type RankingQuery, ranking } from "./ranking.ts";
import { type UnrankedRow, unrankedResults } from "./unranked.ts";

export interface LeaderboardQuery extends RankingQuery {
  agent?: string;
  /** `null`: all. Cuts after ranking. */
  limit: number | null;
  /** Rows beside the board; `null`: all. */
  unrankedLimit?: number | null;
}

export interface LeaderboardRow extends ResultFacts {
  /** Shared by rows that their draws cannot tell apart. */
  rank: number;
  /** The statistic of its draws; of a self-reported result what it says. */
  score: number;
  /** Draws: completed full runs of the same submission, whoever started them. 0 for self-reported scores. */
  n: number;
  draws_wanted: number;
  /** Fewer draws than wanted: listed behind complete rows of its state. */
  provisional: boolean;
  spread: Spread | null;
  /** Rows that share this rank, this one counted. */
  tied: number;
  /** The first of them; `null` for itself. */
  tied_with: string | null;
  /** Other people who ran the same submission. */
  reproductions: number;
  /** A better score of the same agent that is not verified yet. */
  contender: { filename: string; score: number; n: number; verification: string } | null;
  /** With `collapse=user`: other agents of the user. */
  collapsed?: string[];
}

export interface Leaderboard {
  score_field: string;
  order: "asc" | "desc";
  statistic: (typeof STATISTICS)[number] | null;
  track: string | null;
  rows: LeaderboardRow[];
  unranked: UnrankedRow[];
  meta: {
    generated_at: string;
    results_considered: number;
    ranked: number;
    excluded: Record<string, number>;
  };
}

/** `disputed` results rank with the pending ones until an organiser decides. */
export const DEFAULT_STATES = ["valid", "pending", "disputed"] as const;
export const UNRANKED_ROWS = 20;

export function leaderboard(board: Board, query: LeaderboardQuery, now: number): Leaderboard {
  const { scoring } = board;
  const { agent, limit, unrankedLimit = UNRANKED_ROWS } = query;
  const rows = ranking(board, query);
  const shown = agent === undefined ? rows : rows.filter((row) => row.agent === agent);
  const rowOf = rowReader(board, query);
  return {
    score_field: scoring === "none" ? "" : scoring.field,
    order: scoring === "none" || scoring.direction === "higher" ? "desc" : "asc",
    statistic: scoring === "none" ? null : scoring.statistic,
    track: query.track ?? null,
    rows: (limit === null ? shown : shown.slice(0, limit)).map((row) => rowOf(row, rows)),
    unranked: [...unrankedResults(board, { states: query.states, agent, limit: unrankedLimit })],
    meta: {
      generated_at: new Date(now).toISOString(),
      ranked: rows.length,
      ...tally(board, query.states),
    },
  };
}

/** Rows are read once per ranking: pollers ask for the same ones again and again. */
function rowReader(board: Board, { collapseUsers }: LeaderboardQuery) {
  const read = board.computed("ranking", "rows", () => new WeakMap<RankedRow, LeaderboardRow>());
  return (row: RankedRow, all: readonly RankedRow[]): LeaderboardRow => {
    let found = read.get(row);
    if (!found) {
      found = leaderboardRow(board, row, all);
      if (collapseUsers) found.collapsed = row.collapsed;
      read.set(row, found);
    }
    return found;
  };
}

function leaderboardRow(board: Board, row: RankedRow, all: readonly RankedRow[]): LeaderboardRow {
  const { agent, hf_user, ...facts } = resultFacts(board, row);
  const unit = row.run === null ? null : spreadOfUnit(board, row.filename);
  const leader = all[row.place.first];
  return {
    rank: row.place.rank,
    agent,
    hf_user,
    score: row.score,
    ...facts,
    n: row.n,
    draws_wanted: board.scoring === "none" ? 1 : board.scoring.draws,
    provisional: row.provisional === 1,
    spread: unit?.spread ?? null,
    tied: row.place.size,
    tied_with: leader === undefined || leader === row ? null : leader.filename,
    reproductions: unit?.reproductions ?? 0,
    contender: row.contender && contenderOf(row.contender),
  };
}

function contenderOf({ filename, score, n, verification }: Ranked): LeaderboardRow["contender"] {
  return { filename, score, n, verification };
}

const UNRANKED_CLASSES: Readonly<Record<string, string>> = {
  negative: "status_negative",
  malformed: "malformed",
  "self-reported": "self_reported",
  repeat: "reproductions",
};

function tally(
  board: Board,
  states: readonly string[],
): { results_considered: number; excluded: Record<string, number> } {
  const excluded: Record<string, number> = { status_negative: 0, malformed: 0 };
  let considered = 0;
  for (const row of board.sql.all<{ class: string; verification: string; n: number }>(
    "SELECT class, verification, n FROM result_tallies WHERE n > 0",
  )) {
    considered += row.n;
    const ranks = states.includes(row.verification) ? null : `verification_${row.verification}`;
    const key = UNRANKED_CLASSES[row.class] ?? ranks;
    if (key !== null) excluded[key] = (excluded[key] ?? 0) + row.n;
  }
  return { results_considered: considered, excluded };
}
