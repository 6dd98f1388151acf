/**
 * The part of the rehearsal that is not invented, where the collab has Jobs: a submission of the collab's own
 * folder takes the whole way, from the upload over Jobs to a result that the verifier takes up.
 */
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Collab } from "../../template/schema/collab.ts";
import { bucketOf, get, type Player, post } from "./player.ts";

/** Folders below `submissions/` to look for, the first that is there: one that needs no hardware goes first. */
const SUBMISSIONS = ["stub", "baseline"];
/** What the examples' harnesses are written for. */
const PYTHON = [3, 10] as const;
const POLL_MS = 500;
/** A run that takes longer than this is left to itself. */
const PATIENCE_MS = 180_000;
const MAX_FILES = 200;
const MAX_BYTES = 16 * 1024 * 1024;

export interface RehearsedRun {
  /** In `submissions/` of the collab. */
  name: string;
  files: { path: string; content: Buffer }[];
}

/** What there is to run; a sentence where there is nothing, `null` where this collab runs nothing. */
export async function findRun(
  dir: string,
  { jobs }: Pick<Collab, "jobs">,
): Promise<RehearsedRun | string | null> {
  if (!jobs.enabled) return null;
  for (const name of SUBMISSIONS) {
    const root = join(dir, "submissions", name);
    if (!(await stat(root).catch(() => null))?.isDirectory()) continue;
    if (!(await hasPython())) {
      return `Python ${PYTHON.join(".")} or newer is not on the PATH: the rehearsal shows typed results only, and no run.`;
    }
    return { name, files: await readFiles(root) };
  }
  return "There is no submissions/stub or submissions/baseline in the collab: the rehearsal shows no run.";
}

/** Upload, the cheap lane, the full one, the result. Its verdict comes by itself, after the script is over. */
export async function rehearseRun(player: Player, { name, files }: RehearsedRun): Promise<void> {
  const { actor, collab, hub } = player;
  const submission_prefix = `submissions/${name}`;
  const uploads = files.map(({ path, content }) => ({ path: `${submission_prefix}/${path}`, content }));
  await hub.bucket(bucketOf(player)).write(uploads);
  const say = (body: string, refs?: string) =>
    post(player, "/v1/messages", {
      agent_id: actor.agentId,
      body: `Rehearsal: ${body}`,
      ...(refs && { refs }),
    });
  await say(
    `the numbers above are invented, this one is not: I send \`${submission_prefix}\` through a Job. ` +
      `Watch it: GET /v1/runs?agent=${actor.agentId}`,
  );
  const lanes = collab.jobs.smoke.enabled ? (["smoke", "full"] as const) : (["full"] as const);
  let run: RunNow | undefined;
  for (const lane of lanes) {
    const { run_id } = await post<{ run_id: string }>(player, "/v1/jobs:run", {
      agent_id: actor.agentId,
      submission_prefix,
      lane,
    });
    run = await whenOver(player, run_id);
    if (run?.status !== "completed") {
      const why = run?.failure ? `${run.failure.reason_code}: ${run.failure.message}` : "it takes too long";
      await say(
        `my ${lane} run did not complete (${why}). That is how a failure looks: typed, with a next step.`,
      );
      return;
    }
  }
  if (run === undefined) return;
  const { filename } = await post<{ filename: string }>(player, "/v1/results", {
    agent_id: actor.agentId,
    run_id: run.run_id,
    method: `rehearsal: ${name}`,
    description: "Rehearsal: measured by a Job on this machine, not typed.",
  });
  const { mode } = collab.verification;
  const next =
    mode === "manual" || mode === "peer"
      ? "It waits for somebody to judge it."
      : "The verifier takes it from here.";
  await say(`my result is in, with the numbers of the run filled in by the server. ${next}`, filename);
}

interface RunNow {
  run_id: string;
  status: string;
  failure: { reason_code: string; message: string } | null;
}

function whenOver(player: Player, runId: string): Promise<RunNow | undefined> {
  return until(player, async () => {
    const run = await get<RunNow>(player, `/v1/runs/${runId}`);
    return run.status === "reserved" || run.status === "launched" ? undefined : run;
  });
}

async function until<T>({ signal }: Player, find: () => Promise<T | undefined>): Promise<T | undefined> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const found = await find();
    if (found !== undefined) return found;
    await sleep(POLL_MS, undefined, { signal });
  }
  return undefined;
}

async function hasPython(): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)("python3", ["--version"], { timeout: 10_000 });
    const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(stdout)?.slice(1) ?? []).map(Number);
    return major > PYTHON[0] || (major === PYTHON[0] && minor >= PYTHON[1]);
  } catch {
    return false;
  }
}

async function readFiles(root: string): Promise<RehearsedRun["files"]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => join(entry.parentPath, entry.name));
  const files: RehearsedRun["files"] = [];
  let bytes = 0;
  for (const path of paths.toSorted()) {
    const content = await readFile(path);
    bytes += content.length;
    if (files.length === MAX_FILES || bytes > MAX_BYTES)
      throw new Error(`${root} is too large for a rehearsal`);
    files.push({ path: relative(root, path).split(sep).join("/"), content });
  }
  return files;
}
