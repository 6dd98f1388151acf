/**
 * Making accounts and tokens, which the Hub has no API for. Open to whoever reaches the hub, like all of
 * `/_emulator`: local tokens can be guessed anyway.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type HubContext, ORG_ROLES } from "../context.ts";
import { badRequest, HubHttpError } from "../errors.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { addLocalUser, displayName } from "../seed.ts";
import { localToken } from "./accounts.ts";
import { nameIsTaken, requireAccountName } from "./names.ts";
import { type AccountStore, ORG_PLANS, type StoredToken } from "./store.ts";

const ENTITY_TYPES = ["user", "org", "model", "dataset", "space", "bucket"] as const;

const newUser = z.strictObject({
  name: z.string(),
  orgs: z.record(z.string(), z.enum(ORG_ROLES)).default({}),
});
const newOrg = z.strictObject({ name: z.string(), plan: z.enum(ORG_PLANS).nullable().default("team") });
const newToken = z.strictObject({
  user: z.string(),
  name: z.string().min(1).max(100).default("local"),
  role: z.enum(["read", "write", "fineGrained"]).default("write"),
  /** `{"org/demo": ["repo.write"], "bucket/demo/board": ["repo.content.read"]}` */
  scopes: z
    .record(
      z.string().regex(new RegExp(`^(${ENTITY_TYPES.join("|")})/[^/]+(/[^/]+)?$`), "must be type/name"),
      z.array(z.string().regex(/^[A-Za-z.]+$/)),
    )
    .optional(),
  expiresInSeconds: z.int().min(1).optional(),
});

export function accountAdminRoutes(router: HubRouter, hub: HubContext, store: AccountStore): void {
  router.add(
    { method: "GET", path: "/_emulator/users", about: "All users, their orgs and local tokens" },
    (c) => c.json({ users: store.listUsers().map((user) => describeUser(store, user.name)) }),
  );

  router.add(
    { method: "POST", path: "/_emulator/users", about: "Makes a user, or adds one to more orgs" },
    async (c) => {
      const { name, orgs } = await bodyOf(c, newUser);
      requireAccountName(name);
      if (store.findOrg(name)) throw new HubHttpError(409, `${name} is an organization`);
      for (const org of Object.keys(orgs)) {
        if (!store.findOrg(org)) throw new HubHttpError(404, `There is no organization ${org}`);
      }
      addLocalUser(store, name, hub.now());
      for (const [org, role] of Object.entries(orgs)) {
        store.addMember({ org, user: name, role });
        store.setRole({ org, user: name, role });
      }
      return c.json(describeUser(store, name), 201);
    },
  );

  router.add({ method: "GET", path: "/_emulator/orgs", about: "All organizations and their members" }, (c) =>
    c.json({
      orgs: store.listOrgs().map(({ name, plan }) => ({
        name,
        plan,
        members: Object.fromEntries(store.membersOf(name).map(({ user, role }) => [user, role])),
      })),
    }),
  );

  router.add({ method: "POST", path: "/_emulator/orgs", about: "Makes an organization" }, async (c) => {
    const { name, plan } = await bodyOf(c, newOrg);
    requireAccountName(name);
    if (nameIsTaken(store, name)) throw new HubHttpError(409, `The name ${name} is taken`);
    store.addOrg({ name, fullname: displayName(name), plan, createdAt: hub.now() });
    return c.json({ name, plan, members: {} }, 201);
  });

  router.add(
    { method: "GET", path: "/_emulator/tokens", about: "What tokens there are; not the tokens" },
    (c) => c.json({ tokens: store.listTokens().map(describeToken) }),
  );

  router.add(
    {
      method: "POST",
      path: "/_emulator/tokens",
      about: "Makes an access token: read, write or fine-grained with scopes",
    },
    async (c) => {
      const { user, name, role, scopes, expiresInSeconds } = await bodyOf(c, newToken);
      if (!store.findUser(user)) throw new HubHttpError(404, `There is no user ${user}`);
      if ((role === "fineGrained") !== (scopes !== undefined)) {
        throw badRequest("scopes belong to the role fineGrained, and only to it");
      }
      const stored: StoredToken = {
        user,
        displayName: name,
        role,
        kind: "access_token",
        scopes: scopes ?? null,
        createdAt: hub.now(),
        expiresAt: expiresInSeconds === undefined ? null : hub.now() + expiresInSeconds * 1_000,
      };
      const token = `hf_local_${user}_${randomBytes(12).toString("hex")}`;
      store.addToken(token, stored);
      return c.json({ token, ...describeToken(stored) }, 201);
    },
  );

  router.add({ method: "POST", path: "/_emulator/tokens/revoke", about: "Revokes a token" }, async (c) => {
    const { token } = await bodyOf(c, z.strictObject({ token: z.string() }));
    if (!store.removeToken(token)) throw new HubHttpError(404, "There is no such token");
    return c.json({ success: true });
  });
}

async function bodyOf<T>(c: HubRequest, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await c.req.json().catch(() => undefined));
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  return parsed.data;
}

function describeUser(store: AccountStore, name: string) {
  const orgs = Object.fromEntries(store.membershipsOf(name).map(({ org, role }) => [org, role]));
  return { name, token: localToken(name), orgs };
}

function describeToken({ user, displayName: name, role, kind, scopes, expiresAt }: StoredToken) {
  const expires = expiresAt === null ? null : new Date(expiresAt).toISOString();
  return { user, name, role, kind, scopes, expires_at: expires };
}
