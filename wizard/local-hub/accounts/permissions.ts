/** What roles and tokens allow. Pure rules; who is who comes from `store.ts`. */
import type { Caller, OrgRole, Owned } from "../context.ts";
import { ORG_ROLES } from "../context.ts";

/** What somebody wants to do with a repository, bucket or namespace. */
export type Operation = "read" | "write" | "create" | "jobs" | "members" | "administer";

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
      return atLeast(role, "write");
    case "administer":
      return role === "admin";
  }
}

export function atLeast(role: OrgRole, least: OrgRole): boolean {
  return ORG_ROLES.indexOf(role) >= ORG_ROLES.indexOf(least);
}

/** Permissions of a fine-grained token, each enough for the operation; names as in whoami-v2. */
const PERMISSIONS: Record<Operation, readonly string[]> = {
  read: ["repo.content.read", "repo.write"],
  write: ["repo.write"],
  create: ["repo.write"],
  jobs: ["job.write"],
  members: ["org.members.read", "org.members.write", "org.read", "org.write"],
  administer: ["org.write", "org.members.write"],
};

/** A token only narrows: what it allows on any of `entities` (`org/demo`, `bucket/demo/board`). */
export function tokenAllows(caller: Caller, operation: Operation, entities: readonly string[]): boolean {
  if (caller.tokenRole === "write") return true;
  if (caller.tokenRole === "read") return operation === "read" || operation === "members";
  return entities.some((entity) => {
    const granted = caller.scopes?.get(entity);
    return granted !== undefined && PERMISSIONS[operation].some((permission) => granted.has(permission));
  });
}

export function namespaceOf(target: Owned): string {
  return target.id.slice(0, target.id.indexOf("/"));
}
