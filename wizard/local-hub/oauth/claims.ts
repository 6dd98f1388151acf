/** What an app learns about its user, by userinfo and by the id token (hub-wire.md 7). */
import { avatarPath } from "../accounts/avatar.ts";
import type { AccountStore } from "../accounts/store.ts";
import type { Grant } from "./grants.ts";

/** `origin` is where the caller reached the hub. */
export function userClaims(store: AccountStore, grant: Grant, origin: string): Record<string, unknown> {
  const user = store.findUser(grant.user);
  if (!user) return {};
  const may = (scope: string) => grant.scopes.includes(scope);
  const profile = {
    name: user.fullname,
    preferred_username: user.name,
    profile: `${origin}/${user.name}`,
    picture: origin + avatarPath(user.name),
    isPro: user.isPro,
    orgs: store.membershipsOf(user.name).map(({ org: name, role }) => {
      const org = store.findOrg(name);
      return {
        sub: org?.id,
        name: org?.fullname,
        preferred_username: name,
        picture: origin + avatarPath(name),
        ...(org?.plan && { plan: org.plan }),
        ...((may("read-memberships") || grant.orgs.includes(name)) && { roleInOrg: role }),
      };
    }),
  };
  return {
    sub: user.id,
    ...(may("profile") && profile),
    ...(may("email") && { email: user.email, email_verified: true }),
    ...(may("read-billing") && { canPay: true, billingMode: "postpaid" }),
  };
}
