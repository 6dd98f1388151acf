/** OAuth apps: those of Spaces with `hf_oauth`, registered ones, and the app of `hf auth login`. */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { OAuthApps, SpaceOAuthSettings } from "../context.ts";

export interface OAuthApp {
  clientId: string;
  name: string;
  /** The most this app may ask for; `null` sets no bound. */
  scopes: string[] | null;
  /** Redirects to any URL of these origins are allowed. */
  origins: string[];
  /** Redirects to exactly these URLs are allowed. */
  redirectUris: string[];
  /** Life of an access token. */
  expirationMinutes: number;
  /** When set, only members of one of these organisations pass. */
  authorizedOrgs: string[] | null;
}

export const DEFAULT_EXPIRATION_MINUTES = 480;
/** The client id that Python's `hf auth login` uses for the device flow. */
const CLI_CLIENT_ID = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

const TABLES = `
  CREATE TABLE IF NOT EXISTS oauth_apps (
    client_id TEXT PRIMARY KEY, space_id TEXT UNIQUE, settings TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS oauth_keys (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

export class OAuthAppStore implements OAuthApps {
  readonly #db: DatabaseSync;
  readonly #secretKey: string;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(TABLES);
    this.#secretKey = this.keyMaterial("client_secrets", () => randomBytes(32).toString("hex"));
    this.#save(
      {
        clientId: CLI_CLIENT_ID,
        name: "Hugging Face CLI",
        scopes: null,
        origins: [],
        redirectUris: [],
        expirationMinutes: 30 * 24 * 60,
        authorizedOrgs: null,
      },
      null,
    );
  }

  appOfSpace(spaceId: string, settings: SpaceOAuthSettings): { clientId: string; clientSecret: string } {
    const found = this.#db.prepare("SELECT client_id FROM oauth_apps WHERE space_id = ?").get(spaceId);
    const clientId = (found as { client_id: string } | undefined)?.client_id ?? randomUUID();
    this.#save(
      {
        clientId,
        name: spaceId,
        scopes: [...new Set(["openid", "profile", ...settings.scopes])],
        origins: settings.origins.map((origin) => new URL(origin).origin),
        redirectUris: [],
        expirationMinutes: settings.expirationMinutes ?? DEFAULT_EXPIRATION_MINUTES,
        authorizedOrgs: settings.authorizedOrgs?.length ? [...settings.authorizedOrgs] : null,
      },
      spaceId,
    );
    return { clientId, clientSecret: this.secretOf(clientId) };
  }

  /** An app of somebody's own, as the registration endpoint makes them. */
  register(app: { name: string; redirectUris: string[]; scopes: string[] | null }): OAuthApp {
    const made: OAuthApp = {
      ...app,
      clientId: randomUUID(),
      origins: [],
      expirationMinutes: DEFAULT_EXPIRATION_MINUTES,
      authorizedOrgs: null,
    };
    this.#save(made, null);
    return made;
  }

  find(clientId: string): OAuthApp | null {
    const row = this.#db.prepare("SELECT settings FROM oauth_apps WHERE client_id = ?").get(clientId);
    return row ? (JSON.parse((row as { settings: string }).settings) as OAuthApp) : null;
  }

  /** Computed, not stored: no secret lies in the database, and it is the same at every start. */
  secretOf(clientId: string): string {
    return createHmac("sha256", this.#secretKey).update(clientId).digest("hex");
  }

  isSecretOf(clientId: string, secret: string): boolean {
    const expected = Buffer.from(this.secretOf(clientId));
    const given = Buffer.from(secret);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  /** A value made once per data folder. */
  keyMaterial(key: string, make: () => string): string {
    const read = this.#db.prepare("SELECT value FROM oauth_keys WHERE key = ?");
    const row = read.get(key) as { value: string } | undefined;
    if (row) return row.value;
    const value = make();
    this.#db.prepare("INSERT INTO oauth_keys VALUES (?, ?)").run(key, value);
    return value;
  }

  #save(app: OAuthApp, spaceId: string | null): void {
    this.#db
      .prepare(
        `INSERT INTO oauth_apps VALUES (?, ?, ?)
         ON CONFLICT (client_id) DO UPDATE SET settings = excluded.settings`,
      )
      .run(app.clientId, spaceId, JSON.stringify(app));
  }
}
