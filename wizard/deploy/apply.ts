/**
 * Carries a plan out. Every step can be repeated and leaves a state from which the next run continues:
 * a cut-off deployment is finished by running it again.
 */
import { HubError } from "../../template/hub/errors.ts";
import type { Hub, HubSpace } from "../../template/hub/types.ts";
import { EXIT, UserError } from "../terminal/errors.ts";
import { planAdvice } from "./checks/orgs.ts";
import type { Desired, DesiredSpace, Seed } from "./desired.ts";
import type { Existing } from "./existing.ts";
import { readSeeds } from "./existing.ts";
import { type BucketItem, planSeeds, type SeedsItem, type SpaceItem } from "./plan.ts";
import { waitUntilReady } from "./ready.ts";

export interface ApplyOptions {
  hub: Hub;
  desired: Desired;
  existing: Existing;
  plan: { buckets: BucketItem[]; space: SpaceItem };
  timeoutMs: number;
  /** One line a step, for people. */
  progress: (line: string) => void;
  signal?: AbortSignal;
}

export interface Applied {
  backendUrl: string;
  seeds: SeedsItem[];
}

/** The Space without code, buckets, files of the buckets (they name the Space's address), then its code. */
export async function apply(options: ApplyOptions): Promise<Applied> {
  const { hub, desired, existing, plan, progress, signal } = options;
  signal?.throwIfAborted();
  // First what is most likely to be refused: a Space needs a plan. Without code it does not run yet.
  const space = hub.space(desired.backend.id);
  if (plan.space.action === "create") {
    await createSpace(space, desired.backend, hub.endpoint);
    progress(`created Space ${space.id}`);
  }
  for (const item of plan.buckets) {
    signal?.throwIfAborted();
    if (item.action !== "create") continue;
    const wanted = desired.buckets.find((bucket) => bucket.id === item.id);
    const { created } = await hub.bucket(item.id).create({ private: wanted?.private ?? true });
    if (!created) throw changedMeanwhile(item.id);
    progress(`created ${item.purpose} ${item.id}`);
  }
  const host = existing.space?.host ?? (await hostOf(space, signal));

  signal?.throwIfAborted();
  const seeds = await desired.seeds(host);
  const seedItems = planSeeds(seeds, await readSeeds(hub, seeds), new Set());
  for (const item of seedItems) {
    if (await writeSeeds(hub, item, seeds)) progress(`wrote ${item.changes.join(", ")} to ${item.id}`);
  }

  signal?.throwIfAborted();
  if (plan.space.action !== "unchanged") {
    await updateSpace(space, desired.backend, plan.space, existing.space?.sha ?? null, progress);
  }
  await waitUntilReady({
    space,
    host,
    healthPath: desired.backend.healthPath,
    readyPath: desired.backend.readyPath,
    version: desired.backend.version,
    timeoutMs: options.timeoutMs,
    progress,
    signal,
  });
  return { backendUrl: host, seeds: seedItems };
}

async function createSpace(space: HubSpace, wanted: DesiredSpace, endpoint: string): Promise<void> {
  const { sdk, secrets, variables } = wanted;
  try {
    const { created } = await space.create({ sdk, private: wanted.private, secrets, variables });
    if (!created) throw changedMeanwhile(space.id);
  } catch (error) {
    if (!(error instanceof HubError) || error.status !== 402) throw error;
    throw new UserError({
      code: "plan_needed",
      message: `The Hub wants a paid plan for the ${sdk} Space ${space.id}. Nothing was made.`,
      fix: planAdvice(endpoint, space.id.split("/")[0] ?? ""),
      exitCode: EXIT.inputNeeded,
      cause: error,
    });
  }
}

const HOST_TIMEOUT_MS = 60_000;
const HOST_POLL_MS = 1_000;

/** The Hub decides where a Space answers, and may need a moment for it. */
async function hostOf(space: HubSpace, signal: AbortSignal | undefined): Promise<string> {
  const deadline = Date.now() + HOST_TIMEOUT_MS;
  for (;;) {
    const info = await space.info();
    if (info?.host) return info.host;
    signal?.throwIfAborted();
    if (Date.now() > deadline) {
      throw new UserError({
        code: "space_without_host",
        message: `The Hub does not say where the Space ${space.id} answers.`,
        fix: "Run `agent-collab deploy` again in a few minutes.",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, HOST_POLL_MS));
  }
}

async function writeSeeds(hub: Hub, item: SeedsItem, seeds: readonly Seed[]): Promise<boolean> {
  const wanted = new Set(item.put);
  const bucket = hub.bucket(item.id);
  const files: Seed[] = [];
  for (const seed of seeds) {
    if (seed.bucket !== item.id || !wanted.has(seed.path)) continue;
    // The backend may have made it since it was looked for, and then it is the backend's.
    if (seed.when === "absent" && (await bucket.stat([seed.path])).size > 0) continue;
    files.push(seed);
  }
  await bucket.write(files);
  return files.length > 0;
}

/**
 * Each setting restarts a running Space and so does the commit, so the commit comes last. A secret goes
 * before the fingerprint that vouches for it.
 */
async function updateSpace(
  space: HubSpace,
  wanted: DesiredSpace,
  item: SpaceItem,
  head: string | null,
  progress: (line: string) => void,
): Promise<void> {
  if (item.action === "update") {
    for (const key of item.setSecrets) await space.setSecret(key, wanted.secrets[key] ?? "");
    for (const key of item.setVariables) await space.setVariable(key, wanted.variables[key] ?? "");
    if (item.setSecrets.length + item.setVariables.length > 0) {
      progress(`set ${[...item.setSecrets, ...item.setVariables].join(", ")} of ${space.id}`);
    }
  }
  if (item.put.length + item.delete.length > 0) {
    const put = wanted.files.filter((file) => item.put.includes(file.path));
    const parent = head ?? (await space.info())?.sha ?? undefined;
    const message = `Deploy version ${wanted.version}`;
    await space
      .commit({ message, put, delete: item.delete, ...(parent && { parent }) })
      .catch((error: unknown) => {
        // Somebody committed since the plan was made.
        const refused = error instanceof HubError && (error.status === 409 || error.status === 412);
        throw refused ? changedMeanwhile(space.id) : error;
      });
    progress(`committed version ${wanted.version} to ${space.id}`);
  }
  if (item.restart) {
    await space.restart();
    progress(`restarted ${space.id}`);
  }
}

function changedMeanwhile(id: string): UserError {
  return new UserError({
    code: "changed_meanwhile",
    message: `${id} was changed by somebody else while this deployment ran.`,
    fix: "Perhaps another deployment is running. Wait for it to end and run `agent-collab deploy` again.",
  });
}
