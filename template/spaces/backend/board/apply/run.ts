/** Runs: what quotas, budgets and rankings ask of them (documents/run.ts). */
import { isRunOver, parseRun } from "../../documents/run.ts";
import type { ApplyContext } from "./file.ts";
import { applyDraw } from "./unit.ts";

/** `true` if the board shows something else than before. A file that is no run is not shown. */
export function applyRun(context: ApplyContext, runId: string, text: string): boolean {
  const run = parseRun(text);
  if (run === null || run.run_id !== runId) return removeRun(context, runId);
  const { changes } = context.sql.run(
    "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" +
      " ON CONFLICT (id) DO UPDATE SET created = excluded.created, kind = excluded.kind, lane = excluded.lane," +
      " agent = excluded.agent, hf_user = excluded.hf_user, content_hash = excluded.content_hash," +
      " runtime_hash = excluded.runtime_hash, status = excluded.status, over = excluded.over," +
      " charged = excluded.charged, dollars = excluded.dollars, result = excluded.result, doc = excluded.doc" +
      " WHERE doc <> excluded.doc",
    run.run_id,
    Date.parse(run.created_at),
    run.kind,
    run.lane,
    run.agent_id,
    run.hf_user,
    run.submission.content_hash,
    run.runtime_hash,
    run.status,
    isRunOver(run) ? 1 : 0,
    run.charged ? 1 : 0,
    isRunOver(run) ? (run.cost_dollars ?? run.reserved_dollars) : run.reserved_dollars,
    run.result,
    JSON.stringify(run),
  );
  applyDraw(context, runId, run);
  return changes > 0;
}

export function removeRun(context: ApplyContext, runId: string): boolean {
  applyDraw(context, runId, null);
  return context.sql.run("DELETE FROM runs WHERE id = ?", runId).changes > 0;
}
