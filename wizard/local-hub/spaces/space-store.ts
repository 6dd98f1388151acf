/** What the hub remembers of a Space besides its files. */
import { randomBytes, randomUUID } from "node:crypto";
import type { HubContext } from "../context.ts";

export interface SpaceState {
  /** The repository's `oid`. */
  repo: string;
  /** Where the Space answers; `null` until it has been given a port. */
  port: number | null;
  hardware: string;
  /** Seconds without a request until the Space sleeps; -1 for never. */
  sleepSeconds: number;
  paused: boolean;
  oauthClientId: string;
  oauthClientSecret: string;
}

/** Free hardware goes to sleep after 48 hours. */
const DEFAULT_SLEEP_SECONDS = 48 * 60 * 60;

export function createSpaceTables(hub: HubContext): void {
  hub.db.exec(`
    CREATE TABLE IF NOT EXISTS spaces (
      repo TEXT PRIMARY KEY REFERENCES repos (oid) ON DELETE CASCADE,
      port INTEGER,
      hardware TEXT NOT NULL,
      sleep_seconds INTEGER NOT NULL,
      paused INTEGER NOT NULL,
      oauth_client_id TEXT NOT NULL UNIQUE,
      oauth_client_secret TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS space_settings (
      repo TEXT NOT NULL REFERENCES repos (oid) ON DELETE CASCADE,
      kind TEXT NOT NULL,
      key TEXT NOT NULL,
      value TEXT NOT NULL,
      description TEXT,
      updated_at INTEGER NOT NULL,
      PRIMARY KEY (repo, kind, key)
    ) STRICT, WITHOUT ROWID;
  `);
}

export function insertSpace(
  hub: HubContext,
  repo: string,
  options: { hardware: string; sleepSeconds?: number | undefined },
): void {
  hub.db
    .prepare("INSERT INTO spaces VALUES (?, NULL, ?, ?, 0, ?, ?)")
    .run(
      repo,
      options.hardware,
      options.sleepSeconds ?? DEFAULT_SLEEP_SECONDS,
      randomUUID(),
      randomBytes(32).toString("hex"),
    );
}

export function readSpace(hub: HubContext, repo: string): SpaceState | null {
  const row = hub.db.prepare("SELECT * FROM spaces WHERE repo = ?").get(repo) as
    | {
        port: number | null;
        hardware: string;
        sleep_seconds: number;
        paused: number;
        oauth_client_id: string;
        oauth_client_secret: string;
      }
    | undefined;
  if (row === undefined) return null;
  return {
    repo,
    port: row.port,
    hardware: row.hardware,
    sleepSeconds: row.sleep_seconds,
    paused: row.paused === 1,
    oauthClientId: row.oauth_client_id,
    oauthClientSecret: row.oauth_client_secret,
  };
}

export function listSpaceRepos(hub: HubContext): string[] {
  return (hub.db.prepare("SELECT repo FROM spaces ORDER BY rowid").all() as { repo: string }[]).map(
    ({ repo }) => repo,
  );
}

export function updateSpace(
  hub: HubContext,
  repo: string,
  change: Partial<Pick<SpaceState, "port" | "hardware" | "sleepSeconds" | "paused">>,
): void {
  const set = (column: string, value: number | string | null) =>
    hub.db.prepare(`UPDATE spaces SET ${column} = ? WHERE repo = ?`).run(value, repo);
  if (change.port !== undefined) set("port", change.port);
  if (change.hardware !== undefined) set("hardware", change.hardware);
  if (change.sleepSeconds !== undefined) set("sleep_seconds", change.sleepSeconds);
  if (change.paused !== undefined) set("paused", change.paused ? 1 : 0);
}
