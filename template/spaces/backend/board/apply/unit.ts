/**
 * Units of the ranking: all results and all draws of what really ran, whoever sent them. One result ranks for
 * the unit, by the statistic of its draws; the others repeat it. Kept up to date with every file, so that no
 * question computes it.
 */
import type { Scoring } from "../../../../schema/collab.ts";
import { isRunOver, type Run } from "../../documents/run.ts";
import { numberIn } from "../../ranking/guardrails.ts";
import { type Spread, scoreOfDraws, spreadOf } from "../../ranking/statistic.ts";
import type { ApplyContext } from "./file.ts";

/** States of the index that are on the board; a result in another one leaves its place to the next of its unit. */
export const RANKING_STATES = ["valid", "pending", "disputed"] as const;

interface Member {
  doc: number;
  filename: string;
  run: string;
  own: number | null;
  verification: string;
}

interface Draw {
  run: string;
  hf_user: string;
  score: number;
}

/** Brings everything with this hash up to date. While the board is filled, that waits for `refreshAllUnits`. */
export function refreshUnit(context: ApplyContext, hash: string | null | undefined): void {
  if (hash == null || context.isFilling) return;
  const { sql, scoring } = context;
  const draws = sql.all<Draw>("SELECT run, hf_user, score FROM draws WHERE hash = ? ORDER BY run", hash);
  const members = sql.all<Member>(
    "SELECT doc, filename, run, own, verification FROM results" +
      " WHERE hash = ? AND class IN ('candidate', 'repeat') ORDER BY run, filename",
    hash,
  );
  // The first to have run it, not the first to post it: a copy posted in a hurry gains nothing.
  const original = members.find(({ verification }) =>
    (RANKING_STATES as readonly string[]).includes(verification),
  );
  const spread = draws.length === 0 ? null : spreadOf(draws.map(({ score }) => score));
  storeUnit(context, { hash, draws, original, spread });
  const isProvisional = scoring !== "none" && draws.length < scoring.draws;
  for (const member of members) {
    const isRepeat = original !== undefined && member !== original && isRanking(member);
    const score = spread === null || scoring === "none" ? member.own : scoreOfDraws(spread, scoring);
    sql.run(
      "UPDATE results SET class = ?, score = ?, rank = ?, provisional = ? WHERE doc = ?",
      isRepeat ? "repeat" : "candidate",
      score,
      rankOf(score, scoring),
      isProvisional ? 1 : 0,
      member.doc,
    );
  }
}

const isRanking = ({ verification }: Member) => (RANKING_STATES as readonly string[]).includes(verification);

interface Unit {
  hash: string;
  draws: readonly Draw[];
  original: Member | undefined;
  spread: Spread | null;
}

function storeUnit({ sql }: ApplyContext, { hash, draws, original, spread }: Unit): void {
  if (spread === null) {
    sql.run("DELETE FROM units WHERE hash = ?", hash);
    return;
  }
  const owner = (draws.find(({ run }) => run === original?.run) ?? draws[0])?.hf_user;
  const others = new Set(draws.map(({ hf_user }) => hf_user));
  if (owner !== undefined) others.delete(owner);
  sql.run(
    "INSERT OR REPLACE INTO units (hash, n, sd, spread, original, reproductions) VALUES (?, ?, ?, ?, ?, ?)",
    hash,
    spread.n,
    spread.sd,
    JSON.stringify(spread),
    original?.filename ?? null,
    others.size,
  );
}

export function refreshAllUnits(context: ApplyContext): void {
  const { sql } = context;
  const hashes = sql.all<{ hash: string }>(
    "SELECT hash FROM draws UNION SELECT hash FROM results WHERE hash IS NOT NULL",
  );
  for (const { hash } of hashes) refreshUnit(context, hash);
}

/** What results are sorted by: smaller is better. */
export function rankOf(score: number | null, scoring: Scoring | "none"): number | null {
  if (score === null || scoring === "none") return null;
  return scoring.direction === "higher" ? -score : score;
}

/** Notes the run as a draw, or that it is none. */
export function applyDraw(context: ApplyContext, runId: string, run: Run | null): void {
  const { sql, changed } = context;
  const before = sql.get<{ hash: string; score: number }>(
    "SELECT hash, score FROM draws WHERE run = ?",
    runId,
  );
  const score = run === null ? undefined : scoreOfRun(context, run);
  if (run === null || score === undefined) {
    if (!before) return;
    sql.run("DELETE FROM draws WHERE run = ?", runId);
    changed("ranking");
    refreshUnit(context, before.hash);
    return;
  }
  if (before?.hash === run.runtime_hash && before.score === score) return;
  sql.run(
    "INSERT OR REPLACE INTO draws (run, hash, agent, hf_user, score) VALUES (?, ?, ?, ?, ?)",
    runId,
    run.runtime_hash,
    run.agent_id,
    run.hf_user,
    score,
  );
  changed("ranking");
  if (before && before.hash !== run.runtime_hash) refreshUnit(context, before.hash);
  refreshUnit(context, run.runtime_hash);
}

/** The score of a completed full benchmark run; `undefined` for every other one. */
function scoreOfRun({ scoring }: ApplyContext, run: Run): number | undefined {
  if (scoring === "none" || run.kind !== "benchmark" || run.lane !== "full") return undefined;
  if (!isRunOver(run) || run.status !== "completed" || run.summary === null) return undefined;
  const score = numberIn(run.summary.values, scoring.field);
  return score !== undefined && score > 0 ? score : undefined;
}

/** Reads the draws anew from the stored runs, for a changed `scoring`. */
export function rereadDraws(context: ApplyContext): void {
  const { sql } = context;
  sql.run("DELETE FROM draws");
  sql.run("DELETE FROM units");
  for (const { id, doc } of sql.all<{ id: string; doc: string }>(
    "SELECT id, doc FROM runs WHERE kind = 'benchmark' AND lane = 'full' AND status = 'completed'",
  )) {
    applyDraw({ ...context, isFilling: true }, id, JSON.parse(doc) as Run);
  }
}
