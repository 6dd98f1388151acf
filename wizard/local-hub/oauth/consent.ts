/** What a person sees when an app wants to act for them: every local user, what is asked, yes or no. */
import { html } from "hono/html";
import { avatarPath } from "../accounts/avatar.ts";
import type { AccountStore } from "../accounts/store.ts";
import type { Html } from "../page.ts";
import { SCOPES } from "./scopes.ts";

export interface Consent {
  appName: string;
  scopes: readonly string[];
  /** Where the forms go. */
  action: string;
  /** Fields sent along unchanged. */
  hidden: Readonly<Record<string, string>>;
  /** Organisations whose box is ticked beforehand. */
  isAsked(org: { name: string; id: string }): boolean;
  /** Only members of one of these pass; empty lets everybody. */
  authorizedOrgs: readonly string[];
}

export function consentPage(store: AccountStore, consent: Consent): Html {
  return html`<main>
<h1>Sign in to ${consent.appName}</h1>
<p>This is the sign-in page of a local hub: choose who to be. No password is needed, and nothing here reaches huggingface.co.</p>
<p>${consent.appName} wants to:</p>
<ul>${consent.scopes.map((name) => html`<li>${SCOPES[name]?.about ?? name} <code class="dim">${name}</code></li>`)}</ul>
${store.listUsers().map((user) => userForm(store, user.name, consent))}
<form method="post" action="${consent.action}">
${hiddenFields(consent)}
<button name="decision" value="deny">Cancel</button>
</form>
</main>`;
}

function userForm(store: AccountStore, user: string, consent: Consent): Html {
  const memberships = store.membershipsOf(user);
  const passes = isAuthorized(
    consent.authorizedOrgs,
    memberships.map(({ org }) => org),
  );
  const orgs = memberships.map(({ org, role }) => {
    const ticked = consent.isAsked({ name: org, id: store.findOrg(org)?.id ?? "" });
    return html`<label><input type="checkbox" name="org" value="${org}" ${ticked ? "checked" : ""}> also act in ${org} (${role})</label>`;
  });
  return html`<section class="card">
<form method="post" action="${consent.action}">
${hiddenFields(consent)}
<input type="hidden" name="user" value="${user}">
<p><img class="avatar" src="${avatarPath(user)}" alt=""> <strong>${user}</strong></p>
${orgs}
${
  passes
    ? html`<p><button class="main" name="decision" value="approve">Sign in as ${user}</button></p>`
    : html`<p class="dim">Only members of ${consent.authorizedOrgs.join(", ")} may sign in.</p>`
}
</form>
</section>`;
}

function hiddenFields({ hidden }: Consent): Html[] {
  return Object.entries(hidden).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
}

export function isAuthorized(authorizedOrgs: readonly string[], memberOf: readonly string[]): boolean {
  return authorizedOrgs.length === 0 || authorizedOrgs.some((org) => memberOf.includes(org));
}
