/** Who may do what, answered with the Hub's 401, 403 and 404. */
import type { Accounts, Caller, Owned, RepoKind } from "../context.ts";
import { forbidden, HubHttpError, invalidToken, repoNotFound } from "../errors.ts";
import { namespaceOf, type Operation, roleAllows, tokenAllows } from "./permissions.ts";
import type { AccountStore } from "./store.ts";

/** The access token that every local user has. Clients insist on the prefix `hf_`. */
export function localToken(user: string): string {
  return `hf_local_${user}`;
}

/** The token of an `Authorization` header, or `null`. */
export function bearerToken(authorization: string | undefined | null): string | null {
  const match = /^Bearer +(\S+)$/i.exec(authorization?.trim() ?? "");
  return match?.[1] ?? null;
}

export function createAccounts(store: AccountStore, now: () => number): Accounts {
  function authenticate(authorization: string | undefined | null): Caller | null {
    if (!authorization) return null;
    const token = bearerToken(authorization);
    const stored = token === null ? null : store.findToken(token);
    if (!stored || (stored.expiresAt !== null && stored.expiresAt <= now())) throw invalidToken();
    const scopes = stored.scopes && new Map(Object.entries(stored.scopes).map(([k, v]) => [k, new Set(v)]));
    return { user: stored.user, tokenRole: stored.role, scopes, kind: stored.kind };
  }

  /** What the member may do, narrowed by what the token may do. */
  function may(caller: Caller, operation: Operation, namespace: string, target?: Owned): boolean {
    const own = namespace === caller.user;
    const created = target?.createdBy === caller.user;
    if (!own && !roleAllows(store.roleIn(caller.user, namespace), operation, created)) return false;
    const entities = [`${own ? "user" : "org"}/${namespace}`];
    if (target) entities.push(`${target.kind}/${target.id}`);
    return tokenAllows(caller, operation, entities, created);
  }

  function canRead(caller: Caller | null, target: Owned): boolean {
    return !target.private || (caller !== null && may(caller, "read", namespaceOf(target), target));
  }

  function namespaceExists(name: string): boolean {
    return store.findUser(name) !== null || store.findOrg(name) !== null;
  }

  function requireInNamespace(
    caller: Caller | null,
    namespace: string,
    operation: "create" | "jobs",
    what: string,
  ): asserts caller is Caller {
    if (caller === null) throw unauthorized();
    if (!namespaceExists(namespace))
      throw new HubHttpError(404, `No user or organization named ${namespace}`);
    if (!may(caller, operation, namespace)) {
      throw forbidden(`${caller.user} has no right to ${what} in the namespace ${namespace}`);
    }
  }

  return {
    authenticate,
    canRead,
    namespaceExists,
    requireRead(caller, target) {
      if (!canRead(caller, target)) throw repoNotFound(caller === null);
    },
    requireWrite(caller, target): asserts caller is Caller {
      if (!canRead(caller, target)) throw repoNotFound(caller === null);
      if (caller === null) throw unauthorized();
      if (!may(caller, "write", namespaceOf(target), target)) {
        throw forbidden(`${caller.user} has no right to write to the ${target.kind} ${target.id}`);
      }
    },
    requireCreate(caller, namespace, kind: RepoKind): asserts caller is Caller {
      requireInNamespace(caller, namespace, "create", `create a ${kind}`);
    },
    requireJobs(caller, namespace): asserts caller is Caller {
      requireInNamespace(caller, namespace, "jobs", "run Jobs");
    },
    roleIn: (user, org) => store.roleIn(user, org),
    tokenOf(user) {
      if (!store.findUser(user)) throw new Error(`the local hub has no user ${user}`);
      return localToken(user);
    },
  };
}

/** No token where one is needed, on something that anybody may know about. */
export function unauthorized(): HubHttpError {
  return new HubHttpError(401, "Authentication is needed: send a token as Authorization: Bearer hf_…");
}
