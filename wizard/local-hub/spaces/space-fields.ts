/** What the API says about a running Space. */
import type { HubContext } from "../context.ts";
import type { Repo } from "../repos/store.ts";
import { spaceHost } from "./space-environment.ts";
import { readSpace, type SpaceState } from "./space-store.ts";
import { spacesOf } from "./spaces.ts";

const EVERY_INTERFACE = ["0.0.0.0", "::"];

/**
 * Base URL of a Space; `null` until it has an address. A hub that listens on every interface is reached under
 * several names: then `requested`, the host name that the client used, is the one it can reach the Space by.
 */
export function spaceUrl(hub: HubContext, repo: Repo, requested?: string): string | null {
  const port = readSpace(hub, repo.oid)?.port ?? null;
  if (port === null) return null;
  const named = requested !== undefined && EVERY_INTERFACE.includes(hub.host);
  return named ? `http://${requested}:${port}` : `http://${spaceHost(hub, port)}`;
}

export const subdomain = (id: string): string => id.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** `host`, `subdomain` and `runtime` of the info of a Space. */
export function spaceFields(hub: HubContext, repo: Repo, requested?: string): Record<string, unknown> {
  return {
    host: spaceUrl(hub, repo, requested),
    subdomain: subdomain(repo.id),
    runtime: spaceRuntime(hub, repo),
  };
}

export function spaceRuntime(hub: HubContext, repo: Repo): Record<string, unknown> {
  const runner = spacesOf(hub).runner(repo);
  const state = readSpace(hub, repo.oid) as SpaceState;
  const isUp = runner.runningSha !== null;
  return {
    stage: runner.stage,
    hardware: { current: isUp ? state.hardware : null, requested: state.hardware },
    storage: null,
    gcTimeout: state.sleepSeconds < 0 ? null : state.sleepSeconds,
    replicas: { current: isUp ? 1 : 0, requested: 1 },
    devMode: false,
    domains: [{ domain: spaceHost(hub, state.port ?? 0), stage: "READY" }],
    ...(runner.runningSha === null ? {} : { sha: runner.runningSha }),
    ...(runner.errorMessage === null ? {} : { errorMessage: runner.errorMessage }),
  };
}
