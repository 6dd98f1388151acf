/** Tokens: kind, and permissions as have and need. Permission names: hub-wire.md 2.1. */
import type { Whoami } from "../../../template/hub/types.ts";
import { type Collab, resourceNames, verificationNamespace } from "../../../template/schema/collab.ts";
import { type CheckContext, type CheckResult, fail, ok, warn } from "./check.ts";

interface Need {
  org: string;
  permission: string;
  why: string;
}

/** What a fine-grained token must be allowed, per organisation. */
export function neededPermissions(collab: Collab): Need[] {
  const { org, adminOrg } = resourceNames(collab);
  const needs: Need[] = [...new Set([org, adminOrg])].flatMap((name) => [
    { org: name, permission: "repo.content.read", why: "read its buckets" },
    { org: name, permission: "repo.write", why: "make and write its buckets and Spaces" },
  ]);
  needs.push({ org, permission: "org.members.read", why: "see who is an organiser" });
  if (collab.jobs.enabled) needs.push({ org, permission: "job.write", why: "start Jobs" });
  if (collab.verification.mode === "jobs") {
    const payer = verificationNamespace(collab);
    if (payer !== org) needs.push({ org: payer, permission: "job.write", why: "start verification Jobs" });
  }
  return needs;
}

/** A permission that includes another. */
const INCLUDES: Record<string, readonly string[]> = {
  "repo.content.read": ["repo.write"],
  "org.members.read": ["org.members.write", "org.read", "org.write"],
};

function missing({ scopes, name }: Whoami, needs: readonly Need[]): Need[] {
  return needs.filter(({ org, permission }) => {
    const granted = scopes.get(org === name ? `user/${name}` : `org/${org}`);
    return ![permission, ...(INCLUDES[permission] ?? [])].some((one) => granted?.has(one));
  });
}

/** The deployer's token and, if it is another one, the backend's. */
export function checkTokens({ caller, backend, target, loaded, ...context }: CheckContext): CheckResult[] {
  const needs = neededPermissions(loaded.collab);
  const settings = `${target.endpoint}/settings/tokens`;
  const same = backend.source === target.tokenSource;
  const results = [checkPermissions("token", caller, target.tokenSource, needs, settings)];
  if (!same) {
    results.push(checkPermissions("backend_token", backend.who, backend.source, needs, settings));
  }
  if (results.every(({ state }) => state !== "fail")) {
    results.push(checkBreadth(backend, context.allowBroadToken, settings));
  }
  return results;
}

function checkPermissions(
  name: string,
  { token, ...who }: Whoami,
  source: string,
  needs: readonly Need[],
  settings: string,
): CheckResult {
  const whose = `the token from ${source} (${who.name})`;
  switch (token.role) {
    case "write":
      return ok(name, `${whose} may write`);
    case "read":
      return fail(
        name,
        `${whose} may only read`,
        `Make a fine-grained one at ${settings}: ${listNeeds(needs)}.`,
      );
    case "unknown":
      return warn(
        name,
        `The Hub does not say what ${whose} may do`,
        `If the deployment is refused, use a fine-grained token from ${settings}: ${listNeeds(needs)}.`,
      );
    case "fineGrained": {
      const lacking = missing({ ...who, token }, needs);
      if (lacking.length === 0) return ok(name, `${whose} has every permission it needs`);
      return fail(
        name,
        `${whose} lacks ${listNeeds(lacking)}`,
        `Edit it at ${settings} and give it: ${listNeeds(lacking)}.`,
        {
          need: needs.map(({ org, permission }) => `${permission} on ${org}`),
          have: needs.filter((need) => !lacking.includes(need)).map((n) => `${n.permission} on ${n.org}`),
          missing: lacking.map(({ org, permission, why }) => ({ org, permission, why })),
        },
      );
    }
  }
}

/** The backend's token lies in a Space as a secret: it should open no more than the collab. */
function checkBreadth(
  { who, source }: CheckContext["backend"],
  allowed: boolean,
  settings: string,
): CheckResult {
  if (who.token.role !== "write")
    return ok("token_breadth", "the backend's token reaches only what it was given");
  const message = `the backend would work with ${source}, which reaches everything of ${who.name}`;
  if (allowed) return ok("token_breadth", `${message}: accepted`);
  return fail(
    "token_breadth",
    message,
    `Make a fine-grained token for the two organisations at ${settings} and name its variable with --space-token-env, or accept the risk with --allow-broad-token.`,
  );
}

function listNeeds(needs: readonly Need[]): string {
  const byOrg = Map.groupBy(needs, ({ org }) => org);
  return [...byOrg].map(([org, list]) => `${list.map((n) => n.permission).join(", ")} on ${org}`).join("; ");
}
