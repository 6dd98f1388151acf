/** What every part of the local hub is given: storage, time, identity. Parts know each other only through it. */
import type { DatabaseSync } from "node:sqlite";
import type { SpaceRunnerKind } from "./spaces/space-process.ts";

export type RepoKind = "bucket" | "space" | "model" | "dataset";
/** A member's role in an organisation, weakest first (hub-docs: organizations-security). */
export const ORG_ROLES = ["no_access", "read", "contributor", "write", "admin"] as const;
export type OrgRole = (typeof ORG_ROLES)[number];

/** Who sends a request. `null` wherever a `Caller | null` is taken means: no token. */
export interface Caller {
  user: string;
  /** `read`, `write` or `fineGrained`: the token can only narrow what its user may do. */
  tokenRole: "read" | "write" | "fineGrained";
  /** Permissions of a fine-grained or OAuth token, by entity (`user/name`, `org/name`, `bucket/ns/name`, …). */
  scopes: ReadonlyMap<string, ReadonlySet<string>> | null;
  kind: "access_token" | "oauth";
}

/** A repository or bucket, as far as permissions go. */
export interface Owned {
  kind: RepoKind;
  /** `namespace/name`. */
  id: string;
  private: boolean;
  /** The user who made it: a contributor writes only what they created. */
  createdBy: string;
}

export interface Accounts {
  /** The caller of a request, `null` without a token. Throws 401 for a token nobody holds. */
  authenticate(authorization: string | undefined | null): Caller | null;
  /** Throws as the Hub does (401 anonymous, 404 otherwise, both `RepoNotFound`) when `target` may not be read. */
  requireRead(caller: Caller | null, target: Owned): void;
  /** Throws 401, 403 or, where even reading is denied, 404. */
  requireWrite(caller: Caller | null, target: Owned): asserts caller is Caller;
  /** May `caller` create a `kind` in `namespace`? Throws 401, 403 (role) or 404 (no such namespace). */
  requireCreate(caller: Caller | null, namespace: string, kind: RepoKind): asserts caller is Caller;
  /** May `caller` run and cancel Jobs billed to `namespace`? Throws 401, 403 or 404. */
  requireJobs(caller: Caller | null, namespace: string): asserts caller is Caller;
  canRead(caller: Caller | null, target: Owned): boolean;
  roleIn(user: string, org: string): OrgRole | null;
  namespaceExists(name: string): boolean;
  /** A token for a running Space or Job, or for a test: acts as `user` with role write. */
  tokenOf(user: string): string;
}

/** What faults a rehearsal or a test asked for, where a part has to ask because no HTTP answer shows it. */
export interface FaultHooks {
  /** Why this entry of a bucket's batch is to fail now; `null`, nearly always, when it is not. Asked once an entry. */
  batchEntry(bucket: string, path: string): string | null;
}

export interface HubContext {
  db: DatabaseSync;
  /** One folder holds everything: `hub.sqlite`, `xorbs/`, `spaces/`, `jobs/`. */
  dataDir: string;
  /** Made once per data folder and part of the CAS URL (hub-wire.md 4.7). */
  instanceId: string;
  accounts: Accounts;
  faults: FaultHooks;
  /** Milliseconds since the epoch. Injectable, so nothing in the hub calls `Date.now()` itself. */
  now(): number;
  /** 24 hex characters, as the Hub's object ids. */
  newId(): string;
  /** The interface that the hub listens on, such as `127.0.0.1` or `0.0.0.0`; its Spaces listen there too. */
  host: string;
  /** `http://127.0.0.1:7878`, for what has no request to take the host from (Spaces, Jobs). */
  url(): string;
  /** What runs Docker Spaces: processes of this machine, or containers. */
  spaceRunner: SpaceRunnerKind;
  /** Lines for a person following the hub; never holds a token. */
  log(line: string): void;
}

/** What a part with processes or timers of its own hands back to the server. */
export interface HubPart {
  /** Called when the hub stops, once, parts in reverse order. Must leave no process, port or timer. */
  close?(): Promise<void>;
}
