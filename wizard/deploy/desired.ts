/** What a collab wants to exist on the Hub. */
import type { BucketFile } from "../../template/hub/types.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { bucketSeeds } from "../scaffold/bucket-seeds.ts";
import type { CollabFolders } from "./folders/collab-folders.ts";
import type { ReadFolder } from "./folders/read-folder.ts";
import { OWNER_FILE, OWNER_VARIABLE, ownerFile, ownerOf } from "./ownership.ts";
import { fingerprint, fingerprintVariable } from "./secrets.ts";
import { backendFiles } from "./space-files/backend.ts";
import { evalFiles } from "./space-files/eval.ts";
import type { SpaceFile } from "./space-files/files.ts";

export interface DesiredBucket {
  id: string;
  purpose: string;
  private: boolean;
}

export interface DesiredSpace {
  id: string;
  purpose: string;
  sdk: "docker" | "static";
  private: boolean;
  files: SpaceFile[];
  version: string;
  secrets: Record<string, string>;
  /** Fingerprints of the secrets and the ownership mark included. */
  variables: Record<string, string>;
  /** Where the running Space says its version. */
  healthPath: string;
  /** Answers 200 once it takes requests; without it, health is all there is to ask. */
  readyPath?: string;
}

/** A Space that is told where the backend answers, which the Hub decides when it makes the backend. */
export interface FollowerSpace {
  id: string;
  purpose: string;
  build(backendUrl: string): DesiredSpace;
}

/** A folder of a bucket that holds exactly these files. */
export interface DesiredFolder {
  bucket: string;
  prefix: string;
  purpose: string;
  /** `path` begins with `prefix`. */
  files: SpaceFile[];
}

/** A file of a bucket. `absent`: only if it is not there, since the backend or a person owns it afterwards. */
export interface Seed extends BucketFile {
  bucket: string;
  when: "always" | "absent";
}

export interface Desired {
  owner: string;
  buckets: DesiredBucket[];
  backend: DesiredSpace;
  followers: FollowerSpace[];
  folders: DesiredFolder[];
  /** Files that go into the buckets; those of participants name the backend, whose address the Hub decides. */
  seeds: (backendUrl: string) => Promise<Seed[]>;
}

export interface DesiredOptions {
  loaded: LoadedCollab;
  folders: CollabFolders;
  /** The token with which the Spaces work. */
  spaceToken: string;
  endpoint: string;
  /** Variables that every Space gets besides. */
  variables?: Record<string, string>;
}

/** Everything is computed before anything is touched, so that a file edited meanwhile changes nothing. */
export async function desiredState(options: DesiredOptions): Promise<Desired> {
  const { loaded, folders } = options;
  const names = resourceNames(loaded.collab);
  const owner = ownerOf(loaded.collab);
  return {
    owner,
    buckets: [
      { id: names.auditBucket, purpose: "audit bucket", private: true },
      { id: names.centralBucket, purpose: "central bucket", private: false },
    ],
    backend: await desiredBackend(options),
    followers: loaded.collab.verification.mode === "eval-space" ? [await evalSpace(options)] : [],
    folders: [
      ...desiredFolder(names.centralBucket, "harness", folders.harness),
      ...desiredFolder(names.auditBucket, "private data", folders.privateData),
    ],
    seeds: async (backendUrl) => {
      const central = await bucketSeeds(loaded, { backendUrl, endpoint: options.endpoint });
      const seeds = central.map(({ seedOnlyIfAbsent, ...file }): Seed => {
        return { ...file, bucket: names.centralBucket, when: seedOnlyIfAbsent ? "absent" : "always" };
      });
      const mark = { path: OWNER_FILE, content: ownerFile(owner), when: "always" } as const;
      return [{ ...mark, bucket: names.auditBucket }, { ...mark, bucket: names.centralBucket }, ...seeds];
    },
  };
}

async function desiredBackend({ loaded, ...options }: DesiredOptions): Promise<DesiredSpace> {
  const { backendSpace: id } = resourceNames(loaded.collab);
  const secrets = { HF_TOKEN: options.spaceToken };
  const variables = {
    ...options.variables,
    [OWNER_VARIABLE]: ownerOf(loaded.collab),
    ...fingerprints(id, secrets),
  };
  const { files, version } = await backendFiles(loaded, variables);
  return {
    id,
    purpose: "backend",
    sdk: "docker",
    private: false,
    files,
    version,
    secrets,
    variables,
    healthPath: "/v1/healthz",
    readyPath: "/v1/readyz",
  };
}

async function evalSpace({ loaded, folders, ...options }: DesiredOptions): Promise<FollowerSpace> {
  const { evalSpace: id, centralBucket } = resourceNames(loaded.collab);
  const about = { id, purpose: "eval Space" };
  const secrets = { HF_TOKEN: options.spaceToken };
  const withSettings = await evalFiles(loaded, folders.evaluator?.ok ? folders.evaluator.files : []);
  return {
    ...about,
    build: (backendUrl) => {
      const variables = {
        ...options.variables,
        BACKEND_API_URL: backendUrl,
        CENTRAL_BUCKET: centralBucket,
        [OWNER_VARIABLE]: ownerOf(loaded.collab),
        ...fingerprints(id, secrets),
      };
      const { files, version } = withSettings(variables);
      return {
        ...about,
        sdk: "docker",
        private: true,
        files,
        version,
        secrets,
        variables,
        healthPath: "/healthz",
      };
    },
  };
}

function desiredFolder(bucket: string, purpose: string, folder: ReadFolder | undefined): DesiredFolder[] {
  return folder?.ok ? [{ bucket, purpose, prefix: folder.prefix, files: folder.files }] : [];
}

function fingerprints(spaceId: string, secrets: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([key, value]) => [
      fingerprintVariable(key),
      fingerprint(spaceId, key, value),
    ]),
  );
}
