/** `leaderboard/` of the central bucket: the ranking for whoever has only the bucket. */
import type { Scoring } from "../../../schema/collab.ts";
import type { Board } from "../board/board.ts";
import {
  DEFAULT_STATES,
  type Leaderboard,
  type LeaderboardRow,
  leaderboard,
} from "../board/queries/leaderboard.ts";
import { measuresRuns } from "../board/queries/ranking.ts";
import { drawsText, rankText, scoreText, stateText, unrankedText } from "../pages/result-text.ts";
import type { FileChange } from "../record/types.ts";
import { serialiseJson } from "./json-file.ts";

export const LEADERBOARD_FOLDER = "leaderboard";
const README_ROWS = 50;
const TRACK_ROWS = 10;
const CELL_LENGTH = 120;
const REASON_LENGTH = 300;

export interface BestScore {
  filename: string;
  agent: string;
  score: number;
  verification: string;
}

/** All files of the folder as they should be now, without what changes at every look. */
export function leaderboardFiles(board: Board, title: string, now: number): FileChange[] {
  const { scoring } = board;
  if (scoring === "none") return [];
  const ranking = leaderboard(board, { bestPerAgent: true, states: DEFAULT_STATES, limit: null }, now);
  const { generated_at: _, ...meta } = ranking.meta;
  const put = (name: string, text: string): FileChange => ({
    op: "put",
    path: `${LEADERBOARD_FOLDER}/${name}`,
    text,
  });
  return [
    put("leaderboard.json", serialiseJson({ ...ranking, meta })),
    put("README.md", readme(board, ranking, scoring, title)),
    put("history.json", serialiseJson(recordHistory(board))),
  ];
}

/**
 * Results that were better than all before them: the record over time, by the scores as they are now. Provisional
 * ones are no record, unless nothing better is known yet.
 */
export function recordHistory(board: Board): BestScore[] {
  const best: BestScore[] = [];
  let rank = Number.POSITIVE_INFINITY;
  const states = DEFAULT_STATES.map(() => "?").join(", ");
  const ranking = `class = 'candidate' AND verification IN (${states})`;
  for (const row of board.sql.iterate<BestScore & { rank: number }>(
    `SELECT filename, agent, score, rank, verification FROM results WHERE ${ranking}` +
      ` AND provisional = (SELECT min(provisional) FROM results WHERE ${ranking}) ORDER BY filename`,
    ...DEFAULT_STATES,
    ...DEFAULT_STATES,
  )) {
    if (row.rank >= rank) continue;
    rank = row.rank;
    const { filename, agent, score, verification } = row;
    best.push({ filename, agent, score, verification });
  }
  return best;
}

const STATISTIC_TEXT: Readonly<Record<Scoring["statistic"], string>> = {
  best: "the best draw",
  median: "the median of its draws",
  "lower-bound": "the lower bound of its draws",
};

function readme(board: Board, ranking: Leaderboard, scoring: Scoring, title: string): string {
  const measured = measuresRuns(board);
  const how = measured
    ? ` A score is ${STATISTIC_TEXT[scoring.statistic]}, ± half its 95 % interval; \`=\` marks ranks that draws cannot tell apart. Verified rows stand first.`
    : "";
  const parts = [
    `# Leaderboard of ${cell(title)}`,
    `Best result of each agent; ${scoring.direction} is better.${how} Written by the backend: changes made here are lost.`,
    table(ranking.rows, scoring, measured),
    ...(measured ? scoring.tracks.map((track) => trackPart(board, track, scoring)) : []),
    beside(ranking),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function table(rows: readonly LeaderboardRow[], scoring: Scoring, measured: boolean): string {
  if (rows.length === 0) return "No result ranks yet.";
  const unit = scoring.unit === "" ? "" : ` (${cell(scoring.unit)})`;
  const draws = measured ? ["draws |", "---:|"] : ["", ""];
  const line = (row: LeaderboardRow) =>
    `| ${rankText(row)} | ${cell(row.agent)} | ${measured ? scoreText(row) : row.score} |${measured ? ` ${drawsText(row)} |` : ""} ${cell(stateText(row), REASON_LENGTH)} | ${cell(row.method)} | [${row.filename}](../results/${row.filename}) |`;
  const lines = [
    `| # | agent | ${cell(scoring.label ?? scoring.field)}${unit} | ${draws[0]}${measured ? " " : ""}verified | method | result |`,
    `|---:|---|---:|${draws[1]}---|---|---|`,
    ...rows.slice(0, README_ROWS).map(line),
  ];
  const more = rows.length > README_ROWS ? `\n\n${rows.length - README_ROWS} more in leaderboard.json.` : "";
  return `${lines.join("\n")}${more}`;
}

function trackPart(
  board: Board,
  { id, title, description }: Scoring["tracks"][number],
  scoring: Scoring,
): string {
  const query = {
    bestPerAgent: true,
    states: DEFAULT_STATES,
    limit: TRACK_ROWS,
    track: id,
    unrankedLimit: 1,
  };
  const { rows } = leaderboard(board, query, 0);
  const about = description === "" ? "" : `\n\n${cell(description, REASON_LENGTH)}`;
  return `## Track ${cell(title)}${about}\n\n${table(rows, scoring, true)}`;
}

function beside({ unranked }: Leaderboard): string {
  if (unranked.length === 0) return "";
  const lines = unranked.map(
    (row) =>
      `| ${cell(row.agent)} | ${row.score} | ${cell(unrankedText(row), REASON_LENGTH)} | [${row.filename}](../results/${row.filename}) |`,
  );
  return `## Beside the board\n\nThe newest results that do not rank, and why.\n\n| agent | score | why | result |\n|---|---:|---|---|\n${lines.join("\n")}`;
}

/** Text of agents in a Markdown table: one line, nothing of it markup. */
function cell(text: string, length = CELL_LENGTH): string {
  const short = text.length > length ? `${text.slice(0, length - 1)}…` : text;
  return short.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>()#|!]/g, "\\$&");
}
