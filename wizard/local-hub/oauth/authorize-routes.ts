/** `/oauth/authorize`: the consent page, and its two answers. */
import { html } from "hono/html";
import type { AccountStore } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { badRequest, HubHttpError } from "../errors.ts";
import { sendPage } from "../page.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import type { OAuthApps } from "./apps.ts";
import {
  type AuthorizeRefusal,
  type AuthorizeRequest,
  readAuthorizeRequest,
  withParameters,
} from "./authorize-request.ts";
import { consentPage, isAuthorized } from "./consent.ts";
import type { PendingCodes } from "./pending.ts";

const PATH = "/oauth/authorize";

export function authorizeRoutes(
  router: HubRouter,
  { hub, store, apps, codes }: { hub: HubContext; store: AccountStore; apps: OAuthApps; codes: PendingCodes },
): void {
  /** The request to be answered; a page when it cannot even be refused by redirect. */
  const read = (
    c: HubRequest,
    query: URLSearchParams,
  ): AuthorizeRequest | AuthorizeRefusal | Response | Promise<Response> => {
    try {
      return readAuthorizeRequest(query, apps);
    } catch (error) {
      if (!(error instanceof HubHttpError)) throw error;
      const body = html`<main><h1>This sign-in cannot go on</h1><p>${error.message}.</p></main>`;
      return sendPage(c, { title: "Sign in", body, status: 400 });
    }
  };

  router.add({ method: "GET", path: PATH, about: "OAuth: choose a local user and approve" }, (c) => {
    const query = new URL(c.req.url).searchParams;
    const request = read(c, query);
    if (request instanceof Response || request instanceof Promise) return request;
    if ("redirect" in request) return c.redirect(request.redirect, 302);
    const body = consentPage(store, {
      appName: request.app.name,
      scopes: request.scopes,
      action: PATH,
      hidden: { request: query.toString() },
      isAsked: ({ id }) => request.orgIds.includes(id),
      authorizedOrgs: request.app.authorizedOrgs,
    });
    return sendPage(c, { title: "Sign in", body, formTargets: [new URL(request.redirectUri).origin] });
  });

  router.add({ method: "POST", path: PATH, about: "OAuth: the answer of the consent page" }, async (c) => {
    const form = await c.req.formData().catch(() => new FormData());
    const request = read(c, new URLSearchParams(String(form.get("request") ?? "")));
    if (request instanceof Response || request instanceof Promise) return request;
    if ("redirect" in request) return c.redirect(request.redirect, 302);
    const { redirectUri, state } = request;
    const deny = (description: string) =>
      c.redirect(
        withParameters(redirectUri, { error: "access_denied", error_description: description, state }),
        302,
      );
    if (form.get("decision") !== "approve") return deny("The user said no");

    const user = String(form.get("user") ?? "");
    if (!store.findUser(user)) throw badRequest(`There is no user ${user}`);
    const memberOf = store.membershipsOf(user).map(({ org }) => org);
    if (!isAuthorized(request.app.authorizedOrgs, memberOf)) {
      return deny(`Only members of ${request.app.authorizedOrgs.join(", ")} may sign in`);
    }
    const orgs = form
      .getAll("org")
      .map(String)
      .filter((org) => memberOf.includes(org));
    const grant = { clientId: request.app.clientId, user, scopes: request.scopes, orgs };
    const { codeChallenge, nonce } = request;
    const code = codes.add({ grant, redirectUri, codeChallenge, nonce }, hub.now());
    return c.redirect(withParameters(redirectUri, { code, state }), 302);
  });
}
