/** What of a collab exists on the Hub and how it does. Reads only, and answers also when things are broken. */
import { z } from "zod";
import { HubError } from "../../template/hub/errors.ts";
import type { Hub, HubBucket, HubSpace } from "../../template/hub/types.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { OWNER_VARIABLE, ownerOf } from "../deploy/ownership.ts";
import { backendFiles } from "../deploy/space-files/backend.ts";

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

export interface BackendStatus {
  id: string;
  state: "missing" | "unknown" | "down" | "starting" | "healthy";
  /** The Hub's word for what the Space is doing. */
  stage?: string;
  url?: string;
  ours?: boolean;
  hasToken?: boolean;
  /** Version that answers, and the one that this directory would deploy. */
  version?: string;
  wanted?: string;
  reason?: string;
}

export interface CollabStatus {
  endpoint: string;
  backend: BackendStatus;
  buckets: BucketStatus[];
  /** `null` while the backend does not answer. */
  board: { agents: number; messages: number; results: number } | null;
}

const HEALTH_LIMIT_MS = 3_000;
const Health = z.looseObject({ version: z.string().optional() });
const Count = z.looseObject({ matched: z.number() });

export async function collabStatus(hub: Hub, loaded: LoadedCollab): Promise<CollabStatus> {
  const names = resourceNames(loaded.collab);
  const [backend, audit, central] = await Promise.all([
    backendStatus(hub.space(names.backendSpace), loaded),
    bucketStatus(hub.bucket(names.auditBucket), "audit bucket"),
    bucketStatus(hub.bucket(names.centralBucket), "central bucket"),
  ]);
  const board = backend.state === "healthy" && backend.url ? await boardCounts(backend.url) : null;
  return { endpoint: hub.endpoint, backend, buckets: [central, audit], board };
}

async function backendStatus(space: HubSpace, loaded: LoadedCollab): Promise<BackendStatus> {
  const { id } = space;
  try {
    const info = await space.info();
    if (!info) return { id, state: "missing" };
    const [variables, secrets] = await Promise.all([space.variables(), space.secretKeys()]);
    const { version: wanted } = await backendFiles(loaded, deployedSettings(variables));
    const { stage } = info.runtime;
    const known = {
      id,
      stage,
      wanted,
      ours: variables.get(OWNER_VARIABLE) === ownerOf(loaded.collab),
      hasToken: secrets.has("HF_TOKEN"),
      ...(info.host && { url: info.host }),
      ...(info.runtime.errorMessage && { reason: firstLine(info.runtime.errorMessage) }),
    };
    if (!info.host) return { ...known, state: "down" };
    const health = Health.safeParse(await getJson(`${info.host}/v1/healthz`));
    if (!health.success) return { ...known, state: /STARTING|BUILDING/.test(stage) ? "starting" : "down" };
    const ready = (await getJson(`${info.host}/v1/readyz`)) !== null;
    return { ...known, state: ready ? "healthy" : "starting", version: health.data.version };
  } catch (error) {
    return { id, state: "unknown", reason: reasonOf(error) };
  }
}

/** The settings that are part of the version: the token may be another one than ours, and that is no difference. */
function deployedSettings(variables: ReadonlyMap<string, string>): Record<string, string> {
  const names = [OWNER_VARIABLE, "HF_ENDPOINT", "HF_TOKEN_FINGERPRINT"];
  return Object.fromEntries(
    names.flatMap((name) => (variables.has(name) ? [[name, variables.get(name) ?? ""]] : [])),
  );
}

async function bucketStatus(bucket: HubBucket, purpose: string): Promise<BucketStatus> {
  const { id } = bucket;
  try {
    const info = await bucket.info();
    if (!info) return { id, purpose, state: "missing" };
    return {
      id,
      purpose,
      state: "present",
      files: info.totalFiles,
      bytes: info.size,
      private: info.private,
    };
  } catch (error) {
    return { id, purpose, state: "unknown", reason: reasonOf(error) };
  }
}

async function boardCounts(url: string): Promise<CollabStatus["board"]> {
  const count = async (path: string) => Count.safeParse(await getJson(`${url}${path}`)).data?.matched;
  const [agents, messages, results] = await Promise.all([
    count("/v1/agents?limit=1"),
    count("/v1/messages?limit=1"),
    count("/v1/results?limit=1"),
  ]);
  if (agents === undefined || messages === undefined || results === undefined) return null;
  return { agents, messages, results };
}

/** `null` for anything but a good answer in time. */
async function getJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof HubError)) throw error;
  return error.message;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.trim() ?? "";
}
