/** From what is wanted and what exists to what is to do. Pure: nothing here asks or touches the Hub. */
import { createHash } from "node:crypto";
import type { BucketEntry } from "../../template/hub/types.ts";
import { SPACE_STAGES_FAILED } from "../../template/hub/types.ts";
import { pack } from "../../template/hub/xet/pack.ts";
import { plural } from "../terminal/text.ts";
import type { Desired, DesiredBucket, DesiredFolder, DesiredSpace, FollowerSpace, Seed } from "./desired.ts";
import { type Existing, type ExistingBucket, type ExistingSpace, seedKey } from "./existing.ts";
import { OWNER_VARIABLE } from "./ownership.ts";
import { fingerprintVariable } from "./secrets.ts";

export const ACTIONS = ["create", "update", "unchanged", "blocked"] as const;
export type Action = (typeof ACTIONS)[number];

interface ItemBase {
  id: string;
  /** What it is for, in words. */
  purpose: string;
  action: Action;
  /** What changes, one line each; why it is blocked, for `blocked`. */
  changes: string[];
}

export interface BucketItem extends ItemBase {
  kind: "bucket";
}

export interface SpaceItem extends ItemBase {
  kind: "space";
  put: string[];
  delete: string[];
  setSecrets: string[];
  setVariables: string[];
  restart: boolean;
}

export interface SeedsItem extends ItemBase {
  kind: "files";
  put: string[];
}

/** A folder of the collab directory in a bucket. */
export interface FolderItem extends ItemBase {
  kind: "folder";
  bucket: string;
  put: string[];
  delete: string[];
}

export type PlanItem = BucketItem | SpaceItem | SeedsItem | FolderItem;

export interface PlanOptions {
  /** Take over what exists without being ours. */
  adopt?: boolean;
}

/** Stands for the address of a backend that is still to be made. */
export const NO_ADDRESS = "https://backend.invalid";

/** Stages that a Space leaves only by a restart, whatever is committed to it. */
const STAGES_ASLEEP: readonly string[] = ["PAUSED", "STOPPED"];
/** Stages in which nothing answers. */
const STAGES_DOWN: readonly string[] = [...SPACE_STAGES_FAILED, ...STAGES_ASLEEP];

/**
 * Buckets first, since the backend needs them at its start. Seeds and folders are planned on their own.
 * `backendUrl` is where the backend answers; before there is one, the version of what is told it is not known.
 */
export function planResources(
  desired: Desired,
  existing: Existing,
  backendUrl: string | null,
  options: PlanOptions = {},
) {
  const space = (wanted: DesiredSpace) =>
    planSpace(wanted, existing.spaces.get(wanted.id) ?? null, desired.owner, options);
  const follower = (wanted: FollowerSpace) => {
    const item = space(wanted.build(backendUrl ?? NO_ADDRESS));
    if (backendUrl !== null || item.action !== "create") return item;
    return { ...item, changes: ["private docker Space", ...item.changes.slice(1)] };
  };
  return {
    buckets: desired.buckets.map((bucket) =>
      planBucket(bucket, existing.buckets.get(bucket.id), desired.owner, options),
    ),
    space: space(desired.backend),
    followers: desired.followers.map(follower),
  };
}

export function planBucket(
  bucket: DesiredBucket,
  existing: ExistingBucket | undefined,
  owner: string,
  { adopt = false }: PlanOptions,
): BucketItem {
  const item = (action: Action, ...changes: string[]): BucketItem => ({
    kind: "bucket",
    id: bucket.id,
    purpose: bucket.purpose,
    action,
    changes,
  });
  if (!existing) return item("create", bucket.private ? "private bucket" : "bucket");
  // An empty one holds nothing that could be lost; a deployment that was cut off leaves such.
  if (existing.owner !== owner && !existing.empty && !adopt) {
    return item("blocked", foreign("bucket", existing.owner));
  }
  if (bucket.private && !existing.private) {
    return item("blocked", "it is public, and must be private: change that in its settings on the Hub");
  }
  return item("unchanged");
}

