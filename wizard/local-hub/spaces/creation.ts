/** What a client may say about a Space when it creates it (hub-wire.md 5.1). */
import type { HubContext } from "../context.ts";
import { badRequest } from "../errors.ts";
import { isHardware } from "../jobs/hardware.ts";
import type { SpaceCreation } from "../repos/changes.ts";
import type { Repo } from "../repos/store.ts";
import { putSetting, type Setting, settingOf } from "./settings.ts";
import { insertSpace } from "./space-store.ts";

interface CheckedCreation {
  hardware: string;
  sleepSeconds: number | undefined;
  secrets: Setting[];
  variables: Setting[];
}

/** Throws 400 before anything is made. */
export function checkSpaceCreation(creation: SpaceCreation): CheckedCreation {
  const { hardware, sleepTimeSeconds, volumes } = creation;
  if (Array.isArray(volumes) && volumes.length > 0) {
    throw badRequest("Volumes of Spaces are not supported by the local hub: read the bucket over HTTP");
  }
  return {
    hardware: hardwareOf(hardware ?? "cpu-basic"),
    sleepSeconds: sleepTimeSeconds === undefined ? undefined : sleepSecondsOf(sleepTimeSeconds),
    secrets: settingsOf("secrets", creation.secrets),
    variables: settingsOf("variables", creation.variables),
  };
}

export function hardwareOf(name: unknown): string {
  if (isHardware(name)) return name;
  throw badRequest(`Unknown hardware ${JSON.stringify(name)}: see GET /api/spaces/hardware`);
}

export function sleepSecondsOf(seconds: unknown): number {
  if (typeof seconds === "number" && Number.isInteger(seconds) && seconds >= -1) return seconds;
  throw badRequest("The sleep time must be a whole number of seconds, or -1 for never");
}

function settingsOf(name: string, list: unknown): Setting[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw badRequest(`"${name}" must be an array of {key, value}`);
  return list.map(settingOf);
}

/** Remembers a new Space with its settings. */
export function createSpace(hub: HubContext, repo: Repo, creation: SpaceCreation): void {
  const checked = checkSpaceCreation(creation);
  insertSpace(hub, repo.oid, checked);
  for (const secret of checked.secrets) putSetting(hub, repo.oid, "secrets", secret);
  for (const variable of checked.variables) putSetting(hub, repo.oid, "variables", variable);
}
