/** `hub users`: who is there, and one more. */
import type { Command } from "commander";
import { ORG_ROLES } from "../../local-hub/context.ts";
import { usageError } from "../../terminal/errors.ts";
import type { Cli } from "../index.ts";
import type { HubFlags } from "./options.ts";
import { askHub, requireRunningHub } from "./running.ts";

interface UserFlags {
  member: string[];
}
interface HubUser {
  name: string;
  token: string;
  orgs: Record<string, string>;
}

export function addHubUsers(hub: Command, flagsOf: <Own>(sub: Command) => HubFlags & Own, cli: Cli): void {
  hub
    .command("users")
    .description("list the users of the running hub with their tokens, or make one")
    .argument("[name]", "user to make, or to add to more organisations")
    .option(
      "--member <org=role>",
      `organisation and role of the user (${ORG_ROLES.join(", ")}); may be repeated`,
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .addHelpText("after", "\nExample:\n  agent-collab hub users dora --member demo=contributor")
    .action((name: string | undefined, _, sub: Command) => hubUsers(name, flagsOf<UserFlags>(sub), cli));
}

async function hubUsers(name: string | undefined, flags: HubFlags & UserFlags, cli: Cli): Promise<void> {
  const orgs = Object.fromEntries(flags.member.map(parseMembership));
  if (name === undefined && flags.member.length > 0) throw usageError("--member needs the name of a user.");
  const hub = requireRunningHub(flags, cli);
  const users =
    name === undefined
      ? (await askHub<{ users: HubUser[] }>(hub, "/_emulator/users")).users
      : [await askHub<HubUser>(hub, "/_emulator/users", { method: "POST", json: { name, orgs } })];
  cli.out.result({
    json: { users },
    agent: users.map(describeUser).join("\n"),
    quiet: users.map((user) => user.name).join("\n"),
  });
}

function parseMembership(text: string): [string, string] {
  const [org = "", role = "", ...rest] = text.split("=");
  if (org && rest.length === 0 && ORG_ROLES.some((known) => known === role)) return [org, role];
  throw usageError(`--member ${text} is not org=role.`, `Roles: ${ORG_ROLES.join(", ")}.`);
}

function describeUser({ name, token, orgs }: HubUser): string {
  const roles = Object.entries(orgs).map(([org, role]) => `${role} in ${org}`);
  return `${name}  ${token}  ${roles.join(", ") || "in no organisation"}`;
}