export function planSpace(
  space: DesiredSpace,
  existing: ExistingSpace | null,
  owner: string,
  { adopt = false }: PlanOptions,
): SpaceItem {
  const paths = space.files.map((file) => file.path);
  const base = { kind: "space", id: space.id, purpose: space.purpose } as const;
  if (!existing) {
    return {
      ...base,
      action: "create",
      changes: [
        `${space.private ? "private " : ""}${space.sdk} Space, version ${space.version}`,
        `secrets: ${list(Object.keys(space.secrets))}`,
      ],
      put: paths,
      delete: [],
      setSecrets: Object.keys(space.secrets),
      setVariables: Object.keys(space.variables),
      restart: false,
    };
  }
  const idle = { put: [], delete: [], setSecrets: [], setVariables: [], restart: false };
  const found = existing.variables.get(OWNER_VARIABLE) ?? null;
  if (found !== owner && !adopt) {
    return { ...base, ...idle, action: "blocked", changes: [foreign("Space", found)] };
  }
  if (existing.sdk !== null && existing.sdk !== space.sdk && existing.files.size > 1 && !adopt) {
    const reason = `it is a ${existing.sdk} Space, and should be a ${space.sdk} one`;
    return { ...base, ...idle, action: "blocked", changes: [reason] };
  }
  if (space.private && !existing.private) {
    const reason = "it is public, and must be private: change that in its settings on the Hub";
    return { ...base, ...idle, action: "blocked", changes: [reason] };
  }
  const work = {
    put: space.files
      .filter((file) => existing.files.get(file.path)?.oid !== blobId(file.content))
      .map((file) => file.path),
    delete: [...existing.files.keys()].filter((path) => !paths.includes(path) && path !== ".gitattributes"),
    setSecrets: Object.keys(space.secrets).filter(
      (key) =>
        !existing.secretKeys.has(key) ||
        existing.variables.get(fingerprintVariable(key)) !== space.variables[fingerprintVariable(key)],
    ),
    setVariables: Object.keys(space.variables).filter(
      (key) => existing.variables.get(key) !== space.variables[key],
    ),
  };
  const touched = Object.values(work).some((names) => names.length > 0);
  const restart = (touched ? STAGES_ASLEEP : STAGES_DOWN).includes(existing.stage);
  const changes = [
    ...(work.put.length > 0 ? [`files: ${list(work.put)}`] : []),
    ...(work.delete.length > 0 ? [`removes: ${list(work.delete)}`] : []),
    ...(work.setSecrets.length > 0 ? [`secrets: ${list(work.setSecrets)}`] : []),
    ...(work.setVariables.length > 0 ? [`variables: ${list(work.setVariables)}`] : []),
    ...(restart ? [`restart: it is ${existing.stage}`] : []),
  ];
  return { ...base, ...work, restart, action: touched || restart ? "update" : "unchanged", changes };
}

/** What of the seeds is missing or different; one item a bucket. `existing` is keyed by `seedKey`. */
export function planSeeds(
  seeds: readonly Seed[],
  existing: ReadonlyMap<string, BucketEntry>,
  /** Buckets that are still to be made. */
  missing: ReadonlySet<string>,
): SeedsItem[] {
  return [...new Set(seeds.map((seed) => seed.bucket))].map((bucket) => {
    const mine = seeds.filter((seed) => seed.bucket === bucket);
    const put = mine.filter((seed) => {
      const entry = existing.get(seedKey(bucket, seed.path));
      return !entry || (seed.when === "always" && entry.xetHash !== xetHash(seed.content));
    });
    const fresh = missing.has(bucket) || mine.every((seed) => !existing.has(seedKey(bucket, seed.path)));
    return {
      kind: "files",
      id: bucket,
      purpose: "files in the bucket",
      action: put.length === 0 ? "unchanged" : fresh ? "create" : "update",
      changes: put.length === 0 ? [] : [list(put.map((seed) => seed.path))],
      put: put.map((seed) => seed.path),
    };
  });
}

/** What of a folder is missing, different, or there and no longer wanted. `existing` as `readFolders` gives it. */
export function planFolders(
  folders: readonly DesiredFolder[],
  existing: ReadonlyMap<string, ReadonlyMap<string, BucketEntry>>,
): FolderItem[] {
  return folders.map(({ bucket, prefix, purpose, files }) => {
    const there = existing.get(seedKey(bucket, prefix)) ?? new Map<string, BucketEntry>();
    const wanted = new Set(files.map(({ path }) => path));
    const put = files
      .filter(({ path, content }) => !isSame(there.get(path), content))
      .map(({ path }) => path);
    const gone = [...there.keys()].filter((path) => !wanted.has(path));
    const short = (path: string) => path.slice(prefix.length + 1);
    return {
      kind: "folder",
      id: `${bucket}/${prefix}`,
      bucket,
      purpose,
      action: put.length + gone.length === 0 ? "unchanged" : there.size === 0 ? "create" : "update",
      changes: [
        ...(put.length > 0
          ? [`${put.length} of ${plural(files.length, "file")}: ${list(put.map(short))}`]
          : []),
        ...(gone.length > 0 ? [`removes: ${list(gone.map(short))}`] : []),
      ],
      put,
      delete: gone,
    };
  });
}

/** By size first: the hash of a large file takes a while, and an empty one may have none. */
function isSame(entry: BucketEntry | undefined, content: Uint8Array): boolean {
  if (!entry || entry.size !== content.length) return false;
  return content.length === 0 || entry.xetHash === xetHash(content);
}

function foreign(what: string, owner: string | null): string {
  const whose =
    owner === null ? `this ${what} was not made by agent-collab` : `it belongs to the collab ${owner}`;
  return `${whose}: use another name under "resources" in collab.yaml, or take it over with --adopt`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

/** Git's id of a file's content, by which the Hub lists it. */
export function blobId(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** The hash under which our own packer stores a content. Another client may have stored equal bytes otherwise. */
function xetHash(content: Uint8Array | string): string | undefined {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return pack([bytes]).files[0]?.xetHash;
}
