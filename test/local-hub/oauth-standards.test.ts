/** The provider as a client sees it that knows the standards and nothing of Hugging Face. */
import * as client from "openid-client";
import { expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

const REDIRECT = "http://127.0.0.1:5000/callback";

/** Everything it learns comes from discovery; id tokens are checked against the published key. */
async function discover(hub: LocalHub, authMethod: string): Promise<client.Configuration> {
  const config = await client.dynamicClientRegistration(
    new URL(hub.url),
    { redirect_uris: [REDIRECT], client_name: "A standard app", token_endpoint_auth_method: authMethod },
    undefined,
    { execute: [client.allowInsecureRequests] },
  );
  client.enableNonRepudiationChecks(config);
  return config;
}

/** A person says yes; returns the URL the browser is sent to. */
async function approve(hub: LocalHub, path: string, fields: Record<string, string>): Promise<URL> {
  const response = await call(hub, path, {
    method: "POST",
    body: new URLSearchParams({ decision: "approve", user: "ada", ...fields }),
    redirect: "manual",
  });
  return new URL(response.headers.get("location") ?? hub.url);
}

it.each(["none", "client_secret_basic", "client_secret_post"])(
  "a client that authenticates by %s signs in, asks who it is, and renews its token",
  async (authMethod) => {
    await using hub = await startLocalHub();
    const config = await discover(hub, authMethod);
    const verifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT,
      scope: "openid profile email",
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    const redirect = await approve(hub, "/oauth/authorize", { request: url.search.slice(1) });
    const tokens = await client.authorizationCodeGrant(config, redirect, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    expect(claims).toMatchObject({ iss: hub.url, preferred_username: "ada", email: "ada@local.example" });
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? "");
    expect(userinfo).toMatchObject({ preferred_username: "ada" });
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? "");
    expect(renewed.access_token).not.toBe(tokens.access_token);
    expect(renewed.claims()?.sub).toBe(claims?.sub);
  },
);

it("a client without a browser signs in by device code", async () => {
  await using hub = await startLocalHub();
  const config = await discover(hub, "none");
  const device = await client.initiateDeviceAuthorization(config, { scope: "openid profile" });
  await approve(hub, "/oauth/device/approve", { user_code: device.user_code });
  const tokens = await client.pollDeviceAuthorizationGrant(config, device);
  expect(tokens.claims()).toMatchObject({ preferred_username: "ada" });
});

it("a client is told of a no by the standard error", async () => {
  await using hub = await startLocalHub();
  const config = await discover(hub, "none");
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
    code_challenge_method: "S256",
  });
  const redirect = await approve(hub, "/oauth/authorize", { request: url.search.slice(1), decision: "deny" });
  await expect(client.authorizationCodeGrant(config, redirect)).rejects.toMatchObject({
    error: "access_denied",
  });
});
