/** What is on the Hub now, as far as a deployment cares. Reads only. */
import type { BucketEntry, Hub, HubBucket } from "../../template/hub/types.ts";
import type { Desired, DesiredFolder, Seed } from "./desired.ts";
import { OWNER_FILE, readOwnerFile } from "./ownership.ts";

export interface ExistingBucket {
  private: boolean;
  empty: boolean;
  /** `null`: no mark of any collab. */
  owner: string | null;
}

export interface ExistingSpace {
  private: boolean;
  host: string | null;
  sdk: string | null;
  /** Head commit. */
  sha: string | null;
  stage: string;
  /** Path to git blob id. */
  files: Map<string, { oid: string; size: number }>;
  variables: Map<string, string>;
  secretKeys: Set<string>;
}

export interface Existing {
  buckets: Map<string, ExistingBucket>;
  spaces: Map<string, ExistingSpace>;
}

export async function readExisting(hub: Hub, desired: Desired): Promise<Existing> {
  const spaceIds = [desired.backend.id, ...desired.followers.map(({ id }) => id)];
  const [spaces, buckets] = await Promise.all([
    present(spaceIds, (id) => readSpace(hub, id)),
    present(
      desired.buckets.map(({ id }) => id),
      (id) => readBucket(hub, id),
    ),
  ]);
  return { buckets, spaces };
}

async function present<T>(ids: readonly string[], read: (id: string) => Promise<T | null>) {
  const found = await Promise.all(ids.map(async (id) => [id, await read(id)] as const));
  return new Map(found.flatMap(([id, thing]) => (thing === null ? [] : [[id, thing] as const])));
}

async function readBucket(hub: Hub, id: string): Promise<ExistingBucket | null> {
  const bucket = hub.bucket(id);
  const info = await bucket.info();
  if (!info) return null;
  const ownerNow = async () => readOwnerFile(await bucket.readText(OWNER_FILE, { maxBytes: 10_000 }));
  const owner = await ownerNow();
  const empty = owner === null && (await isEmpty(bucket));
  // Whoever fills a bucket marks it first: what was filled since we looked for the mark has one now.
  return { private: info.private, owner: owner ?? (empty ? null : await ownerNow()), empty };
}

/** Asked of the listing: the counts in a bucket's description may lag behind. */
async function isEmpty(bucket: HubBucket): Promise<boolean> {
  return (await bucket.newest(1)).length === 0;
}

async function readSpace(hub: Hub, id: string): Promise<ExistingSpace | null> {
  const space = hub.space(id);
  const info = await space.info();
  if (!info) return null;
  const [files, variables, secretKeys] = await Promise.all([
    space.files(),
    space.variables(),
    space.secretKeys(),
  ]);
  const { host, sdk, sha, runtime } = info;
  return { private: info.private, host, sdk, sha, stage: runtime.stage, files, variables, secretKeys };
}

/** The files of `seeds` that are in their buckets, by `bucket\0path`. */
export async function readSeeds(hub: Hub, seeds: readonly Seed[]): Promise<Map<string, BucketEntry>> {
  const found = new Map<string, BucketEntry>();
  for (const id of new Set(seeds.map((seed) => seed.bucket))) {
    const paths = seeds.filter((seed) => seed.bucket === id).map((seed) => seed.path);
    for (const [path, entry] of await hub.bucket(id).stat(paths)) found.set(seedKey(id, path), entry);
  }
  return found;
}

export const seedKey = (bucket: string, path: string) => `${bucket}\0${path}`;

/** Every file in the folders, by folder (`seedKey` of bucket and prefix) and path. */
export async function readFolders(
  hub: Hub,
  folders: readonly DesiredFolder[],
): Promise<Map<string, Map<string, BucketEntry>>> {
  const found = new Map<string, Map<string, BucketEntry>>();
  for (const { bucket, prefix } of folders) {
    const entries = new Map<string, BucketEntry>();
    for await (const entry of hub.bucket(bucket).list(prefix)) entries.set(entry.path, entry);
    found.set(seedKey(bucket, prefix), entries);
  }
  return found;
}
