/** What a collab wants to exist on the Hub. */
import type { BucketFile } from "../../template/hub/types.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { bucketSeeds } from "../scaffold/bucket-seeds.ts";
import { OWNER_FILE, OWNER_VARIABLE, ownerFile, ownerOf } from "./ownership.ts";
import { fingerprint, fingerprintVariable } from "./secrets.ts";
import { backendFiles } from "./space-files/backend.ts";
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
  /** Answers 200 once it takes requests. */
  readyPath: string;
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
  /** Files that go into the buckets; those of participants name the backend, whose address the Hub decides. */
  seeds: (backendUrl: string) => Promise<Seed[]>;
}

export interface DesiredOptions {
  loaded: LoadedCollab;
  /** The token with which the backend works. */
  spaceToken: string;
  endpoint: string;
  /** Variables that every Space gets besides. */
  variables?: Record<string, string>;
}

/** Everything is computed before anything is touched, so that a file edited meanwhile changes nothing. */
export async function desiredState(options: DesiredOptions): Promise<Desired> {
  const { collab } = options.loaded;
  const names = resourceNames(collab);
  const owner = ownerOf(collab);
  const secrets = { HF_TOKEN: options.spaceToken };
  const variables = {
    ...options.variables,
    [OWNER_VARIABLE]: owner,
    ...fingerprints(names.backendSpace, secrets),
  };
  const { files, version } = await backendFiles(options.loaded, variables);
  return {
    owner,
    buckets: [
      { id: names.auditBucket, purpose: "audit bucket", private: true },
      { id: names.centralBucket, purpose: "central bucket", private: false },
    ],
    backend: {
      id: names.backendSpace,
      purpose: "backend",
      sdk: "docker",
      private: false,
      files,
      version,
      secrets,
      variables,
      healthPath: "/v1/healthz",
      readyPath: "/v1/readyz",
    },
    seeds: async (backendUrl) => {
      const central = await bucketSeeds(options.loaded, { backendUrl, endpoint: options.endpoint });
      const seeds = central.map(({ seedOnlyIfAbsent, ...file }): Seed => {
        return { ...file, bucket: names.centralBucket, when: seedOnlyIfAbsent ? "absent" : "always" };
      });
      const mark = { path: OWNER_FILE, content: ownerFile(owner), when: "always" } as const;
      return [{ ...mark, bucket: names.auditBucket }, { ...mark, bucket: names.centralBucket }, ...seeds];
    },
  };
}

function fingerprints(spaceId: string, secrets: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([key, value]) => [
      fingerprintVariable(key),
      fingerprint(spaceId, key, value),
    ]),
  );
}
