/** Totals over all shared traces (api-v1.md 10.5). */
import { TOKEN_COUNTERS, type TokenCounter, type TraceFacts } from "../apply/trace.ts";
import type { Board } from "../board.ts";

export type Tokens = Record<TokenCounter, number>;

export interface Stats {
  tokens: Tokens;
  cost_usd: number | null;
  sessions_counted: number;
  sessions_missing_tokens: number;
  agents_reporting: number;
  by_model: Record<string, Tokens>;
  by_agent: Record<string, Tokens>;
  by_day: Record<string, Tokens>;
}

interface TraceRow {
  agent: string;
  model: string;
  summary: string;
}

const noTokens = () => Object.fromEntries(TOKEN_COUNTERS.map((counter) => [counter, 0])) as Tokens;

export function stats(board: Board): Stats {
  return board.computed("traces", "stats", () => computeStats(board));
}

function computeStats(board: Board): Stats {
  const tokens = noTokens();
  const groups = {
    by_model: new Map<string, Tokens>(),
    by_agent: new Map<string, Tokens>(),
    by_day: new Map<string, Tokens>(),
  };
  const agents = new Set<string>();
  let counted = 0;
  let missing = 0;
  let cost: number | null = null;
  for (const row of board.sql.iterate<TraceRow>("SELECT agent, model, summary FROM traces")) {
    agents.add(row.agent);
    const facts = JSON.parse(row.summary) as TraceFacts;
    if (facts.tokens.total === undefined) {
      missing += 1;
      continue;
    }
    counted += 1;
    if (facts.cost_usd !== null) cost = (cost ?? 0) + facts.cost_usd;
    add(tokens, facts.tokens);
    add(groupOf(groups.by_model, row.model || "unknown"), facts.tokens);
    add(groupOf(groups.by_agent, row.agent), facts.tokens);
    add(groupOf(groups.by_day, dayOf(facts)), facts.tokens);
  }
  return {
    tokens,
    cost_usd: cost === null ? null : Math.round(cost * 1e6) / 1e6,
    sessions_counted: counted,
    sessions_missing_tokens: missing,
    agents_reporting: agents.size,
    by_model: Object.fromEntries(groups.by_model),
    by_agent: Object.fromEntries(groups.by_agent),
    by_day: Object.fromEntries(groups.by_day),
  };
}

function groupOf(groups: Map<string, Tokens>, name: string): Tokens {
  let group = groups.get(name);
  if (!group) {
    group = noTokens();
    groups.set(name, group);
  }
  return group;
}

function add(sum: Tokens, part: TraceFacts["tokens"]): void {
  for (const counter of TOKEN_COUNTERS) sum[counter] += part[counter] ?? 0;
}

function dayOf(facts: TraceFacts): string {
  const day = (facts.started_at ?? facts.promoted_at).slice(0, "2026-06-01".length);
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? day : "unknown";
}
