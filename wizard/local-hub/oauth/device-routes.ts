/** Sign-in without a browser on the same machine: `hf auth login` (hub-wire.md 2.2, RFC 8628). */
import { html } from "hono/html";
import type { AccountStore } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { badRequest } from "../errors.ts";
import { absoluteUrl } from "../origin.ts";
import { sendPage } from "../page.ts";
import type { HubRouter } from "../router.ts";
import type { OAuthApps } from "./apps.ts";
import { consentPage, isAuthorized } from "./consent.ts";
import { oauthError } from "./errors.ts";
import { DEVICE_CODE_SECONDS, DEVICE_INTERVAL_SECONDS, type PendingDevices } from "./pending.ts";
import { parseScopes, SCOPES } from "./scopes.ts";

const PATH = "/oauth/device";
const APPROVE_PATH = "/oauth/device/approve";
/** What a login without a scope asks for: enough to work as the user, as the tool's own login does. */
const DEFAULT_SCOPES = ["openid", "profile", "email", "read-memberships", "manage-repos", "jobs"];

export function deviceRoutes(
  router: HubRouter,
  {
    hub,
    store,
    apps,
    devices,
  }: { hub: HubContext; store: AccountStore; apps: OAuthApps; devices: PendingDevices },
): void {
  router.add({ method: "POST", path: PATH, about: "OAuth: begins a device login" }, async (c) => {
    const form = await c.req.formData().catch(() => new FormData());
    const app = apps.find(String(form.get("client_id") ?? ""));
    if (!app) throw oauthError("invalid_client", "There is no such client_id", 401);
    const asked = form.get("scope");
    const scopes = typeof asked === "string" ? parseScopes(asked) : DEFAULT_SCOPES;
    const wrong = scopes.find(
      (scope) => !Object.hasOwn(SCOPES, scope) || app.scopes?.includes(scope) === false,
    );
    if (wrong !== undefined) throw oauthError("invalid_scope", `The scope ${wrong} cannot be asked for`);
    const { deviceCode, userCode } = devices.add(app.clientId, scopes, hub.now());
    return c.json({
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: absoluteUrl(c, PATH),
      verification_uri_complete: absoluteUrl(c, `${PATH}?user_code=${userCode}`),
      interval: DEVICE_INTERVAL_SECONDS,
      expires_in: DEVICE_CODE_SECONDS,
    });
  });

  router.add(
    { method: "GET", path: PATH, about: "OAuth: enter the code of a device login and approve" },
    (c) => {
      const userCode = c.req.query("user_code");
      const device = userCode === undefined ? null : devices.findByUserCode(userCode, hub.now());
      const app = device && apps.find(device.clientId);
      if (!device || !app) {
        const problem =
          userCode === undefined ? "" : html`<p>There is no login waiting with the code ${userCode}.</p>`;
        const body = html`<main><h1>Sign in on another device</h1>${problem}
<form method="get" action="${PATH}"><label>Code shown there <input name="user_code" autocomplete="off" required></label>
<p><button class="main">Go on</button></p></form></main>`;
        return sendPage(c, { title: "Sign in", body, status: userCode === undefined ? 200 : 404 });
      }
      const body = consentPage(store, {
        appName: app.name,
        scopes: device.scopes,
        action: APPROVE_PATH,
        hidden: { user_code: device.userCode },
        isAsked: () => true,
        authorizedOrgs: app.authorizedOrgs,
      });
      return sendPage(c, { title: "Sign in", body });
    },
  );

  router.add(
    { method: "POST", path: APPROVE_PATH, about: "OAuth: the answer to a device login" },
    async (c) => {
      const form = await c.req.formData().catch(() => new FormData());
      const device = devices.findByUserCode(String(form.get("user_code") ?? ""), hub.now());
      const app = device && apps.find(device.clientId);
      if (!device || !app) throw badRequest("There is no login waiting with this code");
      const say = (title: string, text: string) =>
        sendPage(c, { title, body: html`<main><h1>${title}</h1><p>${text}</p></main>` });
      if (form.get("decision") !== "approve") {
        device.outcome = "denied";
        return say("Not signed in", "The other device is told so. You can close this page.");
      }
      const user = String(form.get("user") ?? "");
      if (!store.findUser(user)) throw badRequest(`There is no user ${user}`);
      const memberOf = store.membershipsOf(user).map(({ org }) => org);
      if (!isAuthorized(app.authorizedOrgs, memberOf))
        throw badRequest(`${user} may not sign in to ${app.name}`);
      const orgs = form
        .getAll("org")
        .map(String)
        .filter((org) => memberOf.includes(org));
      device.outcome = { clientId: app.clientId, user, scopes: device.scopes, orgs };
      return say(`Signed in as ${user}`, "Go back to where you began; you can close this page.");
    },
  );
}
