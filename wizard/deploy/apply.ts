/**
 * Carries a plan out. Every step can be repeated and leaves a state from which the next run continues:
 * a cut-off deployment is finished by running it again.
 */
import { HubError } from "../../template/hub/errors.ts";
import type { Hub, HubSpace } from "../../template/hub/types.ts";
import { actionRequired, UserError } from "../terminal/errors.ts";
import { changedMeanwhile } from "./changed.ts";
import { planAdvice } from "./checks/orgs.ts";
import type { Desired, DesiredSpace, Seed } from "./desired.ts";
import type { Existing } from "./existing.ts";
import { readFolders, readSeeds } from "./existing.ts";
import { uploadFolder } from "./folders/upload.ts";
import { type BucketItem, planFolders, planSeeds, planSpace, type SpaceItem } from "./plan.ts";
import { waitUntilReady } from "./ready.ts";
import type { Steps } from "./steps.ts";
import { isSafeHost } from "./target.ts";

export interface ApplyOptions {
  hub: Hub;
  desired: Desired;
  existing: Existing;
  plan: { buckets: BucketItem[]; space: SpaceItem; followers: SpaceItem[] };
  /** Until the Spaces answer with the new version; `false` does not wait for that. */
  wait: boolean;
  timeoutMs: number;
  /** Told of what is done, and of what is waited for. */
  steps: Steps;
  signal?: AbortSignal;
}

/**
 * The backend's Space without code, buckets, the other Spaces, files of the buckets (they name the backend's
 * address), then the code of the Spaces. Returns where the backend answers.
 */
export async function apply(options: ApplyOptions): Promise<string> {
  const { hub, desired, existing, plan, steps, signal } = options;
  signal?.throwIfAborted();
  // First what is most likely to be refused: a Space needs a plan. Without code it does not run yet.
  const space = hub.space(desired.backend.id);
  if (plan.space.action === "create") await createSpace(space, desired.backend, options);
  for (const item of plan.buckets) {
    signal?.throwIfAborted();
    if (item.action !== "create") continue;
    const wanted = desired.buckets.find((bucket) => bucket.id === item.id);
    const { created } = await hub.bucket(item.id).create({ private: wanted?.private ?? true });
    if (!created) throw changedMeanwhile(item.id);
    steps.made("bucket", item.id, `created ${item.purpose} ${item.id}`);
  }
  const host = existing.spaces.get(space.id)?.host ?? (await hostOf(space, signal));
  const followers = desired.followers.map((follower) => follower.build(host));
  for (const follower of followers) {
    signal?.throwIfAborted();
    if (!existing.spaces.has(follower.id)) await createSpace(hub.space(follower.id), follower, options);
  }

  signal?.throwIfAborted();
  await writeSeeds(await desired.seeds(host), options);
  await writeFolders(options);

  signal?.throwIfAborted();
  // The backend first: the others ask it.
  const commits = await updateSpace(desired.backend, plan.space, options);
  if (options.wait) await ready(desired.backend, { host, commits }, options);
  for (const follower of followers) {
    signal?.throwIfAborted();
    // Planned anew: the backend may answer elsewhere than it did before.
    const item = planSpace(follower, existing.spaces.get(follower.id) ?? null, desired.owner, {
      adopt: true,
    });
    const commits = await updateSpace(follower, item, options);
    if (!options.wait) continue;
    const known = existing.spaces.get(follower.id)?.host;
    const host = known ?? (await hostOf(hub.space(follower.id), signal));
    await ready(follower, { host, commits }, options);
  }
  return host;
}

