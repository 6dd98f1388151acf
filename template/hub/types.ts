/**
 * The Hub as this project uses it, shared by the wizard and the Spaces. `client.ts` implements it over
 * @huggingface/hub where that is safe and over plain HTTP where it is not (hub-wire.md section 9).
 *
 * Every method retries what is safe to repeat (429, 5xx, no answer; honouring the Hub's headers), has a
 * time limit per request, and throws `HubError`.
 */

export interface HubClientOptions {
  /** No trailing slash. */
  endpoint: string;
  /** A function where the token can change (rotation). */
  token?: string | (() => string);
  fetch?: typeof fetch;
  /** Per HTTP request. Default 30 s. */
  timeoutMs?: number;
  /** Attempts per request, the first included. Default 5. */
  attempts?: number;
  sleep?: (ms: number) => Promise<void>;
  /** Once aborted, no further request is sent and no wait goes on; a request on its way is let finish. */
  signal?: AbortSignal;
  now?: () => number;
  /** Told of every HTTP request after its answer: metrics, benchmarks, `--debug`. */
  onCall?: (call: { method: string; path: string; status: number; ms: number; kind: "hub" | "cas" }) => void;
}

export interface Whoami {
  name: string;
  email: string | null;
  /** How the token was made; `unknown` shapes are reported as such, not guessed. */
  token: {
    kind: "access_token" | "oauth" | "unknown";
    role: "read" | "write" | "fineGrained" | "unknown";
    displayName: string | null;
  };
  /** For a fine-grained token: entity (`org/acme`, `user/ada`, `bucket/acme/x`) to its permissions. */
  scopes: Map<string, Set<string>>;
  orgs: { name: string; role: string | null; plan: string | null }[];
}

export interface BucketInfo {
  id: string;
  private: boolean;
  size: number;
  totalFiles: number;
}

export interface BucketEntry {
  type: "file" | "directory";
  path: string;
  size: number;
  xetHash: string | null;
  /** ISO 8601. */
  uploadedAt: string | null;
}

export interface BucketFile {
  path: string;
  content: Uint8Array | string;
  contentType?: string;
}

/** A server-side copy by content hash: no bytes are moved. */
export interface BucketCopy {
  path: string;
  xetHash: string;
  /** Where the content is now; the caller must be able to read it. */
  source: { type: "bucket" | "model" | "dataset" | "space"; id: string };
}

/** Content that is durable in Xet storage but not yet visible under a path. */
export interface StagedFiles {
  entries: readonly { path: string; xetHash: string; size: number; contentType?: string; mtimeMs: number }[];
}

export interface HubBucket {
  readonly id: string;
  /** `null` if it does not exist or may not be seen. */
  info(): Promise<BucketInfo | null>;
  /** `created: false` if it was there already. */
  create(options?: { private?: boolean }): Promise<{ created: boolean; url: string }>;
  delete(): Promise<void>;
  /** All files under `prefix` as whole path components: `runs/v1` never lists `runs/v10/…`. */
  list(prefix?: string): AsyncIterable<BucketEntry>;
  /** The newest uploads, newest first: notices out-of-band additions with one request. */
  newest(limit: number): Promise<BucketEntry[]>;
  /** Missing paths are left out. */
  stat(paths: readonly string[]): Promise<Map<string, BucketEntry>>;
  /** `null` if the file is not there. Throws `HubError` with status 413 beyond `maxBytes`. */
  read(path: string, options?: { maxBytes?: number }): Promise<Uint8Array | null>;
  readText(path: string, options?: { maxBytes?: number }): Promise<string | null>;
  /**
   * First half of a write: small files (up to a few MB in all) packed into one xorb and one shard,
   * whatever their number. Later entries of the same path win.
   */
  stage(files: readonly BucketFile[]): Promise<StagedFiles>;
  /**
   * Second half: makes staged files and copies visible, then removes `deletes`, by one batch each. Returns
   * only when every entry is in; entries that failed are retried, then `BatchFailedError`.
   * Deleting what is not there is no error.
   */
  publish(change: {
    staged?: StagedFiles;
    copies?: readonly BucketCopy[];
    deletes?: readonly string[];
  }): Promise<void>;
  /** `stage` and `publish` in one. */
  write(files: readonly BucketFile[]): Promise<void>;
}

export const SPACE_STAGES_FAILED = ["NO_APP_FILE", "CONFIG_ERROR", "BUILD_ERROR", "RUNTIME_ERROR"] as const;

export interface SpaceRuntime {
  stage: string;
  hardware: string | null;
  errorMessage: string | null;
}

