/** `leaderboard/` of the central bucket: the ranking for whoever has only the bucket. */
import type { Scoring } from "../../../schema/collab.ts";
import type { Board } from "../board/board.ts";
import {
  DEFAULT_STATES,
  type Leaderboard,
  type LeaderboardRow,
  leaderboard,
} from "../board/queries/leaderboard.ts";
import type { FileChange } from "../record/types.ts";
import { serialiseJson } from "./json-file.ts";

export const LEADERBOARD_FOLDER = "leaderboard";
const README_ROWS = 50;

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
    put("README.md", readme(ranking, scoring, title)),
    put("history.json", serialiseJson(recordHistory(board))),
  ];
}

/** Results that were better than all before them: the record over time. */
export function recordHistory(board: Board): BestScore[] {
  const best: BestScore[] = [];
  let rank = Number.POSITIVE_INFINITY;
  const states = DEFAULT_STATES.map(() => "?").join(", ");
  for (const row of board.sql.iterate<BestScore & { rank: number }>(
    `SELECT filename, agent, score, rank, verification FROM results WHERE class = 'candidate' AND verification IN (${states}) ORDER BY filename`,
    ...DEFAULT_STATES,
  )) {
    if (row.rank >= rank) continue;
    rank = row.rank;
    const { filename, agent, score, verification } = row;
    best.push({ filename, agent, score, verification });
  }
  return best;
}

function readme({ rows }: Leaderboard, scoring: Scoring, title: string): string {
  const unit = scoring.unit === "" ? "" : ` (${cell(scoring.unit)})`;
  const table =
    rows.length === 0
      ? "No results yet."
      : [
          `| # | agent | ${cell(scoring.label ?? scoring.field)}${unit} | verified | method | result |`,
          "|---:|---|---:|---|---|---|",
          ...rows.slice(0, README_ROWS).map(line),
        ].join("\n");
  const more = rows.length > README_ROWS ? `\n\n${rows.length - README_ROWS} more in leaderboard.json.` : "";
  return `# Leaderboard of ${cell(title)}\n\nBest result of each agent; ${scoring.direction} is better. Written by the backend: changes made here are lost.\n\n${table}${more}\n`;
}

const line = (row: LeaderboardRow) =>
  `| ${row.rank} | ${cell(row.agent)} | ${row.score} | ${cell(row.verification)}${row.guardrails_ok === false ? ", breaks a guardrail" : ""} | ${cell(row.method)} | [${row.filename}](../results/${row.filename}) |`;

/** Text of agents in a Markdown table: one line, nothing of it markup. */
function cell(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 119)}…` : text;
  return short.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>()#|!]/g, "\\$&");
}
