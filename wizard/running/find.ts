/** From a collab directory to the collab that runs on the Hub. */
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import type { Hub } from "../../template/hub/types.ts";
import { type ResourceNames, resourceNames } from "../../template/schema/collab.ts";
import { type LoadedCollab, loadCollabDir } from "../collab-dir.ts";
import type { Cli } from "../commands/index.ts";
import { isSafeHost, resolveTarget } from "../deploy/target.ts";
import { UserError } from "../terminal/errors.ts";
import { type CollabApi, collabApi } from "./api.ts";

export interface RunningCollab {
  loaded: LoadedCollab;
  names: ResourceNames;
  hub: Hub;
  endpoint: string;
  api: CollabApi;
}

/** @throws UserError `not_deployed` if there is no backend Space at HF_ENDPOINT. */
export async function findRunning(dir: string, cli: Cli): Promise<RunningCollab> {
  const loaded = await loadCollabDir(resolve(cli.cwd, dir), { cwd: cli.cwd });
  const target = await resolveTarget(cli.env);
  const hub = createHub({ endpoint: target.endpoint, token: target.token });
  const names = resourceNames(loaded.collab);
  const space = await hub.space(names.backendSpace).info();
  if (!space?.host) throw notDeployed(names.backendSpace, target.endpoint);
  requireSafeHost(space.host, target.endpoint);
  return {
    loaded,
    names,
    hub,
    endpoint: target.endpoint,
    api: collabApi({ url: space.host, token: target.token }),
  };
}

function notDeployed(id: string, endpoint: string): UserError {
  return new UserError({
    code: "not_deployed",
    message: `There is no running backend ${id} at ${endpoint}.`,
    fix: "Run `agent-collab deploy`; for a collab of `agent-collab dev`, set HF_ENDPOINT and HF_TOKEN as its banner says.",
  });
}

/** The token goes to this address: it must be encrypted, or on this machine as the Hub itself is. */
function requireSafeHost(host: string, endpoint: string): void {
  if (isSafeHost(host, endpoint)) return;
  throw new UserError({
    code: "unsafe_url",
    message: `The Hub names ${host} as the backend's address, and a token must not be sent there.`,
    fix: "Check HF_ENDPOINT.",
  });
}
