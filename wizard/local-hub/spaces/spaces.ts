/** All Spaces of one hub. */
import type { HubContext } from "../context.ts";
import { guardOf } from "../processes/process-guard.ts";
import type { Repo } from "../repos/store.ts";
import { SpaceRunner } from "./space-runner.ts";
import { listSpaceRepos } from "./space-store.ts";

export class Spaces {
  readonly #hub: HubContext;
  readonly #runners = new Map<string, SpaceRunner>();

  constructor(hub: HubContext) {
    this.#hub = hub;
  }

  /** Starts every Space that the data folder remembers. */
  openAll(): void {
    for (const repo of listSpaceRepos(this.#hub)) {
      this.open(repo).catch((error: unknown) => this.#hub.log(`space ${repo} cannot start: ${error}`));
    }
  }

  /** Starts a Space; resolves once its address is known. */
  async open(repo: string): Promise<void> {
    const runner = new SpaceRunner(this.#hub, guardOf(this.#hub), repo);
    this.#runners.set(repo, runner);
    await runner.open();
  }

  runner(repo: Repo): SpaceRunner {
    const runner = this.#runners.get(repo.oid);
    if (runner === undefined) throw new Error(`the Space ${repo.id} has no runner`);
    return runner;
  }

  async remove(repo: Repo): Promise<void> {
    const runner = this.#runners.get(repo.oid);
    this.#runners.delete(repo.oid);
    await runner?.remove();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.close()));
  }
}

const instances = new WeakMap<HubContext, Spaces>();

export function spacesOf(hub: HubContext): Spaces {
  let spaces = instances.get(hub);
  if (spaces === undefined) {
    spaces = new Spaces(hub);
    instances.set(hub, spaces);
  }
  return spaces;
}
