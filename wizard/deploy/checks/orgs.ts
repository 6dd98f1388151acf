/** Organisations: that they exist, what the callers are in them, and who else could write past the backend. */
import { HubError } from "../../../template/hub/errors.ts";
import type { Hub, Whoami } from "../../../template/hub/types.ts";
import { resourceNames } from "../../../template/schema/collab.ts";
import { type CheckContext, type CheckResult, fail, ok, skip, warn } from "./check.ts";

/** Roles that may make and change everything in an organisation. */
const MANAGING_ROLES = ["admin", "write"];

export async function checkOrgs(context: CheckContext): Promise<CheckResult[]> {
  const { hub, caller, backend, loaded } = context;
  const { org, adminOrg } = resourceNames(loaded.collab);
  const people = backend.who.name === caller.name ? [caller] : [caller, backend.who];
  const checks = [...new Set([org, adminOrg])].flatMap((name) =>
    people.map((who) => checkMembership(hub, who, name, name === org ? "org" : "admin_org")),
  );
  return Promise.all(checks);
}

async function checkMembership(hub: Hub, who: Whoami, org: string, name: string): Promise<CheckResult> {
  if (org === who.name) return ok(name, `${org} is ${who.name}'s own account`);
  const membership = who.orgs.find((one) => one.name === org);
  const members = `${hub.endpoint}/organizations/${org}/settings/members`;
  if (membership) {
    const { role } = membership;
    // The Hub does not always say; then the first write tells.
    if (role === null) return ok(name, `${who.name} is a member of ${org}`);
    if (MANAGING_ROLES.includes(role)) return ok(name, `${who.name} is ${role} in ${org}`);
    return fail(
      name,
      `${who.name} is ${role} in the organisation ${org}; deploying needs admin or write`,
      `Ask an admin of ${org} to change that: ${members}`,
    );
  }
  if (await hub.org(org).exists()) {
    return fail(
      name,
      `${who.name} is not a member of the organisation ${org}, or the token does not reach it`,
      `Join ${org}, or give the token access to it: ${hub.endpoint}/settings/tokens`,
    );
  }
  return fail(
    name,
    `There is no organisation ${org} on ${hub.endpoint}`,
    `Make it at ${hub.endpoint}/organizations/new, or change collab.org or collab.admin_org in collab.yaml.`,
  );
}

/** Only the backend should write the central bucket; a member with the role write can too. */
export async function checkMembers({ hub, caller, backend, loaded }: CheckContext): Promise<CheckResult> {
  const name = "members";
  const { org } = resourceNames(loaded.collab);
  if (org === caller.name) return skip(name, `${org} is a user's account and has no members`);
  const settings = `${hub.endpoint}/organizations/${org}/settings/members`;
  try {
    const members = await hub.org(org).members();
    if (members.every(({ role }) => role === null)) {
      return warn(name, `The Hub does not show the roles of the members of ${org}`, `Look at ${settings}`);
    }
    const writers = members
      .filter(({ role, user }) => role === "write" && user !== caller.name && user !== backend.who.name)
      .map(({ user }) => user);
    if (writers.length === 0) return ok(name, `nobody but organisers can write past the backend in ${org}`);
    return warn(
      name,
      `${writers.slice(0, 10).join(", ")}${writers.length > 10 ? " and others" : ""} can write past the backend: role write in ${org}`,
      `Make participants contributors: ${settings}`,
    );
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return warn(name, `The members of ${org} could not be listed (${error.status})`, `Look at ${settings}`);
  }
}

/** Docker Spaces need a paid plan of their namespace (hub-wire.md 5.6); one result a namespace. */
export function checkPlans({ caller, loaded, hub }: CheckContext): CheckResult[] {
  const names = resourceNames(loaded.collab);
  const spaces = [
    names.backendSpace,
    ...(loaded.collab.verification.mode === "eval-space" ? [names.evalSpace] : []),
  ];
  const namespaces = new Set(spaces.map((id) => id.split("/")[0] ?? ""));
  return [...namespaces].map((namespace, n): CheckResult => {
    const name = n === 0 ? "plan" : "admin_plan";
    const membership = caller.orgs.find((org) => org.name === namespace);
    if (!membership) return skip(name, `the plan of ${namespace} is not known`);
    if (membership.plan !== null) return ok(name, `${namespace} has the plan ${membership.plan}`);
    return warn(
      name,
      `${namespace} has no paid plan that the Hub tells of; a new Docker Space needs one`,
      planAdvice(hub.endpoint, namespace),
    );
  });
}

/** The ways out when the Hub wants a plan for the backend. */
export function planAdvice(endpoint: string, namespace: string): string {
  return [
    `Get a Team plan for ${namespace} (${endpoint}/organizations/${namespace}/settings/billing),`,
    "or put the Space into the account of somebody with PRO (backend_space or eval_space under resources in collab.yaml),",
    "or run the collab on a machine of your own with `agent-collab dev`.",
  ].join(" ");
}
