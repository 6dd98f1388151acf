/** The answer of whoami-v2 and the account shapes it shares with other routes (hub-wire.md 2.1). */
import { avatarPath } from "./avatar.ts";
import { type AccountStore, localId, type Member, type Org, type StoredToken, type User } from "./store.ts";

/** `origin` is where the caller reached the hub: pictures are absolute URLs. */
export function whoami(store: AccountStore, user: User, token: StoredToken, origin: string) {
  const memberships = store.membershipsOf(user.name).filter((member) => seesOrg(token, member.org));
  return {
    type: "user",
    id: user.id,
    name: user.name,
    fullname: user.fullname,
    ...(seesEmail(token) ? { email: user.email, emailVerified: true } : { email: null }),
    canPay: true,
    billingMode: "postpaid",
    periodEnd: null,
    avatarUrl: origin + avatarPath(user.name),
    isPro: user.isPro,
    orgs: memberships.flatMap((member) => {
      const org = store.findOrg(member.org);
      return org ? [whoamiOrg(org, member, origin)] : [];
    }),
    auth: describeToken(store, token),
  };
}

function whoamiOrg(org: Org, member: Member, origin: string) {
  return {
    type: "org",
    id: org.id,
    name: org.name,
    fullname: org.fullname,
    email: null,
    canPay: org.plan !== null,
    billingMode: "postpaid",
    periodEnd: null,
    avatarUrl: origin + avatarPath(org.name),
    ...(org.plan !== null && { plan: org.plan }),
    roleInOrg: member.role,
  };
}

/** An OAuth token sees the organisations that its user granted, or all with `read-memberships`; others see all. */
function seesOrg(token: StoredToken, org: string): boolean {
  if (token.kind === "access_token") return true;
  return Object.hasOwn(token.scopes ?? {}, `org/${org}`) || hasPermission(token, "org.read");
}

function seesEmail(token: StoredToken): boolean {
  return token.kind === "access_token" || hasPermission(token, "user.email.read");
}

function hasPermission(token: StoredToken, permission: string): boolean {
  return Object.values(token.scopes ?? {}).some((permissions) => permissions.includes(permission));
}

function describeToken(store: AccountStore, token: StoredToken) {
  const expiry = token.expiresAt === null ? {} : { expiresAt: new Date(token.expiresAt).toISOString() };
  if (token.kind === "oauth") return { type: "app_token_as_user", ...expiry };
  return {
    type: "access_token",
    ...expiry,
    accessToken: {
      displayName: token.displayName,
      role: token.role,
      createdAt: new Date(token.createdAt).toISOString(),
      ...(token.scopes && {
        fineGrained: {
          canReadGatedRepos: false,
          global: [],
          scoped: Object.entries(token.scopes).map(([entity, permissions]) => ({
            entity: describeEntity(store, entity),
            permissions,
          })),
        },
      }),
    },
  };
}

/** `bucket/demo/board` as `{_id, type, name}`. */
function describeEntity(store: AccountStore, entity: string) {
  const type = entity.slice(0, entity.indexOf("/"));
  const name = entity.slice(type.length + 1);
  const account = type === "user" ? store.findUser(name) : type === "org" ? store.findOrg(name) : null;
  return { _id: account?.id ?? localId(entity), type, name };
}
