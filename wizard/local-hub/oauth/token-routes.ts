/** `POST /oauth/token`: codes, refresh tokens and device codes become access tokens. */
import { createHash } from "node:crypto";
import type { AccountStore } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { requestOrigin } from "../origin.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { isSecretOf, type OAuthApp, type OAuthApps } from "./apps.ts";
import { userClaims } from "./claims.ts";
import { clientCredentials } from "./client-credentials.ts";
import { oauthError } from "./errors.ts";
import type { Grant, Grants, IssuedTokens } from "./grants.ts";
import { DEVICE_INTERVAL_SECONDS, type PendingCodes, type PendingDevices } from "./pending.ts";
import type { Signer } from "./signing.ts";

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
export const GRANT_TYPES = ["authorization_code", "refresh_token", DEVICE_GRANT] as const;

/** Two polls may come this much closer than agreed: the network is not a clock. */
const POLL_SLACK_MS = 250;

export interface TokenParts {
  hub: HubContext;
  store: AccountStore;
  apps: OAuthApps;
  grants: Grants;
  codes: PendingCodes;
  devices: PendingDevices;
  signer: Signer;
}

export function tokenRoutes(router: HubRouter, parts: TokenParts): void {
  router.add(
    { method: "POST", path: "/oauth/token", about: "OAuth: code, refresh token or device code for a token" },
    async (c) => {
      const form = await c.req.formData().catch(() => new FormData());
      const field = (name: string) => {
        const value = form.get(name);
        return typeof value === "string" ? value : null;
      };
      const app = authenticateClient(c, field, parts.apps);
      switch (field("grant_type")) {
        case "authorization_code":
          return answer(c, parts, exchangeCode(parts, field, app));
        case "refresh_token":
          return answer(c, parts, refresh(parts, field, app));
        case DEVICE_GRANT:
          return answer(c, parts, exchangeDeviceCode(parts, field, app));
        default:
          throw oauthError("unsupported_grant_type", `grant_type must be one of ${GRANT_TYPES.join(", ")}`);
      }
    },
  );
}

type Field = (name: string) => string | null;

interface Exchange {
  grant: Grant;
  tokens: IssuedTokens;
  nonce: string | null;
}

/**
 * The app that asks. `null` when it does not say who it is, as browsers do that have only a code and its
 * verifier. Whoever sends a secret must send the right one.
 */
function authenticateClient(
  c: HubRequest,
  field: Field,
  apps: OAuthApps,
): { app: OAuthApp; proven: boolean } | null {
  const { clientId, secret } = clientCredentials(c.req.header("authorization"), field);
  if (clientId === null) return null;
  const app = apps.find(clientId);
  if (!app) throw oauthError("invalid_client", "There is no such client_id", 401);
  if (secret !== null && !isSecretOf(app, secret))
    throw oauthError("invalid_client", "Wrong client secret", 401);
  return { app, proven: secret !== null };
}

function exchangeCode(
  { hub, apps, grants, codes }: TokenParts,
  field: Field,
  client: { app: OAuthApp; proven: boolean } | null,
): Exchange {
  const pending = codes.find(field("code") ?? "", hub.now());
  if (!pending) throw oauthError("invalid_grant", "The code is unknown or has expired");
  if (pending.tokens) {
    grants.revoke(pending.tokens);
    throw oauthError("invalid_grant", "The code was used before; the tokens it gave are revoked");
  }
  const { grant, redirectUri, codeChallenge, nonce } = pending;
  const app = apps.find(grant.clientId);
  if (!app || (client && client.app.clientId !== grant.clientId)) {
    throw oauthError("invalid_grant", "The code was given to another app");
  }
  if (field("redirect_uri") !== redirectUri)
    throw oauthError("invalid_grant", "redirect_uri is not that of the code");
  if (codeChallenge === null) {
    if (!client?.proven) throw oauthError("invalid_client", "Without PKCE the client secret is needed", 401);
  } else if (!provesChallenge(field("code_verifier"), codeChallenge)) {
    throw oauthError("invalid_grant", "code_verifier does not fit the code_challenge");
  }
  const tokens = grants.issue(app, grant);
  pending.tokens = tokens;
  return { grant, tokens, nonce };
}

function provesChallenge(verifier: string | null, challenge: string): boolean {
  return verifier !== null && createHash("sha256").update(verifier).digest("base64url") === challenge;
}

function refresh({ grants }: TokenParts, field: Field, client: { app: OAuthApp } | null): Exchange {
  const refreshed = grants.refresh(field("refresh_token") ?? "", client?.app.clientId ?? null);
  if (!refreshed) throw oauthError("invalid_grant", "The refresh token is unknown, used or expired");
  return { ...refreshed, nonce: null };
}

function exchangeDeviceCode(
  { hub, apps, grants, devices }: TokenParts,
  field: Field,
  client: { app: OAuthApp } | null,
): Exchange {
  const deviceCode = field("device_code") ?? "";
  const device = devices.find(deviceCode);
  const app = device && apps.find(device.clientId);
  if (!device || !app) throw oauthError("invalid_grant", "The device code is unknown");
  if (client && client.app.clientId !== device.clientId) {
    throw oauthError("invalid_grant", "The device code was given to another app");
  }
  if (device.expiresAt <= hub.now()) throw oauthError("expired_token", "The device code has expired");
  if (device.outcome === "denied") throw oauthError("access_denied", "The user said no");
  if (device.outcome === "waiting") {
    const { polledAt } = device;
    device.polledAt = hub.now();
    const tooSoon =
      polledAt !== null && hub.now() - polledAt < DEVICE_INTERVAL_SECONDS * 1_000 - POLL_SLACK_MS;
    throw tooSoon
      ? oauthError("slow_down", `Ask every ${DEVICE_INTERVAL_SECONDS} s`)
      : oauthError("authorization_pending", "Nobody has approved yet");
  }
  devices.remove(deviceCode);
  return { grant: device.outcome, tokens: grants.issue(app, device.outcome), nonce: null };
}

async function answer(
  c: HubRequest,
  { hub, store, signer }: TokenParts,
  exchange: Exchange,
): Promise<Response> {
  const { grant, tokens, nonce } = exchange;
  const issuedAt = Math.floor(hub.now() / 1000);
  const claims = {
    ...userClaims(store, grant, requestOrigin(c)),
    iss: requestOrigin(c),
    aud: grant.clientId,
    iat: issuedAt,
    exp: issuedAt + 3_600,
    ...(nonce !== null && { nonce }),
  };
  c.header("Cache-Control", "no-store");
  return c.json({
    access_token: tokens.accessToken,
    token_type: "bearer",
    expires_in: tokens.expiresInSeconds,
    refresh_token: tokens.refreshToken,
    scope: grant.scopes.join(" "),
    ...(grant.scopes.includes("openid") && { id_token: await signer.sign(claims) }),
  });
}
