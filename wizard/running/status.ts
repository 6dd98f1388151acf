/** What of a collab exists on the Hub and how it does. Reads only, and answers also when things are broken. */
import { z } from "zod";
import { HubError } from "../../template/hub/errors.ts";
import type { Hub, HubBucket, HubSpace, SpaceInfo } from "../../template/hub/types.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { readCollabFolders } from "../deploy/folders/collab-folders.ts";
import { OWNER_VARIABLE, ownerOf } from "../deploy/ownership.ts";
import { backendFiles } from "../deploy/space-files/backend.ts";
import { evalFiles } from "../deploy/space-files/eval.ts";
import { isSafeHost } from "../deploy/target.ts";

export interface BucketStatus {
  id: string;
  purpose: string;
  /** `unknown`: the Hub could not be asked; `reason` says why. */
  state: "present" | "missing" | "unknown";
  files?: number;
  bytes?: number;
  private?: boolean;
  reason?: string;
}

export interface SpaceStatus {
  id: string;
  part: "backend" | "eval";
  state: "missing" | "unknown" | "down" | "starting" | "healthy";
  /** The Hub's word for what the Space is doing. */
  stage?: string;
  url?: string;
  private?: boolean;
  ours?: boolean;
  hasToken?: boolean;
  /** Version that answers, and the one that this directory would deploy. */
  version?: string;
  wanted?: string;
  reason?: string;
}

export interface CollabStatus {
  endpoint: string;
  /** The backend, and the eval Space of a collab that has one. */
  spaces: [backend: SpaceStatus, ...others: SpaceStatus[]];
  buckets: BucketStatus[];
  /** `null` while the backend does not answer. */
  board: { agents: number; messages: number; results: number } | null;
}

export interface StatusOptions {
  hub: Hub;
  loaded: LoadedCollab;
  /** Sent to private Spaces, which answer nobody else. */
  token: string;
  /** When it is aborted, what is not known yet is `unknown`. */
  signal?: AbortSignal;
}

const HEALTH_LIMIT_MS = 3_000;
const Health = z.looseObject({ version: z.string().optional() });
const Count = z.looseObject({ matched: z.number() });

export async function collabStatus(options: StatusOptions): Promise<CollabStatus> {
  const { hub, loaded } = options;
  const names = resourceNames(loaded.collab);
  const others = loaded.collab.verification.mode === "eval-space" ? [evalPart(options)] : [];
  const [audit, central, asked, ...askedOthers] = await Promise.all([
    bucketStatus(hub.bucket(names.auditBucket), "audit bucket", options),
    bucketStatus(hub.bucket(names.centralBucket), "central bucket", options),
    spaceStatus(hub.space(names.backendSpace), backendPart(options), options),
    ...others.map((part) => spaceStatus(hub.space(names.evalSpace), part, options)),
  ]);
  const { state, url } = asked.status;
  const board = state === "healthy" && url ? await boardCounts(url, options.signal) : null;
  // Last, since it may take a while of this machine's own time: nothing waits for an answer any more.
  const backend = await withWanted(asked);
  const rest = await Promise.all(askedOthers.map(withWanted));
  return { endpoint: hub.endpoint, spaces: [backend, ...rest], buckets: [central, audit], board };
}

/** A Space as far as the Hub and it itself tell. */
interface Asked {
  status: SpaceStatus;
  part: Part;
  /** Those that are part of the version; `null` if the Hub did not say. */
  variables: Record<string, string> | null;
}

async function withWanted({ status, part, variables }: Asked): Promise<SpaceStatus> {
  return variables ? { ...status, wanted: await part.version(variables) } : status;
}

/** What tells one Space from another. */
interface Part {
  part: SpaceStatus["part"];
  healthPath: string;
  readyPath?: string;
  /** Variables that are part of the version, besides the owner. */
  variables: readonly string[];
  version(variables: Record<string, string>): Promise<string>;
}

/** The token may be another one than ours, and that is no difference. */
const COMMON_VARIABLES = [OWNER_VARIABLE, "HF_ENDPOINT", "HF_TOKEN_FINGERPRINT"];

function backendPart({ loaded }: StatusOptions): Part {
  return {
    part: "backend",
    healthPath: "/v1/healthz",
    readyPath: "/v1/readyz",
    variables: COMMON_VARIABLES,
    version: async (variables) => (await backendFiles(loaded, variables)).version,
  };
}

