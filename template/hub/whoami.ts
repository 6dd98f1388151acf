/** Who holds a token and what it may do. The library's own type lacks roles and scopes (hub-wire.md 2.1). */
import { z } from "zod";
import type { HubHttp } from "./http.ts";
import { unexpected } from "./pages.ts";
import type { Whoami } from "./types.ts";

const Scope = z.looseObject({
  entity: z.looseObject({ type: z.string(), name: z.string().optional() }),
  permissions: z.array(z.string()),
});

const WhoamiAnswer = z.looseObject({
  name: z.string(),
  email: z.string().nullish(),
  orgs: z
    .array(z.looseObject({ name: z.string(), roleInOrg: z.string().nullish(), plan: z.string().nullish() }))
    .default([]),
  auth: z
    .looseObject({
      type: z.string().optional(),
      accessToken: z
        .looseObject({
          displayName: z.string().nullish(),
          role: z.string().nullish(),
          fineGrained: z
            .looseObject({ global: z.array(z.string()).nullish(), scoped: z.array(Scope).nullish() })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

/** Asks who the client's token, or `bearer`, belongs to. */
export async function whoami(http: HubHttp, bearer?: string): Promise<Whoami> {
  const request = { method: "GET", url: "/api/whoami-v2", bearer } as const;
  const parsed = WhoamiAnswer.safeParse((await http.send(request)).json());
  if (!parsed.success) throw unexpected(request, "a description of a user");
  return toWhoami(parsed.data);
}

function toWhoami(answer: z.infer<typeof WhoamiAnswer>): Whoami {
  const token = answer.auth?.accessToken;
  return {
    name: answer.name,
    email: answer.email ?? null,
    token: {
      kind: tokenKind(answer.auth?.type),
      role: tokenRole(token?.role),
      displayName: token?.displayName ?? null,
    },
    scopes: scopesOf(token?.fineGrained),
    orgs: answer.orgs.map((org) => ({ name: org.name, role: org.roleInOrg ?? null, plan: org.plan ?? null })),
  };
}

function tokenKind(type: string | undefined): Whoami["token"]["kind"] {
  if (type === "access_token") return "access_token";
  return type?.startsWith("app_token") || type?.includes("oauth") ? "oauth" : "unknown";
}

function tokenRole(role: string | null | undefined): Whoami["token"]["role"] {
  return role === "read" || role === "write" || role === "fineGrained" ? role : "unknown";
}

function scopesOf(
  fineGrained: { global?: string[] | null; scoped?: z.infer<typeof Scope>[] | null } | null | undefined,
): Whoami["scopes"] {
  const scopes = new Map<string, Set<string>>();
  const add = (entity: string, permissions: string[]) => {
    const known = scopes.get(entity) ?? new Set();
    for (const permission of permissions) known.add(permission);
    scopes.set(entity, known);
  };
  if (fineGrained?.global?.length) add("global", fineGrained.global);
  for (const { entity, permissions } of fineGrained?.scoped ?? []) {
    add(entity.name === undefined ? entity.type : `${entity.type}/${entity.name}`, permissions);
  }
  return scopes;
}
