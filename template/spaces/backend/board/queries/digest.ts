/** Everything a returning agent needs, in one answer (api-v1.md 3.11). */
import type { Board } from "../board.ts";
import type { DocumentView, ResultView } from "../types.ts";
import { newestAgents } from "./agents.ts";
import { documentView, resultView } from "./documents.ts";
import { DEFAULT_STATES, type LeaderboardRow, leaderboard } from "./leaderboard.ts";
import { type ListScope, listPage } from "./list.ts";
import { agentsScope, inboxScope, messagesScope, resultsScope } from "./scopes.ts";
import { stats } from "./stats.ts";
import { newestTaskforces, taskforceCount } from "./taskforces.ts";

const NEWEST = 5;
const LEADERS = 10;
const MESSAGES = 20;
const RESULTS = 10;
const INBOX = 10;

/** What stands behind the numbers of a row: a small budget has no room for it. */
const DETAILS = [
  "draws_wanted",
  "spread",
  "tied_with",
  "reproductions",
  "contender",
  "collapsed",
  "run_id",
  "reason",
  "verified_score",
  "values",
  "tracks",
] as const satisfies readonly (keyof LeaderboardRow)[];
type Detail = (typeof DETAILS)[number];
export type DigestRow = Omit<LeaderboardRow, Detail> & Partial<Pick<LeaderboardRow, Detail>>;

export function briefRow(row: DigestRow): DigestRow {
  const brief = { ...row };
  for (const detail of DETAILS) delete brief[detail];
  return brief;
}

export interface Digest {
  agents: { count: number; newest: string[] };
  taskforces: { count: number; newest: string[] };
  leaderboard: DigestRow[];
  recent_messages: DocumentView[];
  recent_results: ResultView[];
  inbox: { count: number; items: DocumentView[] } | null;
  stats: { total_tokens: number; sessions_counted: number; agents_reporting: number } | null;
  generated_at: string;
}

export function digest(board: Board, query: { as?: string; since?: string }, now: number): Digest {
  const newest = (scope: ListScope, limit: number) =>
    listPage(board, scope, { since: query.since, order: "desc", limit });
  const totals = stats(board);
  const inbox = query.as === undefined ? null : newest(inboxScope(board, query.as), INBOX);
  return {
    agents: { count: agentsScope(board).count(board), newest: newestAgents(board, NEWEST) },
    taskforces: { count: taskforceCount(board), newest: newestTaskforces(board, NEWEST) },
    leaderboard: leaderboard(board, { bestPerAgent: true, states: DEFAULT_STATES, limit: LEADERS }, now).rows,
    recent_messages: newest(messagesScope(board), MESSAGES).rows.map(documentView),
    recent_results: newest(resultsScope(board), RESULTS).rows.map((row) => resultView(board, row)),
    inbox: inbox && { count: inbox.matched, items: inbox.rows.map(documentView) },
    stats:
      totals.agents_reporting === 0
        ? null
        : {
            total_tokens: totals.tokens.total,
            sessions_counted: totals.sessions_counted,
            agents_reporting: totals.agents_reporting,
          },
    generated_at: new Date(now).toISOString(),
  };
}