export interface SpaceInfo {
  id: string;
  sdk: string | null;
  /** Commit of the head. */
  sha: string | null;
  private: boolean;
  /** Base URL where the Space answers, from the Hub: never built from the name. */
  host: string | null;
  runtime: SpaceRuntime;
}

export interface HubSpace {
  readonly id: string;
  info(): Promise<SpaceInfo | null>;
  create(options: {
    sdk: "docker" | "static" | "gradio";
    private?: boolean;
    hardware?: string;
    secrets?: Record<string, string>;
    variables?: Record<string, string>;
  }): Promise<{ created: boolean; url: string }>;
  delete(): Promise<void>;
  /** Path to blob id of every file of the head commit. The id is git's (`sha1("blob {size}\0" + bytes)`). */
  files(): Promise<Map<string, { oid: string; size: number }>>;
  readText(path: string): Promise<string | null>;
  /** One commit with everything; `parent` guards against a commit in between. */
  commit(change: {
    message: string;
    put: readonly { path: string; content: Uint8Array | string }[];
    delete?: readonly string[];
    parent?: string;
  }): Promise<{ oid: string }>;
  runtime(): Promise<SpaceRuntime>;
  variables(): Promise<Map<string, string>>;
  setVariable(key: string, value: string): Promise<void>;
  deleteVariable(key: string): Promise<void>;
  /** Values are never readable. */
  secretKeys(): Promise<Set<string>>;
  setSecret(key: string, value: string): Promise<void>;
  deleteSecret(key: string): Promise<void>;
  restart(options?: { factory?: boolean }): Promise<void>;
  pause(): Promise<void>;
  /** Last lines of the build or run log. */
  logs(kind: "build" | "run", tail: number): Promise<string[]>;
}

export interface OrgMember {
  user: string;
  /** Stays the same when the user is renamed; the `sub` of OAuth. */
  id: string | null;
  /** `null` where the caller may not see it: who needs a role then fails closed. */
  role: string | null;
}

export interface HubOrg {
  readonly name: string;
  exists(): Promise<boolean>;
  members(options?: { email?: string; limit?: number }): Promise<OrgMember[]>;
}

export interface JobVolume {
  type: "bucket" | "model" | "dataset" | "space";
  /** `namespace/name`. */
  source: string;
  mountPath: string;
  readOnly: boolean;
  /** Folder of the source that is mounted; the whole without it. */
  path?: string;
}

export interface JobSpec {
  image: string;
  command: readonly string[];
  flavor: string;
  timeoutSeconds: number;
  /** Keys and values of `[A-Za-z0-9._-]`, at most 100 characters. */
  labels: Record<string, string>;
  environment?: Record<string, string>;
  volumes: readonly JobVolume[];
}

export interface JobInfo {
  id: string;
  /** For people. */
  url: string;
  /** `SCHEDULING`, `RUNNING`, `COMPLETED`, `ERROR`, `CANCELED`, `DELETED`: see `isJobOver`. */
  stage: string;
  message: string | null;
  /** Of one that the Hub canceled itself: `NO_CREDITS`, … */
  cancelReason: string | null;
  flavor: string | null;
  labels: ReadonlyMap<string, string>;
  /** ISO 8601, as the next two. */
  createdAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface JobFlavor {
  name: string;
  title: string;
  dollarsPerHour: number;
}

/** Jobs that are billed to one user or organisation. */
export interface HubJobs {
  readonly namespace: string;
  /**
   * Starts a Job. Not repeated when the answer is lost: it may run all the same. Put an id of your own into
   * the labels and `find` it before trying again.
   */
  run(spec: JobSpec): Promise<JobInfo>;
  get(id: string): Promise<JobInfo | null>;
  /** Every Job with that label, newest first; with `going` only those that are not over. */
  find(labelKey: string, labelValue: string, options?: { going?: boolean }): Promise<JobInfo[]>;
  /** Of a Job that is over: no error. */
  cancel(id: string): Promise<void>;
  /** Last lines of its output so far. */
  logs(id: string, tail: number): Promise<string[]>;
}

export interface Hub {
  readonly endpoint: string;
  /** Of the client's own token, or of another one (never cached here). Status 401: the token is not valid. */
  whoami(token?: string): Promise<Whoami>;
  bucket(id: string): HubBucket;
  space(id: string): HubSpace;
  org(name: string): HubOrg;
  jobs(namespace: string): HubJobs;
  /** What Jobs can run on, with today's prices. */
  jobFlavors(): Promise<JobFlavor[]>;
  /** The same Hub as somebody else. */
  as(token: string): Hub;
}
