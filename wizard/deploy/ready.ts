/** A Space is deployed when it answers with the new version, not when the upload ends. */
import { z } from "zod";
import type { HubSpace } from "../../template/hub/types.ts";
import { SPACE_STAGES_FAILED } from "../../template/hub/types.ts";
import { UserError } from "../terminal/errors.ts";
import { changedMeanwhile } from "./changed.ts";

export interface ReadyOptions {
  space: HubSpace;
  host: string;
  /** Sent along where only the owner may ask. */
  token?: string;
  /** Answers `{status, version}` as soon as the process runs. */
  healthPath: string;
  /** Answers 200 once requests are taken. */
  readyPath?: string;
  version: string;
  /** The commit with this version and the one before it; any other is somebody else's. */
  commits: readonly string[];
  timeoutMs: number;
  /** Told of each new stage. */
  progress: (line: string) => void;
  signal?: AbortSignal;
}

const Health = z.looseObject({ status: z.string(), version: z.string().optional() });

/** Asked more rarely the longer it takes: a wait becomes at most this share longer. */
const POLL_SHARE = 0.15;
const SHORTEST_POLL_MS = 100;
const LONGEST_POLL_MS = 5_000;
const HEALTH_TIMEOUT_MS = 5_000;
/** A failed stage may be that of the version before, until the Hub has noticed the new one. */
const FAILURE_GRACE_MS = 4_000;
/** A long build is no silence: every so often a line says that it goes on. */
const STILL_EVERY_MS = 30_000;
const LOG_LINES = 30;

/**
 * Waits for health of exactly `version`. Throws a `UserError`: with the last log lines if the Space fails, at once if
 * somebody else has put another version there, which makes this one wait in vain.
 */
export async function waitUntilReady(options: ReadyOptions): Promise<void> {
  const { space, progress } = options;
  const started = Date.now();
  let shown = "";
  let said = started;
  let failingSince: number | undefined;
  for (;;) {
    const { stage, errorMessage } = await space.runtime();
    const now = Date.now();
    if (stage !== shown || now - said > STILL_EVERY_MS) {
      const since = stage === shown ? `, after ${Math.round((now - started) / 1000)} s` : "";
      progress(`${space.id}: ${stage.toLowerCase().replaceAll("_", " ")}${since}`);
      [shown, said] = [stage, now];
    }
    // Asked in every stage: a request also wakes a sleeping Space.
    const answer = await answers(options);
    if (answer === "ready") return;

    const failed = (SPACE_STAGES_FAILED as readonly string[]).includes(stage);
    failingSince = failed ? (failingSince ?? now) : undefined;
    const elapsed = now - started;
    const hasFailed = failingSince !== undefined && now - failingSince > FAILURE_GRACE_MS;
    const isLate = elapsed > options.timeoutMs;
    if (answer === "another version" || hasFailed || isLate) await expectOwnCommit(options);
    if (hasFailed) throw await startFailed(space, stage, errorMessage);
    if (isLate) throw await notInTime(space, stage, options);
    await pause(Math.min(Math.max(elapsed * POLL_SHARE, SHORTEST_POLL_MS), LONGEST_POLL_MS), options.signal);
  }
}

/** `ready`: the new version is there and takes requests. */
async function answers(options: ReadyOptions): Promise<"ready" | "another version" | "not yet"> {
  const health = Health.safeParse(await get(options.healthPath, options));
  if (!health.success || health.data.status !== "ok") return "not yet";
  if (health.data.version !== options.version) return "another version";
  if (options.readyPath === undefined) return "ready";
  return (await get(options.readyPath, options)) === null ? "not yet" : "ready";
}

/** Another version may be the one before, which runs until the new one is built. */
async function expectOwnCommit({ space, commits }: ReadyOptions): Promise<void> {
  const head = (await space.info())?.sha;
  if (head && !commits.includes(head)) throw changedMeanwhile(space.id);
}

/** The JSON of a good answer; `null` for any other, or none. */
async function get(path: string, { host, token, signal }: ReadyOptions): Promise<unknown> {
  try {
    const limit = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
    const response = await fetch(host + path, {
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      // A redirect could carry the token elsewhere.
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` }, redirect: "error" }),
    });
    const body: unknown = await response.json();
    return response.ok ? body : null;
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}

async function startFailed(space: HubSpace, stage: string, errorMessage: string | null): Promise<UserError> {
  const log = await lastLines(space, stage === "RUNTIME_ERROR" ? "run" : "build");
  // The Hub's message may repeat the whole log.
  const reason = errorMessage?.split("\n", 1)[0]?.trim();
  return new UserError({
    code: "space_failed",
    message: [`The Space ${space.id} did not start: ${stage}${reason ? `, ${reason}` : ""}`, ...log].join(
      "\n",
    ),
    fix: "Everything made so far stays. Mend the cause and run `agent-collab deploy` again.",
    data: { space: space.id, stage, log },
  });
}

async function notInTime(space: HubSpace, stage: string, options: ReadyOptions): Promise<UserError> {
  const log = await lastLines(space, "run");
  return new UserError({
    code: "space_not_ready",
    message: [
      `The Space ${space.id} does not answer with version ${options.version} after ${Math.round(options.timeoutMs / 1000)} s (stage ${stage}).`,
      ...log,
    ].join("\n"),
    fix: "It may still be building: run `agent-collab deploy` again, which continues, or give it longer with --timeout.",
    data: { space: space.id, stage, log },
  });
}

async function lastLines(space: HubSpace, kind: "build" | "run"): Promise<string[]> {
  const lines = await space.logs(kind, LOG_LINES).catch(() => []);
  return lines.map((line) => `  | ${line}`);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
