/** What must hold before anything is touched. All problems at once, each with what to do. */
import { HubError } from "../../template/hub/errors.ts";
import type { Hub, Whoami } from "../../template/hub/types.ts";
import { type Collab, resourceNames } from "../../template/schema/collab.ts";
import { EXIT, UserError } from "../terminal/errors.ts";
import type { Target } from "./target.ts";

export interface Problem {
  code: string;
  message: string;
  fix: string;
}

/** Roles that may make and change everything in an organisation. */
const MANAGING_ROLES = ["admin", "write"];

/** Throws a `UserError` that lists every problem; returns who deploys. */
export async function preflight(hub: Hub, collab: Collab, target: Target): Promise<Whoami> {
  const caller = await checkToken(hub, target);
  const { org, adminOrg } = resourceNames(collab);
  const problems = [
    ...tokenProblems(caller, target),
    ...(
      await Promise.all([...new Set([org, adminOrg])].map((name) => orgProblems(hub, caller, name)))
    ).flat(),
  ];
  if (problems.length > 0) throw preflightError(problems);
  return caller;
}

async function checkToken(hub: Hub, target: Target): Promise<Whoami> {
  try {
    return await hub.whoami();
  } catch (error) {
    if (!(error instanceof HubError) || (error.status !== 401 && error.status !== 403)) throw error;
    throw new UserError({
      code: "invalid_token",
      message: `${target.endpoint} does not accept the token from ${target.tokenSource}.`,
      fix: `Make a new one at ${target.endpoint}/settings/tokens, then run \`hf auth login\` or set HF_TOKEN.`,
      exitCode: EXIT.inputNeeded,
      cause: error,
    });
  }
}

function tokenProblems(caller: Whoami, target: Target): Problem[] {
  if (caller.token.role !== "read") return [];
  return [
    {
      code: "token_read_only",
      message: `The token from ${target.tokenSource} (${caller.name}) may only read.`,
      fix: `Use one that may write to both organisations: ${target.endpoint}/settings/tokens`,
    },
  ];
}

async function orgProblems(hub: Hub, caller: Whoami, name: string): Promise<Problem[]> {
  if (name === caller.name) return [];
  const membership = caller.orgs.find((org) => org.name === name);
  if (membership) {
    // The Hub does not always say; then the first write tells.
    if (membership.role === null || MANAGING_ROLES.includes(membership.role)) return [];
    return [
      {
        code: "org_role",
        message: `${caller.name} is ${membership.role} in the organisation ${name}; deploying needs admin or write.`,
        fix: `Ask an admin of ${name} to change that: ${hub.endpoint}/organizations/${name}/settings/members`,
      },
    ];
  }
  if (await hub.org(name).exists()) {
    return [
      {
        code: "not_a_member",
        message: `${caller.name} is not a member of the organisation ${name}, or the token does not reach it.`,
        fix: `Join ${name}, or give the token access to it: ${hub.endpoint}/settings/tokens`,
      },
    ];
  }
  return [
    {
      code: "org_missing",
      message: `There is no organisation ${name} on ${hub.endpoint}.`,
      fix: `Make it at ${hub.endpoint}/organizations/new, or change collab.org or collab.admin_org in collab.yaml.`,
    },
  ];
}

function preflightError(problems: Problem[]): UserError {
  const [first] = problems;
  if (problems.length === 1 && first) {
    return new UserError({ ...first, exitCode: EXIT.inputNeeded, data: { problems } });
  }
  return new UserError({
    code: "preflight",
    message: ["Nothing was changed. Before this can be deployed:"]
      .concat(problems.map(({ message, fix }) => `  - ${message}\n    ${fix}`))
      .join("\n"),
    exitCode: EXIT.inputNeeded,
    data: { problems },
  });
}
