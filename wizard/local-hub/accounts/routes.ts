/** Identity on the wire: whoami-v2, overviews, members and their roles (hub-wire.md 2). */
import { z } from "zod";
import type { Caller, HubContext } from "../context.ts";
import { ORG_ROLES, type OrgRole } from "../context.ts";
import { badRequest, forbidden, HubHttpError } from "../errors.ts";
import { absoluteUrl, requestOrigin } from "../origin.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { bearerToken, unauthorized } from "./accounts.ts";
import { avatarPath, drawAvatar } from "./avatar.ts";
import { listMembers } from "./members.ts";
import { roleAllows, tokenAllows } from "./permissions.ts";
import type { AccountStore } from "./store.ts";
import { whoami } from "./whoami.ts";

const roleChange = z.object({
  role: z.enum(ORG_ROLES),
  resourceGroups: z.array(z.object({ id: z.string(), role: z.string() })).optional(),
});

export function accountRoutes(router: HubRouter, hub: HubContext, store: AccountStore): void {
  const caller = (c: HubRequest) => hub.accounts.authenticate(c.req.header("authorization"));

  router.add(
    { method: "GET", path: "/api/whoami-v2", about: "Who a token belongs to, with orgs and scopes" },
    (c) => {
      if (!caller(c)) throw unauthorized();
      const token = store.findToken(bearerToken(c.req.header("authorization")) ?? "");
      const user = token && store.findUser(token.user);
      if (!token || !user) throw unauthorized();
      return c.json(whoami(store, user, token, requestOrigin(c)));
    },
  );

  router.add(
    { method: "GET", path: "/avatars/:file{[^/]+\\.svg}", about: "Picture of a user or org" },
    (c) => {
      const name = c.req.param("file").slice(0, -".svg".length);
      if (!hub.accounts.namespaceExists(name)) throw new HubHttpError(404, "No such account");
      return c.body(drawAvatar(name), 200, { "Content-Type": "image/svg+xml" });
    },
  );

  router.add(
    { method: "GET", path: "/api/agent-harnesses", about: "Always the empty list", support: "partial" },
    (c) => c.json({ standardEnvVars: [], harnesses: {} }),
  );

  router.add({ method: "GET", path: "/api/users/:user/overview", about: "Display data of a user" }, (c) => {
    const user = store.findUser(c.req.param("user"));
    if (!user) throw new HubHttpError(404, "User not found");
    return c.json({
      _id: user.id,
      type: "user",
      user: user.name,
      fullname: user.fullname,
      avatarUrl: absoluteUrl(c, avatarPath(user.name)),
      isPro: user.isPro,
      createdAt: new Date(user.createdAt).toISOString(),
      orgs: store.membershipsOf(user.name).flatMap((member) => {
        const org = store.findOrg(member.org);
        if (!org) return [];
        return [
          {
            id: org.id,
            name: org.name,
            fullname: org.fullname,
            avatarUrl: absoluteUrl(c, avatarPath(org.name)),
          },
        ];
      }),
    });
  });

  router.add(
    { method: "GET", path: "/api/organizations/:org/overview", about: "Display data of an org" },
    (c) => {
      const org = requireOrg(store, c.req.param("org"));
      return c.json({
        _id: org.id,
        type: "org",
        name: org.name,
        fullname: org.fullname,
        avatarUrl: absoluteUrl(c, avatarPath(org.name)),
        ...(org.plan !== null && { plan: org.plan }),
        numUsers: store.membersOf(org.name).length,
        createdAt: new Date(org.createdAt).toISOString(),
      });
    },
  );

  router.add(
    {
      method: "GET",
      path: "/api/organizations/:org/members",
      about: "Members, paged; roles only for members, the email filter only for admins",
    },
    (c) => listMembers(c, store, requireOrg(store, c.req.param("org")), caller(c)),
  );

  router.add(
    {
      method: "PUT",
      path: "/api/organizations/:org/members/:user/role",
      about: "Changes a member's role; resource groups are read and ignored",
      support: "partial",
    },
    async (c) => {
      const from = caller(c);
      if (!from) throw unauthorized();
      const org = requireOrg(store, c.req.param("org"));
      requireRole(store, from, org.name, "roles");
      if (org.plan === null)
        throw new HubHttpError(402, `The organization ${org.name} needs a Team or Enterprise plan`);
      const body = roleChange.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success) throw badRequest(`Body must be {"role": one of ${ORG_ROLES.join(", ")}}`);
      const user = c.req.param("user");
      if (store.roleIn(user, org.name) === null)
        throw new HubHttpError(404, `${user} is no member of ${org.name}`);
      requireAuthorityOver(store, from, org.name, user, body.data.role);
      requireAnotherAdmin(store, org.name, user, body.data.role);
      store.setRole({ org: org.name, user, role: body.data.role });
      return c.json({ success: true });
    },
  );
}

function requireOrg(store: AccountStore, name: string) {
  const org = store.findOrg(name);
  if (!org) throw new HubHttpError(404, "Organization not found");
  return org;
}

function requireRole(
  store: AccountStore,
  caller: Caller,
  org: string,
  operation: "roles" | "administer",
): void {
  const mayChange =
    roleAllows(store.roleIn(caller.user, org), operation, false) &&
    tokenAllows(caller, operation, [`org/${org}`]);
  if (!mayChange) throw forbidden(`${caller.user} may not change this role in ${org}`);
}

/** Members with write change roles (hub-docs: programmatic-user-access-control), but they make and unmake no admins. */
function requireAuthorityOver(
  store: AccountStore,
  caller: Caller,
  org: string,
  user: string,
  role: OrgRole,
): void {
  if (role === "admin" || store.roleIn(user, org) === "admin") requireRole(store, caller, org, "administer");
}

/** An organisation keeps at least one admin, or nobody could change it any more. */
function requireAnotherAdmin(store: AccountStore, org: string, user: string, role: string): void {
  const others = store.membersOf(org).some((member) => member.role === "admin" && member.user !== user);
  if (role !== "admin" && !others) throw badRequest(`${user} is the last admin of ${org}`);
}
