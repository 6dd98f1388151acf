/** What roles and tokens allow. Pure rules; who is who comes from `store.ts`. */
import type { Caller, OrgRole, Owned } from "../context.ts";
import { ORG_ROLES } from "../context.ts";

/** What somebody wants to do with a repository, bucket or namespace. */
export type Operation = "read" | "write" | "create" | "jobs" | "members" | "roles" | "administer";

/**
 * What a member's role allows in an organisation (hub-docs: organizations-security). `created` says whether
 * the member made the thing in question: a contributor changes only that.
 */
export function roleAllows(role: OrgRole | null, operation: Operation, created: boolean): boolean {
  if (role === null) return false;
  switch (operation) {
    case "read":
    case "members":
      return atLeast(role, "read");
    case "create":
      return atLeast(role, "contributor");
    case "write":
      return atLeast(role, "write") || (role === "contributor" && created);
    case "jobs":
    case "roles":
      return atLeast(role, "write");
    case "administer":
      return role === "admin";
  }
}

export function atLeast(role: OrgRole, least: OrgRole): boolean {
  return ORG_ROLES.indexOf(role) >= ORG_ROLES.indexOf(least);
}

/**
 * Permissions of a token, each enough for the operation. Names as in whoami-v2, and two that only OAuth
 * scopes give: `repo.content.write` (change, not create) and `repo.contribute` (create, and change what one made).
 */
const PERMISSIONS: Record<Operation, readonly string[]> = {
  read: ["repo.content.read", "repo.content.write", "repo.write", "repo.contribute"],
  write: ["repo.content.write", "repo.write"],
  create: ["repo.write", "repo.contribute"],
  jobs: ["job.write"],
  members: ["org.members.read", "org.members.write", "org.read", "org.write"],
  roles: ["org.write", "org.members.write"],
  administer: ["org.write", "org.members.write"],
};

/**
 * A token only narrows: what it allows on any of `entities` (`org/demo`, `bucket/demo/board`). `created`: its
 * user made the thing in question.
 */
export function tokenAllows(
  caller: Caller,
  operation: Operation,
  entities: readonly string[],
  created = false,
): boolean {
  if (caller.tokenRole === "write") return true;
  if (caller.tokenRole === "read") return operation === "read" || operation === "members";
  return entities.some((entity) => {
    const granted = caller.scopes?.get(entity);
    if (granted === undefined) return false;
    if (operation === "write" && created && granted.has("repo.contribute")) return true;
    return PERMISSIONS[operation].some((permission) => granted.has(permission));
  });
}

export function namespaceOf(target: Owned): string {
  return target.id.slice(0, target.id.indexOf("/"));
}
