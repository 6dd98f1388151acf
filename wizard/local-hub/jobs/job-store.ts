/** Jobs in the hub's database. Values of secrets are never stored. */
import type { SQLInputValue } from "node:sqlite";
import type { HubContext } from "../context.ts";
import type { JobSpec } from "./job-spec.ts";

export const JOB_STAGES = ["SCHEDULING", "RUNNING", "COMPLETED", "ERROR", "CANCELED"] as const;
export type JobStage = (typeof JOB_STAGES)[number];

export interface Job {
  /** Rises with each Job of the hub. */
  number: number;
  id: string;
  namespace: string;
  createdBy: string;
  spec: JobSpec;
  labels: Record<string, string>;
  stage: JobStage;
  message: string | null;
  failures: number;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
}

export const isOver = (job: Job): boolean => job.stage !== "SCHEDULING" && job.stage !== "RUNNING";

interface Row {
  number: number;
  id: string;
  namespace: string;
  created_by: string;
  spec: string;
  labels: string;
  stage: JobStage;
  message: string | null;
  failures: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

const jobOf = (row: Row): Job => ({
  number: row.number,
  id: row.id,
  namespace: row.namespace,
  createdBy: row.created_by,
  spec: JSON.parse(row.spec) as JobSpec,
  labels: JSON.parse(row.labels) as Record<string, string>,
  stage: row.stage,
  message: row.message,
  failures: row.failures,
  createdAt: row.created_at,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
});

export function createJobTables(hub: HubContext): void {
  hub.db.exec(`
    CREATE TABLE IF NOT EXISTS jobs (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      namespace TEXT NOT NULL,
      created_by TEXT NOT NULL,
      spec TEXT NOT NULL,
      labels TEXT NOT NULL,
      stage TEXT NOT NULL,
      message TEXT,
      failures INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL,
      started_at INTEGER,
      finished_at INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS jobs_by_namespace ON jobs (namespace, number);
  `);
}

export function insertJob(
  hub: HubContext,
  job: Pick<Job, "namespace" | "createdBy" | "spec" | "labels">,
): Job {
  const id = hub.newId();
  hub.db
    .prepare(
      "INSERT INTO jobs (id, namespace, created_by, spec, labels, stage, created_at) VALUES (?, ?, ?, ?, ?, 'SCHEDULING', ?)",
    )
    .run(id, job.namespace, job.createdBy, JSON.stringify(job.spec), JSON.stringify(job.labels), hub.now());
  return findJob(hub, id) as Job;
}

export function findJob(hub: HubContext, id: string): Job | null {
  const row = hub.db.prepare("SELECT * FROM jobs WHERE id = ?").get(id);
  return row === undefined ? null : jobOf(row as unknown as Row);
}

/** Jobs that have not come to their end, oldest first. */
export function activeJobs(hub: HubContext): Job[] {
  const rows = hub.db
    .prepare("SELECT * FROM jobs WHERE stage IN ('SCHEDULING', 'RUNNING') ORDER BY number")
    .all();
  return (rows as unknown as Row[]).map(jobOf);
}

export interface JobFilter {
  namespace: string;
  /** Any of these; all when empty. */
  stages: string[];
  /** All of these. */
  labels: [key: string, value: string][];
}

function where(filter: JobFilter): { sql: string; values: SQLInputValue[] } {
  const stages =
    filter.stages.length === 0 ? "" : ` AND stage IN (${filter.stages.map(() => "?").join(", ")})`;
  const labels = filter.labels.map(
    () => " AND EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)",
  );
  return {
    sql: `FROM jobs WHERE namespace = ?${stages}${labels.join("")}`,
    values: [filter.namespace, ...filter.stages, ...filter.labels.flat()],
  };
}

/** At most `limit` Jobs, newest first, older than number `before`. */
export function listJobs(hub: HubContext, filter: JobFilter, limit: number, before: number | null): Job[] {
  const { sql, values } = where(filter);
  const rows = hub.db
    .prepare(`SELECT * ${sql} AND (? IS NULL OR number < ?) ORDER BY number DESC LIMIT ?`)
    .all(...values, before, before, limit);
  return (rows as unknown as Row[]).map(jobOf);
}

export function countJobs(hub: HubContext, filter: JobFilter): number {
  const { sql, values } = where(filter);
  return (hub.db.prepare(`SELECT count(*) AS n ${sql}`).get(...values) as { n: number }).n;
}

/** Changes a Job that is not over; stages at which a Job ends never change again. */
export function updateJob(
  hub: HubContext,
  id: string,
  change: Partial<Pick<Job, "stage" | "message" | "failures" | "startedAt" | "finishedAt">>,
): Job {
  const job = findJob(hub, id) as Job;
  if (isOver(job)) return job;
  const next = { ...job, ...change };
  hub.db
    .prepare(
      "UPDATE jobs SET stage = ?, message = ?, failures = ?, started_at = ?, finished_at = ? WHERE id = ?",
    )
    .run(next.stage, next.message, next.failures, next.startedAt, next.finishedAt, id);
  return next;
}

export function setLabels(hub: HubContext, id: string, labels: Record<string, string>): Job {
  hub.db.prepare("UPDATE jobs SET labels = ? WHERE id = ?").run(JSON.stringify(labels), id);
  return findJob(hub, id) as Job;
}
