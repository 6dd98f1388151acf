/** The deployment of a collab as one library call: preflight, plan, apply. The commands only print. */
import { createHub } from "../../template/hub/client.ts";
import type { HubClientOptions, Whoami } from "../../template/hub/types.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { EXIT, UserError } from "../terminal/errors.ts";
import { apply } from "./apply.ts";
import type { CheckResult } from "./checks/check.ts";
import { desiredState } from "./desired.ts";
import { readExisting, readFolders, readSeeds } from "./existing.ts";
import { readCollabFolders } from "./folders/collab-folders.ts";
import {
  NO_ADDRESS,
  type PlanItem,
  type PlanOptions,
  planFolders,
  planResources,
  planSeeds,
} from "./plan.ts";
import { requirePassed, runPreflight } from "./preflight.ts";
import { Steps } from "./steps.ts";
import { HUGGING_FACE, isLocalEndpoint, type Target } from "./target.ts";

export interface DeployOptions extends PlanOptions {
  loaded: LoadedCollab;
  target: Target;
  /** With which the backend works, and where it comes from; default: the deployer's. */
  spaceToken?: { token: string; source: string };
  /** Accept a token for the backend that reaches all its owner can. Default: on a local hub only. */
  allowBroadToken?: boolean;
  /** Until the Space must answer with the new version. */
  timeoutMs?: number;
  /** `false`: everything is brought to the Hub, and nobody waits for the Spaces to start. Default: wait. */
  wait?: boolean;
  /** On this machine, to look at it: private data may still be missing. */
  rehearsal?: boolean;
  progress?: (line: string) => void;
  signal?: AbortSignal;
  /** For tests and tracing. */
  http?: Partial<HubClientOptions>;
}

export interface Deployment {
  caller: Whoami;
  endpoint: string;
  /** What was looked at first; none of them failed. */
  checks: CheckResult[];
  plan: PlanItem[];
  /** Is there anything to do? */
  changes: boolean;
  version: string;
  /**
   * Carries the plan out; returns the backend's address once it answers. A failure says what was done before
   * it, and its `data` what exists.
   */
  apply(): Promise<{ backendUrl: string }>;
}

const READY_TIMEOUT_MS = { local: 60_000, hub: 20 * 60_000 };
/** After a failure the Hub is asked once more what exists; if it does not say soon, that is the answer. */
const LAST_LOOK = { timeoutMs: 5_000, attempts: 1 };

/** Reads and compares; touches nothing. Throws `UserError` when it cannot go on. */
export async function prepareDeployment(options: DeployOptions): Promise<Deployment> {
  const { target, loaded, progress = () => {} } = options;
  const { signal } = options;
  const hub = createHub({ ...options.http, endpoint: target.endpoint, token: target.token, signal });
  const folders = await readCollabFolders(loaded);
  const { caller, checks } = await runPreflight({
    ...options,
    hub,
    folders,
    allowBroadToken: options.allowBroadToken ?? isLocalEndpoint(target.endpoint),
  });
  requirePassed(checks);
  const desired = await desiredState({
    loaded,
    folders,
    endpoint: target.endpoint,
    spaceToken: options.spaceToken?.token ?? target.token,
    variables: spaceVariables(target.endpoint),
  });
  const existing = await readExisting(hub, desired);
  // Before the Space exists its address is not known, nor are the files and settings that name it.
  const backendUrl = existing.spaces.get(desired.backend.id)?.host ?? null;
  const resources = planResources(desired, existing, backendUrl, options);
  const plan: PlanItem[] = [
    ...resources.buckets,
    resources.space,
    ...resources.followers,
    ...(await seedsPlan()),
    ...(await foldersPlan()),
  ];

  return {
    caller,
    endpoint: target.endpoint,
    checks,
    plan,
    changes: plan.some((item) => item.action !== "unchanged"),
    version: desired.backend.version,
    async apply() {
      refuseBlocked(plan);
      const local = isLocalEndpoint(target.endpoint);
      const timeoutMs = options.timeoutMs ?? (local ? READY_TIMEOUT_MS.local : READY_TIMEOUT_MS.hub);
      const steps = new Steps(progress);
      const { wait = true } = options;
      try {
        const work = { hub, desired, existing, plan: resources, wait, timeoutMs, steps, signal };
        return { backendUrl: await apply(work) };
      } catch (error) {
        const looking = createHub({ ...target, ...LAST_LOOK });
        throw await steps.failure(error, looking, plan, signal?.aborted ?? false);
      }
    },
  };

  async function seedsPlan() {
    const there = desired.buckets.filter((bucket) => existing.buckets.has(bucket.id)).map(({ id }) => id);
    const missing = new Set(desired.buckets.map(({ id }) => id).filter((id) => !there.includes(id)));
    const files = await desired.seeds(backendUrl ?? NO_ADDRESS);
    const inThere = files.filter((file) => there.includes(file.bucket));
    return planSeeds(files, await readSeeds(hub, inThere), missing);
  }

  async function foldersPlan() {
    const there = desired.folders.filter(({ bucket }) => existing.buckets.has(bucket));
    return planFolders(desired.folders, await readFolders(hub, there));
  }
}

/** A local hub gives its own address to the Spaces it runs; it changes with its port. */
function spaceVariables(endpoint: string): Record<string, string> {
  return endpoint === HUGGING_FACE || isLocalEndpoint(endpoint) ? {} : { HF_ENDPOINT: endpoint };
}

function refuseBlocked(plan: readonly PlanItem[]): void {
  const blocked = plan.filter((item) => item.action === "blocked");
  if (blocked.length === 0) return;
  throw new UserError({
    code: "blocked",
    message: ["Nothing was changed."]
      .concat(blocked.map((item) => `${item.id}: ${item.changes.join("; ")}.`))
      .join("\n"),
    exitCode: EXIT.failed,
    data: { blocked: blocked.map(({ kind, id, changes }) => ({ kind, id, changes })) },
  });
}
