/** The parameters of `/oauth/authorize`, checked: by us where they could mislead, by redirect where the app can tell. */
import { HubHttpError } from "../errors.ts";
import { mayRedirect, type OAuthApp, type OAuthApps } from "./apps.ts";
import { parseScopes, SCOPES } from "./scopes.ts";

export interface AuthorizeRequest {
  app: OAuthApp;
  redirectUri: string;
  scopes: string[];
  state: string | null;
  nonce: string | null;
  codeChallenge: string | null;
  /** Ids of organisations that the app asks to act in. */
  orgIds: string[];
}

/** The app made a mistake that it is told about by a redirect. */
export interface AuthorizeRefusal {
  redirect: string;
}

/**
 * Throws 400 when it is not certain where the answer may go: an answer to a wrong address would hand the
 * code to a stranger.
 */
export function readAuthorizeRequest(
  query: URLSearchParams,
  apps: OAuthApps,
): AuthorizeRequest | AuthorizeRefusal {
  const clientId = query.get("client_id");
  const app = clientId === null ? null : apps.find(clientId);
  if (!app)
    throw new HubHttpError(400, `There is no OAuth app with the client_id ${clientId ?? "(missing)"}`);
  const redirectUri = query.get("redirect_uri") ?? "";
  if (!mayRedirect(app, redirectUri)) {
    throw new HubHttpError(
      400,
      `The app ${app.name} may not redirect to ${redirectUri || "(missing redirect_uri)"}`,
    );
  }
  const state = query.get("state");
  const refuse = (error: string, description: string): AuthorizeRefusal => ({
    redirect: withParameters(redirectUri, { error, error_description: description, state }),
  });

  if (query.get("response_type") !== "code")
    return refuse("unsupported_response_type", "response_type must be code");
  const scopes = parseScopes(query.get("scope") ?? "openid profile");
  const unknown = scopes.find((scope) => !Object.hasOwn(SCOPES, scope));
  if (unknown !== undefined) return refuse("invalid_scope", `There is no scope ${unknown}`);
  const tooMuch = scopes.find((scope) => app.scopes !== null && !app.scopes.includes(scope));
  if (tooMuch !== undefined)
    return refuse("invalid_scope", `The app ${app.name} does not have the scope ${tooMuch}`);
  const codeChallenge = query.get("code_challenge");
  if (codeChallenge !== null && query.get("code_challenge_method") !== "S256") {
    return refuse("invalid_request", "code_challenge_method must be S256");
  }
  if (codeChallenge === null && app.clientSecret === null) {
    return refuse("invalid_request", "An app without a secret must send a code_challenge");
  }
  if (query.get("prompt") === "none") return refuse("interaction_required", "Somebody has to approve");
  const orgIds = query.getAll("orgIds").flatMap((ids) => ids.split(","));
  return { app, redirectUri, scopes, state, nonce: query.get("nonce"), codeChallenge, orgIds };
}

/** `uri` with these parameters added; those that are `null` left out. */
export function withParameters(uri: string, parameters: Record<string, string | null>): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return url.href;
}
