/** Sign in with HF: OpenID Connect for Spaces and tools (hub-wire.md 7). */
import { z } from "zod";
import { bearerToken } from "../accounts/accounts.ts";
import type { AccountStore } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { requestOrigin } from "../origin.ts";
import type { HubHandler, HubRouter } from "../router.ts";
import { openOAuthApps } from "./apps.ts";
import { authorizeRoutes } from "./authorize-routes.ts";
import { userClaims } from "./claims.ts";
import { deviceRoutes } from "./device-routes.ts";
import { oauthError } from "./errors.ts";
import { openGrants } from "./grants.ts";
import { PendingCodes, PendingDevices } from "./pending.ts";
import { SCOPE_NAMES } from "./scopes.ts";
import { openSigner } from "./signing.ts";
import { GRANT_TYPES, tokenRoutes } from "./token-routes.ts";

const registration = z.object({
  redirect_uris: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .max(20),
  client_name: z.string().min(1).max(100).default("An OAuth app"),
  token_endpoint_auth_method: z
    .enum(["none", "client_secret_basic", "client_secret_post"])
    .default("client_secret_basic"),
});

export function oauthRoutes(router: HubRouter, hub: HubContext, store: AccountStore): void {
  const apps = openOAuthApps(hub);
  const grants = openGrants(hub, store, apps);
  const signer = openSigner(hub.db);
  const codes = new PendingCodes();
  const devices = new PendingDevices();

  router.add(
    { method: "GET", path: "/.well-known/openid-configuration", about: "OAuth: where everything is" },
    (c) => {
      const origin = requestOrigin(c);
      return c.json({
        issuer: origin,
        authorization_endpoint: `${origin}/oauth/authorize`,
        token_endpoint: `${origin}/oauth/token`,
        userinfo_endpoint: `${origin}/oauth/userinfo`,
        jwks_uri: `${origin}/oauth/jwks`,
        device_authorization_endpoint: `${origin}/oauth/device`,
        registration_endpoint: `${origin}/oauth/register`,
        scopes_supported: SCOPE_NAMES,
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: GRANT_TYPES,
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
        claims_supported: [
          "sub",
          "name",
          "preferred_username",
          "profile",
          "picture",
          "email",
          "isPro",
          "orgs",
        ],
      });
    },
  );
  router.add(
    { method: "GET", path: "/oauth/jwks", about: "OAuth: the key that signs id tokens" },
    async (c) => c.json(await signer.jwks()),
  );

  authorizeRoutes(router, { hub, store, apps, codes });
  deviceRoutes(router, { hub, store, apps, devices });
  tokenRoutes(router, { hub, store, apps, grants, codes, devices, signer });

  const userinfo: HubHandler = (c) => {
    const authorization = c.req.header("authorization");
    if (!hub.accounts.authenticate(authorization))
      throw oauthError("invalid_token", "A token is needed", 401);
    const grant = grants.ofAccessToken(bearerToken(authorization) ?? "");
    if (!grant) throw oauthError("invalid_token", "This is no OAuth token", 403);
    return c.json(userClaims(store, grant, requestOrigin(c)));
  };
  router.add({ method: "GET", path: "/oauth/userinfo", about: "OAuth: who has signed in" }, userinfo);
  router.add({ method: "POST", path: "/oauth/userinfo", about: "OAuth: who has signed in" }, userinfo);

  router.add(
    { method: "POST", path: "/oauth/register", about: "OAuth: registers an app (RFC 7591)" },
    async (c) => {
      const body = registration.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success) throw oauthError("invalid_client_metadata", z.prettifyError(body.error));
      const {
        client_name: name,
        redirect_uris: redirectUris,
        token_endpoint_auth_method: method,
      } = body.data;
      const app = apps.register({ name, redirectUris, isPublic: method === "none" });
      return c.json(
        {
          client_id: app.clientId,
          ...(app.clientSecret !== null && { client_secret: app.clientSecret, client_secret_expires_at: 0 }),
          client_name: name,
          redirect_uris: redirectUris,
          token_endpoint_auth_method: method,
          grant_types: ["authorization_code", "refresh_token"],
          response_types: ["code"],
        },
        201,
      );
    },
  );
}