async function createSpace(
  space: HubSpace,
  wanted: DesiredSpace,
  { hub, steps }: ApplyOptions,
): Promise<void> {
  const { sdk, secrets, variables } = wanted;
  try {
    const { created } = await space.create({ sdk, private: wanted.private, secrets, variables });
    if (!created) throw changedMeanwhile(space.id);
  } catch (error) {
    if (!(error instanceof HubError) || error.status !== 402) throw error;
    throw actionRequired({
      code: "plan_needed",
      message: `The Hub wants a paid plan for the ${sdk} Space ${space.id}.`,
      fix: planAdvice(hub.endpoint, space.id.split("/")[0] ?? ""),
      reason: "plan_needed",
      next: [
        { command: "agent-collab deploy --yes", when: "there is a plan, or another place for the Space" },
      ],
      cause: error,
    });
  }
  steps.made("space", space.id, `created Space ${space.id}`);
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

async function writeSeeds(seeds: readonly Seed[], { hub, steps }: ApplyOptions): Promise<void> {
  for (const item of planSeeds(seeds, await readSeeds(hub, seeds), new Set())) {
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
    if (files.length > 0) steps.did(`wrote ${item.changes.join(", ")} to ${item.id}`);
  }
}

/** Planned anew: a run that was cut off, or another one, may have brought some of the files. */
async function writeFolders({ hub, desired, steps, signal }: ApplyOptions): Promise<void> {
  for (const folder of desired.folders) {
    signal?.throwIfAborted();
    const [item] = planFolders([folder], await readFolders(hub, [folder]));
    if (!item || item.action === "unchanged") continue;
    await uploadFolder(hub.bucket(folder.bucket), folder, item, signal);
    steps.did(`brought the ${item.purpose} to ${item.id}: ${item.changes.join("; ")}`);
  }
}

/**
 * Each setting restarts a running Space and so does the commit, so the commit comes last. A secret goes
 * before the fingerprint that vouches for it. Returns the commits that it may run, until somebody else makes one.
 */
async function updateSpace(
  wanted: DesiredSpace,
  item: SpaceItem,
  { hub, existing, steps }: ApplyOptions,
): Promise<string[]> {
  const space = hub.space(wanted.id);
  const commits: string[] = [];
  const head = existing.spaces.get(wanted.id)?.sha ?? (await space.info())?.sha;
  if (head) commits.push(head);
  if (item.action === "update") {
    for (const key of item.setSecrets) await space.setSecret(key, wanted.secrets[key] ?? "");
    for (const key of item.setVariables) await space.setVariable(key, wanted.variables[key] ?? "");
    if (item.setSecrets.length + item.setVariables.length > 0) {
      steps.did(`set ${[...item.setSecrets, ...item.setVariables].join(", ")} of ${space.id}`);
    }
  }
  if (item.put.length + item.delete.length > 0) {
    const put = wanted.files.filter((file) => item.put.includes(file.path));
    const message = `Deploy version ${wanted.version}`;
    const { oid } = await space
      .commit({ message, put, delete: item.delete, ...(head && { parent: head }) })
      .catch((error: unknown) => {
        // Somebody committed since the plan was made.
        const refused = error instanceof HubError && (error.status === 409 || error.status === 412);
        throw refused ? changedMeanwhile(space.id) : error;
      });
    commits.push(oid);
    steps.did(`committed version ${wanted.version} to ${space.id}`);
  }
  if (item.restart) {
    await space.restart();
    steps.did(`restarted ${space.id}`);
  }
  return commits;
}

async function ready(
  wanted: DesiredSpace,
  { host, commits }: { host: string; commits: readonly string[] },
  options: ApplyOptions,
): Promise<void> {
  const { hub, timeoutMs, steps, signal } = options;
  await waitUntilReady({
    space: hub.space(wanted.id),
    host,
    // A private Space answers nobody who may not see it.
    ...(wanted.private && isSafeHost(host, hub.endpoint) && { token: wanted.secrets.HF_TOKEN }),
    healthPath: wanted.healthPath,
    readyPath: wanted.readyPath,
    version: wanted.version,
    commits,
    timeoutMs,
    progress: (line) => steps.waiting(line),
    signal,
  });
}
