/** What must hold before anything is touched. All problems at once, each with what to do. */
import { HubError } from "../../template/hub/errors.ts";
import type { Hub, Whoami } from "../../template/hub/types.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { actionRequired } from "../terminal/errors.ts";
import type { CheckContext, CheckResult } from "./checks/check.ts";
import { checkFolders } from "./checks/folders.ts";
import { checkMembers, checkOrgs, checkPlans } from "./checks/orgs.ts";
import { checkHardware, checkInvite } from "./checks/settings.ts";
import { checkTokens } from "./checks/token.ts";
import type { CollabFolders } from "./folders/collab-folders.ts";
import type { Target } from "./target.ts";

export interface PreflightOptions {
  hub: Hub;
  loaded: LoadedCollab;
  folders: CollabFolders;
  target: Target;
  /** The token of the backend where it is not the deployer's. */
  spaceToken?: { token: string; source: string };
  allowBroadToken: boolean;
  rehearsal?: boolean;
}

export interface Preflight {
  caller: Whoami;
  checks: CheckResult[];
}

/** Runs every check. Throws only when the Hub cannot be asked or does not know the token. */
export async function runPreflight(options: PreflightOptions): Promise<Preflight> {
  const { hub, loaded, folders, target, spaceToken, allowBroadToken } = options;
  const caller = await whoHolds(hub, undefined, target.tokenSource);
  const backend = spaceToken
    ? { who: await whoHolds(hub, spaceToken.token, spaceToken.source), source: spaceToken.source }
    : { who: caller, source: target.tokenSource };
  const { rehearsal = false } = options;
  const context: CheckContext = { hub, target, loaded, folders, caller, backend, allowBroadToken, rehearsal };
  const [orgs, members, hardware] = await Promise.all([
    checkOrgs(context),
    checkMembers(context),
    checkHardware(context),
  ]);
  const checks = [
    ...checkTokens(context),
    ...orgs,
    members,
    ...checkPlans(context),
    hardware,
    ...checkFolders(context),
    checkInvite(context),
  ];
  return { caller, checks };
}

/** Throws a `UserError` (exit 4: a person is needed) that lists every failed check. */
export function requirePassed(checks: readonly CheckResult[]): void {
  const failed = checks.filter(({ state }) => state === "fail");
  const [first] = failed;
  if (!first) return;
  const human = failed.map(({ message, fix }) => `${message}. ${fix ?? ""}`.trim()).join("\n");
  const next = [{ command: "agent-collab doctor", when: "that is done: it looks again at all of it" }];
  const about = { code: "preflight", reason: first.name, human, next, data: { problems: failed } };
  if (failed.length === 1) {
    throw actionRequired({ ...about, message: `${first.message}.`, fix: first.fix });
  }
  throw actionRequired({
    ...about,
    message: ["Nothing was changed. Before this can be deployed:"]
      .concat(failed.map(({ message, fix }) => `  - ${message}\n    ${fix ?? ""}`.trimEnd()))
      .join("\n"),
  });
}

async function whoHolds(hub: Hub, token: string | undefined, source: string): Promise<Whoami> {
  try {
    return await hub.whoami(token);
  } catch (error) {
    if (!(error instanceof HubError) || (error.status !== 401 && error.status !== 403)) throw error;
    const fix = `Make a new one at ${hub.endpoint}/settings/tokens, then run \`hf auth login\` or set HF_TOKEN.`;
    throw actionRequired({
      code: "invalid_token",
      message: `${hub.endpoint} does not accept the token from ${source}.`,
      fix,
      reason: "invalid_token",
      next: [{ command: "agent-collab doctor", when: "the new token is set" }],
      cause: error,
    });
  }
}
