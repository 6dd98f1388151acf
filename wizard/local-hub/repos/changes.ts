/** Tells other parts of the hub when a repository changed: Spaces start, restart and stop with them. */
import type { HubContext } from "../context.ts";
import type { Repo } from "./store.ts";

/** What a client asks for when it creates a Space; checked by `checkSpaceCreation`. */
export type SpaceCreation = Record<string, unknown>;

export type RepoChange =
  | { type: "created"; repo: Repo; creation: SpaceCreation }
  | { type: "committed" | "deleted" | "moved"; repo: Repo };

type Listener = (change: RepoChange) => Promise<void> | void;

const listeners = new WeakMap<HubContext, Listener[]>();

export function onRepoChange(hub: HubContext, listener: Listener): void {
  listeners.set(hub, [...(listeners.get(hub) ?? []), listener]);
}

/** Resolves when every listener has taken note; they do lengthy work later. */
export async function announce(hub: HubContext, change: RepoChange): Promise<void> {
  for (const listener of listeners.get(hub) ?? []) await listener(change);
}
