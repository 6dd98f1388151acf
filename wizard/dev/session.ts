/** A collab running on this machine: a local hub in this process, and the collab deployed onto it. */
import { type Collab, resourceNames } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { prepareDeployment } from "../deploy/deploy.ts";
import { HubStartError } from "../local-hub/errors.ts";
import { SEEDED_CONTRIBUTORS, SEEDED_ORGANISER } from "../local-hub/seed.ts";
import { type LocalHub, startLocalHub } from "../local-hub/server.ts";
import type { SpaceRunnerKind } from "../local-hub/spaces/space-process.ts";
import { UserError } from "../terminal/errors.ts";

export interface DevOptions {
  loaded: LoadedCollab;
  /** Where the hub keeps everything; without it nothing is kept. */
  dataDir?: string;
  /** 0 takes a free one. */
  port: number;
  /** What runs Docker Spaces. Default: processes of this machine. */
  runner?: SpaceRunnerKind;
  progress?: (line: string) => void;
  /** Lines of the hub: requests, processes. */
  log?: (line: string) => void;
  signal?: AbortSignal;
}

export interface DevSession {
  hub: LocalHub;
  backendUrl: string;
  centralBucket: string;
  /** Tokens of the seeded accounts by user. */
  tokens: Record<"organizer" | "ada" | "bob" | "cy", string>;
  /** Stops every process and frees every port. */
  close(): Promise<void>;
}

/** Resolves when everything answers. Leaves nothing running if it throws or is aborted. */
export async function startDev(options: DevOptions): Promise<DevSession> {
  const { loaded, signal, progress } = options;
  const hub = await startHub(options);
  try {
    signal?.throwIfAborted();
    const tokens = tokensOf(hub);
    const target = { endpoint: hub.url, token: tokens.organizer, tokenSource: "the local hub" };
    const deployment = await prepareDeployment({ loaded, target, progress, signal, rehearsal: true });
    for (const { state, message, fix } of deployment.checks) {
      if (state === "warn") progress?.(`Warning: ${message}. ${fix}`);
    }
    const { backendUrl } = await deployment.apply();
    const { centralBucket } = resourceNames(loaded.collab);
    return { hub, backendUrl, centralBucket, tokens, close: hub.close };
  } catch (error) {
    await hub.close();
    throw error;
  }
}

async function startHub({ loaded, dataDir, port, runner, log }: DevOptions): Promise<LocalHub> {
  try {
    return await startLocalHub({ dataDir, port, runner, log, seed: seedOf(loaded.collab) });
  } catch (error) {
    if (!(error instanceof HubStartError)) throw error;
    const { code, message, cause } = error;
    throw new UserError({ code, message, fix: START_FIX[code] ?? error.fix, cause });
  }
}

/** The hub's own advice, with the flags of `dev`. */
const START_FIX: Partial<Record<string, string>> = {
  port_in_use: "Stop what has it, or choose another with --port; --port 0 takes any free one.",
  port_refused: "Choose another with --port; --port 0 takes any free one.",
  data_folder_unwritable:
    "Choose a folder that can be written with --data DIR, or keep nothing with --ephemeral.",
  data_folder_in_use:
    "Use the one that runs, stop it, or start another with --ephemeral or another --data DIR.",
};

function seedOf(collab: Collab) {
  const { org, adminOrg } = resourceNames(collab);
  return { org, adminOrg };
}

function tokensOf({ context }: LocalHub): DevSession["tokens"] {
  const users = [SEEDED_ORGANISER, ...SEEDED_CONTRIBUTORS];
  const tokens = users.map((user) => [user, context.accounts.tokenOf(user)]);
  return Object.fromEntries(tokens) as DevSession["tokens"];
}
