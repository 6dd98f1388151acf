/** Runs as they were last written. What changes every few seconds (percent, last line) is not in here. */
import type { Lane, Run } from "../../documents/run.ts";
import type { Charge } from "../../runs/quotas.ts";
import type { Board } from "../board.ts";

interface RunRow {
  doc: string;
}
const toRun = ({ doc }: RunRow) => JSON.parse(doc) as Run;

export function findRun(board: Board, runId: string): Run | undefined {
  const row = board.sql.get<RunRow>("SELECT doc FROM runs WHERE id = ?", runId);
  return row && toRun(row);
}

/** Reserved and launched ones, oldest first: what a start has to pick up. */
export function unfinishedRuns(board: Board): Run[] {
  return board.sql.all<RunRow>("SELECT doc FROM runs WHERE over = 0 ORDER BY id").map(toRun);
}

/** Completed runs of one lane of what was really run, oldest first: the draws of a submission. */
export function drawsOf(board: Board, runtimeHash: string, lane: Lane = "full"): Run[] {
  return board.sql
    .all<RunRow>(
      "SELECT doc FROM runs WHERE runtime_hash = ? AND kind = 'benchmark' AND lane = ? AND status = 'completed' ORDER BY id",
      runtimeHash,
      lane,
    )
    .map(toRun);
}

/** Verification runs of a result, oldest first. */
export function verificationRuns(board: Board, resultFilename: string): Run[] {
  return board.sql
    .all<RunRow>(
      "SELECT doc FROM runs WHERE result = ? AND kind = 'verification' ORDER BY id",
      resultFilename,
    )
    .map(toRun);
}

/** What every run since `since` (milliseconds) counts, for quotas and the budget. */
export function runCharges(board: Board, since: number): Charge[] {
  const rows = board.sql.all<Omit<Charge, "charged"> & { charged: number }>(
    "SELECT created AS at, kind, lane, agent AS agentId, hf_user AS hfUser, content_hash AS contentHash, charged, dollars" +
      " FROM runs WHERE created > ?",
    since,
  );
  return rows.map(({ charged, ...row }) => ({ ...row, charged: charged === 1 }));
}

/** Newest first. */
export function recentlyCompleted(
  board: Board,
  { kind, lane }: Pick<Run, "kind" | "lane">,
  limit: number,
): Run[] {
  return board.sql
    .all<RunRow>(
      "SELECT doc FROM runs WHERE kind = ? AND lane = ? AND status = 'completed' ORDER BY id DESC LIMIT ?",
      kind,
      lane,
      limit,
    )
    .map(toRun);
}

/** Ended since `since` (milliseconds), but their agents have not got the outputs yet. */
export function unmirroredRuns(board: Board, since: number): Run[] {
  return board.sql
    .all<RunRow>(
      "SELECT doc FROM runs WHERE over = 1 AND created > ? AND json_extract(doc, '$.mirrored') = 0 ORDER BY id",
      since,
    )
    .map(toRun);
}

export interface RunListQuery {
  agent?: string;
  status?: string;
  kind?: string;
  /** Ids before this one, newest first. */
  before?: string;
  limit: number;
}

/** Newest first. */
export function listRuns(board: Board, { agent, status, kind, before, limit }: RunListQuery): Run[] {
  const where: string[] = [];
  const values: string[] = [];
  const filters: Record<string, string | undefined> = {
    "agent =": agent,
    "status =": status,
    "kind =": kind,
    "id <": before,
  };
  for (const [condition, value] of Object.entries(filters)) {
    if (value === undefined) continue;
    where.push(`${condition} ?`);
    values.push(value);
  }
  const clause = where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`;
  return board.sql
    .all<RunRow>(`SELECT doc FROM runs${clause} ORDER BY id DESC LIMIT ?`, ...values, limit)
    .map(toRun);
}
