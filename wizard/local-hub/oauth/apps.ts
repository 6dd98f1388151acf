/** OAuth apps: those of Spaces with `hf_oauth`, registered ones, and the app of `hf auth login`. */
import { randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { HubContext } from "../context.ts";
import { spaceOAuthApp } from "../spaces/oauth-app.ts";

export interface OAuthApp {
  clientId: string;
  /** `null`: a public app, which proves itself by PKCE alone. */
  clientSecret: string | null;
  name: string;
  /** The most this app may ask for; `null` sets no bound. */
  scopes: string[] | null;
  /** Redirects to any URL of this origin are allowed. */
  origin: string | null;
  /** Redirects to exactly these URLs are allowed. */
  redirectUris: string[];
  /** Life of an access token. */
  tokenMinutes: number;
  /** When not empty, only members of one of these organisations pass. */
  authorizedOrgs: string[];
}

const DEFAULT_TOKEN_MINUTES = 480;
/** The app of Python's `hf auth login`, which uses the device flow. */
const CLI_APP: OAuthApp = {
  clientId: "26be6b09-91c5-47da-9861-d2d2bb7a7e36",
  clientSecret: null,
  name: "Hugging Face CLI",
  scopes: null,
  origin: null,
  redirectUris: [],
  tokenMinutes: 30 * 24 * 60,
  authorizedOrgs: [],
};

export interface OAuthApps {
  find(clientId: string): OAuthApp | null;
  register(app: { name: string; redirectUris: string[]; isPublic: boolean }): OAuthApp;
}

export function openOAuthApps(hub: HubContext): OAuthApps {
  hub.db.exec(
    "CREATE TABLE IF NOT EXISTS oauth_apps (client_id TEXT PRIMARY KEY, app TEXT NOT NULL) STRICT, WITHOUT ROWID",
  );
  const select = hub.db.prepare("SELECT app FROM oauth_apps WHERE client_id = ?");
  const insert = hub.db.prepare("INSERT INTO oauth_apps VALUES (?, ?)");
  return {
    find(clientId) {
      if (clientId === CLI_APP.clientId) return CLI_APP;
      const registered = select.get(clientId) as { app: string } | undefined;
      if (registered) return JSON.parse(registered.app) as OAuthApp;
      return appOfSpace(hub, clientId);
    },
    register({ name, redirectUris, isPublic }) {
      const app: OAuthApp = {
        clientId: randomUUID(),
        clientSecret: isPublic ? null : `oauth_app_secret_${randomBytes(16).toString("hex")}`,
        name,
        scopes: null,
        origin: null,
        redirectUris,
        tokenMinutes: DEFAULT_TOKEN_MINUTES,
        authorizedOrgs: [],
      };
      insert.run(app.clientId, JSON.stringify(app));
      return app;
    },
  };
}

export function isSecretOf(app: OAuthApp, secret: string): boolean {
  const expected = Buffer.from(app.clientSecret ?? "");
  const given = Buffer.from(secret);
  return expected.length > 0 && expected.length === given.length && timingSafeEqual(expected, given);
}

/**
 * May the answer go to `uri`? A Space's app takes any URL of the Space; a registered URL must match exactly,
 * but for the port of a loopback address over http (hub-wire.md 7).
 */
export function mayRedirect(app: OAuthApp, uri: string): boolean {
  const url = URL.parse(uri);
  if (url === null || url.hash !== "" || !/^https?:$/.test(url.protocol)) return false;
  if (app.origin !== null && loopbackName(url) === loopbackName(new URL(app.origin))) return true;
  return app.redirectUris.some(
    (registered) => registered === uri || withoutPort(registered) === withoutPort(uri),
  );
}

/** Both names of this machine count as one host: a person may have opened the Space under either. */
function loopbackName(url: URL): string {
  return url.origin.replace("//127.0.0.1:", "//localhost:");
}

/** A loopback URL without its port; any other as it is. */
function withoutPort(uri: string): string {
  const url = new URL(uri);
  const isLoopback = url.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (!isLoopback) return uri;
  url.port = "";
  return url.href;
}

function appOfSpace(hub: HubContext, clientId: string): OAuthApp | null {
  const space = spaceOAuthApp(hub, clientId);
  if (!space) return null;
  return {
    clientId,
    clientSecret: space.clientSecret,
    name: space.space,
    scopes: [...new Set(["openid", "profile", ...space.scopes])],
    origin: space.origin,
    redirectUris: [],
    tokenMinutes: space.tokenMinutes,
    authorizedOrgs: space.authorizedOrgs,
  };
}
