/** Users, organisations, members and tokens in the hub's database. Tokens are kept as SHA-256 only. */
import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { OrgRole } from "../context.ts";

export interface User {
  name: string;
  /** 24 hex characters, derived from the name so that the same seed gives the same ids. */
  id: string;
  fullname: string;
  email: string;
  isPro: boolean;
  createdAt: number;
}

/** Plans of an organisation; `null` is the free one, which has no role API. */
export const ORG_PLANS = ["team", "enterprise", "plus", "academia"] as const;
export type OrgPlan = (typeof ORG_PLANS)[number];

export interface Org {
  name: string;
  id: string;
  fullname: string;
  plan: OrgPlan | null;
  createdAt: number;
}

export interface Member {
  org: string;
  user: string;
  role: OrgRole;
}

/** Permissions by entity (`user/ada`, `org/demo`, `bucket/demo/board`). */
export type Scopes = Record<string, string[]>;

export interface StoredToken {
  user: string;
  displayName: string;
  role: "read" | "write" | "fineGrained";
  kind: "access_token" | "oauth";
  scopes: Scopes | null;
  createdAt: number;
  /** Milliseconds since the epoch; `null` never expires. */
  expiresAt: number | null;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, fullname TEXT NOT NULL, email TEXT NOT NULL,
    is_pro INTEGER NOT NULL, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS orgs (
    name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, fullname TEXT NOT NULL, plan TEXT, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS members (
    org TEXT NOT NULL REFERENCES orgs(name) ON DELETE CASCADE,
    user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
    role TEXT NOT NULL, PRIMARY KEY (org, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS members_by_user ON members (user);
  CREATE TABLE IF NOT EXISTS tokens (
    hash TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
    display_name TEXT NOT NULL, role TEXT NOT NULL, kind TEXT NOT NULL, scopes TEXT,
    created_at INTEGER NOT NULL, expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
`;

type UserRow = {
  name: string;
  id: string;
  fullname: string;
  email: string;
  is_pro: number;
  created_at: number;
};
type OrgRow = { name: string; id: string; fullname: string; plan: string | null; created_at: number };
type TokenRow = {
  user: string;
  display_name: string;
  role: string;
  kind: string;
  scopes: string | null;
  created_at: number;
  expires_at: number | null;
};

export type AccountStore = ReturnType<typeof makeAccountStore>;

const stores = new WeakMap<DatabaseSync, AccountStore>();

/** The accounts of a database; the same object each time. */
export function openAccountStore(db: DatabaseSync): AccountStore {
  let store = stores.get(db);
  if (!store) {
    store = makeAccountStore(db);
    stores.set(db, store);
  }
  return store;
}

function makeAccountStore(db: DatabaseSync) {
  db.exec(TABLES);
  const sql = {
    addUser: db.prepare("INSERT OR IGNORE INTO users VALUES (?, ?, ?, ?, ?, ?)"),
    addOrg: db.prepare("INSERT OR IGNORE INTO orgs VALUES (?, ?, ?, ?, ?)"),
    addMember: db.prepare("INSERT OR IGNORE INTO members VALUES (?, ?, ?)"),
    setRole: db.prepare("UPDATE members SET role = ? WHERE org = ? AND user = ?"),
    addToken: db.prepare("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    removeToken: db.prepare("DELETE FROM tokens WHERE hash = ?"),
    user: db.prepare("SELECT * FROM users WHERE name = ?"),
    users: db.prepare("SELECT * FROM users ORDER BY name"),
    org: db.prepare("SELECT * FROM orgs WHERE name = ?"),
    orgs: db.prepare("SELECT * FROM orgs ORDER BY name"),
    role: db.prepare("SELECT role FROM members WHERE org = ? AND user = ?"),
    membersOf: db.prepare("SELECT org, user, role FROM members WHERE org = ? ORDER BY user"),
    orgsOf: db.prepare("SELECT org, user, role FROM members WHERE user = ? ORDER BY org"),
    token: db.prepare("SELECT * FROM tokens WHERE hash = ?"),
    tokens: db.prepare("SELECT * FROM tokens ORDER BY user, created_at, hash"),
  };

  return {
    /** Does nothing when the name is taken. */
    addUser(user: Omit<User, "id">): void {
      const { name, fullname, email, isPro, createdAt } = user;
      sql.addUser.run(name, localId(`user/${name}`), fullname, email, isPro ? 1 : 0, createdAt);
    },
    /** Does nothing when the name is taken. */
    addOrg(org: Omit<Org, "id">): void {
      sql.addOrg.run(org.name, localId(`org/${org.name}`), org.fullname, org.plan, org.createdAt);
    },
    /** Keeps the role of somebody who is a member already. */
    addMember({ org, user, role }: Member): void {
      sql.addMember.run(org, user, role);
    },
    setRole({ org, user, role }: Member): void {
      sql.setRole.run(role, org, user);
    },
    addToken(token: string, stored: StoredToken): void {
      const scopes = stored.scopes && JSON.stringify(stored.scopes);
      const { user, displayName, role, kind, createdAt, expiresAt } = stored;
      sql.addToken.run(hashToken(token), user, displayName, role, kind, scopes, createdAt, expiresAt);
    },
    /** True when there was such a token. */
    removeToken(token: string): boolean {
      return sql.removeToken.run(hashToken(token)).changes > 0;
    },
    findToken(token: string): StoredToken | null {
      const row = sql.token.get(hashToken(token)) as TokenRow | undefined;
      return row ? toToken(row) : null;
    },
    listTokens: (): StoredToken[] => (sql.tokens.all() as TokenRow[]).map(toToken),
    findUser(name: string): User | null {
      const row = sql.user.get(name) as UserRow | undefined;
      return row ? toUser(row) : null;
    },
    listUsers: (): User[] => (sql.users.all() as UserRow[]).map(toUser),
    findOrg(name: string): Org | null {
      const row = sql.org.get(name) as OrgRow | undefined;
      return row ? toOrg(row) : null;
    },
    listOrgs: (): Org[] => (sql.orgs.all() as OrgRow[]).map(toOrg),
    roleIn(user: string, org: string): OrgRole | null {
      return (sql.role.get(org, user) as { role: OrgRole } | undefined)?.role ?? null;
    },
    membersOf: (org: string): Member[] => sql.membersOf.all(org) as unknown as Member[],
    membershipsOf: (user: string): Member[] => sql.orgsOf.all(user) as unknown as Member[],
  };
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** An object id of 24 hex characters for `user/ada`, `org/demo` and the like; the same at every seed. */
export function localId(entity: string): string {
  return createHash("sha256").update(entity).digest("hex").slice(0, 24);
}

function toUser(row: UserRow): User {
  const { name, id, fullname, email } = row;
  return { name, id, fullname, email, isPro: row.is_pro === 1, createdAt: row.created_at };
}

function toOrg(row: OrgRow): Org {
  const { name, id, fullname } = row;
  return { name, id, fullname, plan: row.plan as OrgPlan | null, createdAt: row.created_at };
}

function toToken(row: TokenRow): StoredToken {
  return {
    user: row.user,
    displayName: row.display_name,
    role: row.role as StoredToken["role"],
    kind: row.kind as StoredToken["kind"],
    scopes: row.scopes === null ? null : (JSON.parse(row.scopes) as Scopes),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
