/** The leaderboard (api-v1.md section 7), with whether each row keeps the guardrails. */
import type { Guardrail } from "../../../../schema/collab.ts";
import type { Board } from "../board.ts";
import type { Frontmatter } from "../types.ts";

export interface LeaderboardQuery {
  bestPerAgent: boolean;
  states: readonly string[];
  agent?: string;
  /** `null`: all. Cuts after ranking. */
  limit: number | null;
}

export interface LeaderboardRow {
  rank: number;
  agent: string;
  hf_user: string | null;
  score: number;
  method: string;
  verification: string;
  filename: string;
  timestamp: string;
  description: string;
  /** Ours: `false` when a guardrail is broken, `null` when that cannot be told from what the result reports. */
  guardrails_ok: boolean | null;
}

export interface Leaderboard {
  score_field: string;
  order: "asc" | "desc";
  rows: LeaderboardRow[];
  meta: { generated_at: string; results_considered: number; excluded: Record<string, number> };
}

export const DEFAULT_STATES = ["valid", "pending"] as const;

interface Ranked {
  doc: number;
  agent: string;
  filename: string;
  score: number;
  rank: number;
  verification: string;
}

export function leaderboard(board: Board, query: LeaderboardQuery, now: number): Leaderboard {
  const { scoring } = board;
  const { ranked, rowOf } = ranking(board, query.bestPerAgent, [...new Set(query.states)].sort());
  let places = [...ranked.keys()];
  if (query.agent !== undefined) places = places.filter((place) => ranked[place]?.agent === query.agent);
  if (query.limit !== null) places = places.slice(0, query.limit);
  return {
    score_field: scoring === "none" ? "" : scoring.field,
    order: scoring === "none" || scoring.direction === "higher" ? "desc" : "asc",
    rows: places.map(rowOf),
    meta: { generated_at: new Date(now).toISOString(), ...tally(board, query.states) },
  };
}

interface Ranking {
  ranked: readonly Ranked[];
  /** The row at a place, counted from 0; read once. */
  rowOf(place: number): LeaderboardRow;
}

function ranking(board: Board, bestPerAgent: boolean, states: readonly string[]): Ranking {
  return board.computed("ranking", `${bestPerAgent} ${states}`, () => {
    const ranked = bestPerAgent ? bestOfEachAgent(board, states) : allCandidates(board, states);
    const rows: LeaderboardRow[] = [];
    const rowOf = (place: number) => {
      rows[place] ??= leaderboardRow(board, ranked[place] as Ranked, place + 1);
      return rows[place];
    };
    return { ranked, rowOf };
  });
}

/** Two index seeks per agent and state, however many results there are. */
function bestOfEachAgent(board: Board, states: readonly string[]): Ranked[] {
  const best: Ranked[] = [];
  let agent = "";
  for (;;) {
    const next = board.sql.get<{ agent: string | null }>(
      "SELECT min(agent) AS agent FROM results WHERE agent > ?",
      agent,
    );
    if (!next || next.agent === null) break;
    agent = next.agent;
    const candidates = states.flatMap((state) => {
      const row = board.sql.get<Ranked>(
        "SELECT doc, agent, filename, score, rank, verification FROM results" +
          " WHERE agent = ? AND class = 'candidate' AND verification = ? ORDER BY rank, filename LIMIT 1",
        agent,
        state,
      );
      return row ? [row] : [];
    });
    const first = candidates.sort(byRank)[0];
    if (first) best.push(first);
  }
  return best.sort(byRank);
}

function allCandidates(board: Board, states: readonly string[]): Ranked[] {
  return states
    .flatMap((state) =>
      board.sql.all<Ranked>(
        "SELECT doc, agent, filename, score, rank, verification FROM results" +
          " WHERE class = 'candidate' AND verification = ? ORDER BY rank, filename",
        state,
      ),
    )
    .sort(byRank);
}

const STAMP_LENGTH = "20260601-100000-000".length;
const stampOf = (row: Ranked) => row.filename.slice(0, STAMP_LENGTH);
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Score in the collab's direction, then the earlier stamp, then the agent. */
function byRank(a: Ranked, b: Ranked): number {
  return a.rank - b.rank || compareText(stampOf(a), stampOf(b)) || compareText(a.agent, b.agent);
}

function leaderboardRow(board: Board, row: Ranked, place: number): LeaderboardRow {
  const stored = board.sql.get<{ frontmatter: string }>(
    "SELECT c.frontmatter FROM docs d JOIN contents c ON c.id = d.content WHERE d.id = ?",
    row.doc,
  );
  const fields = JSON.parse(stored?.frontmatter ?? "{}") as Frontmatter;
  const isHidden = board.hidden.has(row.filename);
  const owner = board.sql.get<{ hf_user: string }>("SELECT hf_user FROM agents WHERE id = ?", row.agent);
  return {
    rank: place,
    agent: row.agent,
    hf_user: owner?.hf_user || null,
    score: row.score,
    method: isHidden ? "" : asText(fields.method),
    verification: row.verification,
    filename: row.filename,
    timestamp: asText(fields.timestamp),
    description: isHidden ? "" : asText(fields.description),
    guardrails_ok: board.scoring === "none" ? null : guardrailsOk(board.scoring.guardrails, fields),
  };
}

const asText = (value: unknown) =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

/** `false` if any reported value is outside its limits; `null` if none is and at least one is not reported. */
export function guardrailsOk(guardrails: readonly Guardrail[], fields: Frontmatter): boolean | null {
  let unknown = guardrails.length === 0;
  for (const { field, min, max } of guardrails) {
    const value = fields[field];
    if (typeof value !== "number") unknown = true;
    else if ((min !== undefined && value < min) || (max !== undefined && value > max)) return false;
  }
  return unknown ? null : true;
}

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
    const key =
      row.class === "negative"
        ? "status_negative"
        : row.class === "malformed"
          ? "malformed"
          : states.includes(row.verification)
            ? null
            : `verification_${row.verification}`;
    if (key !== null) excluded[key] = (excluded[key] ?? 0) + row.n;
  }
  return { results_considered: considered, excluded };
}
