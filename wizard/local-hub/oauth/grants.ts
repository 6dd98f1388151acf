/** What a user has granted an app, and the tokens that stand for it. */
import { randomBytes } from "node:crypto";
import { type AccountStore, hashToken } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import type { OAuthApp, OAuthApps } from "./apps.ts";
import { permissionsOf } from "./scopes.ts";

export interface Grant {
  clientId: string;
  user: string;
  scopes: string[];
  /** Organisations that the app may act in. */
  orgs: string[];
}

export interface IssuedTokens {
  accessToken: string;
  refreshToken: string;
  expiresInSeconds: number;
}

const REFRESH_TOKEN_MS = 90 * 24 * 60 * 60 * 1000;

export type Grants = ReturnType<typeof openGrants>;

/** Access tokens are accounts' tokens of the kind `oauth`; beside them lies what was granted, as hashes too. */
export function openGrants(hub: HubContext, accounts: AccountStore, apps: OAuthApps) {
  hub.db.exec(`
    CREATE TABLE IF NOT EXISTS oauth_access (
      hash TEXT PRIMARY KEY REFERENCES tokens(hash) ON DELETE CASCADE, details TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS oauth_refresh (
      hash TEXT PRIMARY KEY, details TEXT NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `);
  const sql = {
    addAccess: hub.db.prepare("INSERT INTO oauth_access VALUES (?, ?)"),
    access: hub.db.prepare("SELECT details FROM oauth_access WHERE hash = ?"),
    addRefresh: hub.db.prepare("INSERT INTO oauth_refresh VALUES (?, ?, ?)"),
    takeRefresh: hub.db.prepare("DELETE FROM oauth_refresh WHERE hash = ? RETURNING details, expires_at"),
  };

  function issue(app: OAuthApp, grant: Grant): IssuedTokens {
    const accessToken = `hf_oauth_${randomBytes(24).toString("hex")}`;
    const refreshToken = `hf_refresh_${randomBytes(24).toString("hex")}`;
    const now = hub.now();
    accounts.addToken(accessToken, {
      user: grant.user,
      displayName: app.name,
      role: "fineGrained",
      kind: "oauth",
      scopes: permissionsOf(grant.user, grant.orgs, grant.scopes),
      createdAt: now,
      expiresAt: now + app.tokenMinutes * 60_000,
    });
    const details = JSON.stringify(grant);
    sql.addAccess.run(hashToken(accessToken), details);
    sql.addRefresh.run(hashToken(refreshToken), details, now + REFRESH_TOKEN_MS);
    return { accessToken, refreshToken, expiresInSeconds: app.tokenMinutes * 60 };
  }

  return {
    issue,
    /** New tokens for a refresh token, which is used up. `null` when it is unknown, expired or of another app. */
    refresh(refreshToken: string, clientId: string | null): { grant: Grant; tokens: IssuedTokens } | null {
      const row = sql.takeRefresh.get(hashToken(refreshToken)) as
        | { details: string; expires_at: number }
        | undefined;
      if (!row || row.expires_at <= hub.now()) return null;
      const grant = JSON.parse(row.details) as Grant;
      const app = apps.find(grant.clientId);
      if (!app || (clientId !== null && clientId !== grant.clientId)) return null;
      return { grant, tokens: issue(app, grant) };
    },
    /** What the holder of an OAuth access token was granted; `null` for any other token. */
    ofAccessToken(token: string): Grant | null {
      const row = sql.access.get(hashToken(token)) as { details: string } | undefined;
      return row ? (JSON.parse(row.details) as Grant) : null;
    },
    revoke({ accessToken, refreshToken }: IssuedTokens): void {
      accounts.removeToken(accessToken);
      sql.takeRefresh.get(hashToken(refreshToken));
    },
  };
}