function evalPart({ loaded }: StatusOptions): Part {
  return {
    part: "eval",
    healthPath: "/healthz",
    variables: [...COMMON_VARIABLES, "BACKEND_API_URL", "CENTRAL_BUCKET"],
    version: async (variables) => {
      const { evaluator } = await readCollabFolders(loaded);
      return (await evalFiles(loaded, evaluator?.ok ? evaluator.files : []))(variables).version;
    },
  };
}

async function spaceStatus(space: HubSpace, part: Part, options: StatusOptions): Promise<Asked> {
  const about = { id: space.id, part: part.part };
  const only = (status: SpaceStatus): Asked => ({ status, part, variables: null });
  const known = await inTime(space.info(), options);
  if ("reason" in known) return only({ ...about, state: "unknown", reason: known.reason });
  if (!known.value) return only({ ...about, state: "missing" });
  const { value: info } = known;
  const { stage, errorMessage } = info.runtime;
  const [settings, health] = await Promise.all([
    inTime(settingsOf(space, part, options.loaded), options),
    info.host ? healthOf(info.host, info, part, options) : null,
  ]);
  const { variables = null, ...facts } = "value" in settings ? settings.value : {};
  const status = {
    ...about,
    stage,
    private: info.private,
    ...facts,
    ...(info.host && { url: info.host }),
    ...(errorMessage && { reason: firstLine(errorMessage) }),
  };
  if (!health) {
    const state = /STARTING|BUILDING/.test(stage) ? "starting" : "down";
    return { status: { ...status, state }, part, variables };
  }
  const state = health.ready ? "healthy" : "starting";
  return { status: { ...status, state, version: health.version }, part, variables };
}

async function settingsOf(space: HubSpace, part: Part, loaded: LoadedCollab) {
  const [all, secrets] = await Promise.all([space.variables(), space.secretKeys()]);
  const names = part.variables.filter((name) => all.has(name));
  const variables = Object.fromEntries(names.map((name) => [name, all.get(name) ?? ""]));
  const ours = all.get(OWNER_VARIABLE) === ownerOf(loaded.collab);
  return { variables, ours, hasToken: secrets.has("HF_TOKEN") };
}

async function healthOf(host: string, info: SpaceInfo, part: Part, { hub, token, signal }: StatusOptions) {
  const bearer = info.private && isSafeHost(host, hub.endpoint) ? token : undefined;
  const [health, ready] = await Promise.all([
    getJson(host + part.healthPath, signal, bearer),
    part.readyPath === undefined ? true : getJson(host + part.readyPath, signal, bearer),
  ]);
  const parsed = Health.safeParse(health);
  return parsed.success ? { version: parsed.data.version, ready: ready !== null } : null;
}

async function bucketStatus(
  bucket: HubBucket,
  purpose: string,
  options: StatusOptions,
): Promise<BucketStatus> {
  const { id } = bucket;
  const known = await inTime(bucket.info(), options);
  if ("reason" in known) return { id, purpose, state: "unknown", reason: known.reason };
  if (!known.value) return { id, purpose, state: "missing" };
  const { totalFiles: files, size: bytes, private: isPrivate } = known.value;
  return { id, purpose, state: "present", files, bytes, private: isPrivate };
}

/** The value, or why there is none: the Hub failed, or the time is over. */
async function inTime<T>(
  work: Promise<T>,
  { signal }: StatusOptions,
): Promise<{ value: T } | { reason: string }> {
  const late = new Promise<{ reason: string }>((resolve) => {
    const reason = "no answer in time";
    if (signal?.aborted) resolve({ reason });
    signal?.addEventListener("abort", () => resolve({ reason }), { once: true });
  });
  const answered = work.then(
    (value) => ({ value }),
    (error: unknown) => {
      if (signal?.aborted) return { reason: "no answer in time" };
      if (error instanceof HubError) return { reason: error.message };
      throw error;
    },
  );
  return Promise.race([answered, late]);
}

async function boardCounts(url: string, signal: AbortSignal | undefined): Promise<CollabStatus["board"]> {
  const count = async (path: string) => Count.safeParse(await getJson(`${url}${path}`, signal)).data?.matched;
  const [agents, messages, results] = await Promise.all([
    count("/v1/agents?limit=1"),
    count("/v1/messages?limit=1"),
    count("/v1/results?limit=1"),
  ]);
  if (agents === undefined || messages === undefined || results === undefined) return null;
  return { agents, messages, results };
}

/** `null` for anything but a good answer in time. */
async function getJson(url: string, signal: AbortSignal | undefined, token?: string): Promise<unknown> {
  try {
    const limit = AbortSignal.timeout(HEALTH_LIMIT_MS);
    const response = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` }, redirect: "error" }),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.trim() ?? "";
}
