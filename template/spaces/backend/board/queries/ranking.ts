/** The order of the leaderboard, from indexed aggregates: no document is read here. */
import type { Scoring } from "../../../../schema/collab.ts";
import { type Place, places } from "../../ranking/ties.ts";
import type { Board } from "../board.ts";

export interface RankingQuery {
  /** Only the best of each agent; else every result that ranks. */
  bestPerAgent: boolean;
  states: readonly string[];
  /** Results of this track alone. */
  track?: string;
  /** Only the best agent of each Hugging Face user. */
  collapseUsers?: boolean;
  /** Valid ones before the others. Default: where runs measure, as results of a v1 collab rank by score alone. */
  validFirst?: boolean;
}

/** A result as it is ordered. */
export interface Ranked {
  doc: number;
  agent: string;
  filename: string;
  score: number;
  rank: number;
  verification: string;
  provisional: number;
  run: string | null;
  /** Draws; 0 where nothing was measured. */
  n: number;
  sd: number | null;
}

export interface RankedRow extends Ranked {
  place: Place;
  /** With `validFirst`: a result of the agent with a better score, in a state that comes later. */
  contender: Ranked | null;
  /** With `collapseUsers`: other agents of the same user. */
  collapsed: string[];
}

/** Kept until a file changes that has a say in it. Must not be modified. */
export function ranking(board: Board, query: RankingQuery): readonly RankedRow[] {
  const states = [...new Set(query.states)].sort();
  const { bestPerAgent, track, collapseUsers = false } = query;
  const validFirst = query.validFirst ?? measuresRuns(board);
  const key = `order ${bestPerAgent} ${collapseUsers} ${validFirst} ${states} ${track ?? ""}`;
  return board.computed("ranking", key, () => {
    const source = { board, states, track };
    const compare = byRank(validFirst);
    const rows: Unplaced[] = bestPerAgent || collapseUsers ? bestOfEachAgent(source, compare) : all(source);
    rows.sort(compare);
    return placed(board, collapseUsers ? collapse(board, rows) : rows, validFirst);
  });
}

/** Results of runs are on the board. */
export function measuresRuns(board: Board): boolean {
  return board.computed(
    "ranking",
    "measures runs",
    () => board.sql.get("SELECT 1 FROM results WHERE hash IS NOT NULL LIMIT 1") !== undefined,
  );
}

interface Source {
  board: Board;
  states: readonly string[];
  track: string | undefined;
}

type Unplaced = Ranked & Pick<RankedRow, "contender" | "collapsed">;

const SELECT =
  "SELECT r.doc, r.agent, r.filename, r.score, r.rank, r.verification, r.provisional, r.run," +
  " coalesce(u.n, 0) AS n, u.sd FROM results r LEFT JOIN units u ON u.hash = r.hash";
const ORDER = "ORDER BY r.provisional, r.rank, r.filename";
const IN_TRACK = " AND EXISTS (SELECT 1 FROM in_track t WHERE t.doc = r.doc AND t.track = ?)";

/** Two index seeks per agent and state, however many results there are. */
function bestOfEachAgent({ board, states, track }: Source, compare: Compare): Unplaced[] {
  const best: Unplaced[] = [];
  const params = track === undefined ? [] : [track];
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
        `${SELECT} WHERE r.agent = ? AND r.class = 'candidate' AND r.verification = ?${track === undefined ? "" : IN_TRACK} ${ORDER} LIMIT 1`,
        agent,
        state,
        ...params,
      );
      return row ? [row] : [];
    });
    const [first, ...others] = candidates.sort(compare);
    if (!first) continue;
    const better = others.filter(({ rank }) => rank < first.rank).sort((a, b) => a.rank - b.rank);
    best.push({ ...first, contender: better[0] ?? null, collapsed: [] });
  }
  return best;
}

function all({ board, states, track }: Source): Unplaced[] {
  const params = track === undefined ? [] : [track];
  return states
    .flatMap((state) =>
      board.sql.all<Ranked>(
        `${SELECT} WHERE r.class = 'candidate' AND r.verification = ?${track === undefined ? "" : IN_TRACK}`,
        state,
        ...params,
      ),
    )
    .map((row) => ({ ...row, contender: null, collapsed: [] }));
}

/** The first row of each user stays. An agent that nobody registered is a user of its own. */
function collapse(board: Board, rows: readonly Unplaced[]): Unplaced[] {
  const owners = new Map(
    board.sql
      .all<{ id: string; hf_user: string }>("SELECT id, hf_user FROM agents WHERE hf_user <> ''")
      .map(({ id, hf_user }) => [id, hf_user]),
  );
  const kept = new Map<string, Unplaced>();
  for (const row of rows) {
    const owner = owners.get(row.agent);
    const group = owner === undefined ? `agent ${row.agent}` : `user ${owner}`;
    const first = kept.get(group);
    if (first) first.collapsed.push(row.agent);
    else kept.set(group, row);
  }
  return [...kept.values()];
}

function placed(board: Board, rows: readonly Unplaced[], validFirst: boolean): RankedRow[] {
  const noise = (board.scoring as Partial<Scoring>).noise ?? 0;
  const found = places(rows, noise, (row) => `${validFirst ? stateTier(row) : 0} ${row.provisional}`);
  return rows.map((row, at) => ({ ...row, place: found[at] as Place }));
}

const STAMP_LENGTH = "20260601-100000-000".length;
const stampOf = (row: Ranked) => row.filename.slice(0, STAMP_LENGTH);
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const stateTier = ({ verification }: Ranked) => (verification === "valid" ? 0 : 1);

type Compare = (a: Ranked, b: Ranked) => number;

/** State, then complete before provisional, then score in the collab's direction, then the earlier stamp, then the agent. */
function byRank(validFirst: boolean): Compare {
  return (a, b) =>
    (validFirst ? stateTier(a) - stateTier(b) : 0) ||
    a.provisional - b.provisional ||
    a.rank - b.rank ||
    compareText(stampOf(a), stampOf(b)) ||
    compareText(a.agent, b.agent);
}
