/**
 * Mode jobs: what is pending and worth a run is queued, run again on the private data, and judged. All state is
 * in verdict files, runs and the index; a turn looks at them and does what is next, so a restart loses nothing.
 */
import type { Collab } from "../../../schema/collab.ts";
import type { Backend } from "../backend.ts";
import { verificationOf } from "../board/queries/documents.ts";
import { unfinishedRuns, verificationRuns } from "../board/queries/runs.ts";
import { verdictsIn } from "../board/queries/verdicts.ts";
import {
  bestValidRank,
  claimedResult,
  type PendingResult,
  pendingResults,
  pendingWithRuns,
  tracksOfResult,
  verificationStarts,
} from "../board/queries/verification-queue.ts";
import { authorOf } from "../documents/filenames.ts";
import { isRunOver, type Run } from "../documents/run.ts";
import type { Verdict } from "../documents/verdict.ts";
import { ApiError } from "../errors.ts";
import { errorFields } from "../log.ts";
import { decide } from "./decide.ts";
import { isOrganiser } from "./effective.ts";
import { judgeRuns } from "./judge.ts";
import { freezeSubmission } from "./pointer.ts";
import { type Candidate, type Capacity, inOrder } from "./queue.ts";

type JobsVerification = Extract<Collab["verification"], { mode: "jobs" }>;

const BY = "verifier";
/** Results that are looked at for the queue, the best first. */
const MAX_CONSIDERED = 2_000;
/** New ones that a turn queues at most: each takes some calls of the Hub. */
const MAX_QUEUED_PER_TURN = 20;
/** Runs that go on at one time. */
export const AT_ONCE = 4;
const DAY_MS = 86_400_000;
/** After trouble of the machines, or of the Hub, a result is tried again by itself. */
const PASSING_TROUBLE = new Set(["infra_error", "submission_unreachable"]);
const TROUBLE_MS = 6 * 3_600_000;

/** One turn. Rejects only if nothing more can be done now. */
export async function jobsTurn(backend: Backend, verification: JobsVerification): Promise<void> {
  for (const filename of pendingWithRuns(backend.board)) {
    await attempt(backend, filename, () => followRuns(backend, verification, filename));
  }
  const wanted = candidates(backend, verification);
  await dropUnwanted(backend, new Set(wanted.map(({ filename }) => filename)));
  let queued = 0;
  for (const { filename } of wanted) {
    if (backend.verdicts.current(filename).state === "queued") continue;
    if (queued === MAX_QUEUED_PER_TURN) break;
    queued += 1;
    await attempt(backend, filename, () => enqueue(backend, filename));
  }
  await startRuns(backend, wanted);
}

/** In another mode: what was queued is pending again; what runs is let finish, and is pending then. */
export async function leaveJobsMode(backend: Backend): Promise<void> {
  const { mode } = backend.collab.verification;
  for (const { filename } of verdictsIn(backend.board, ["queued", "running"])) {
    if (!isPending(backend, filename) || unfinishedOf(backend, filename)) continue;
    const reason = `Verification is no longer by Jobs but ${mode}.`;
    await attempt(backend, filename, () => decide(backend, filename, { state: "pending", reason, by: BY }));
  }
}

/** Trouble with one result holds up no other. */
async function attempt(backend: Backend, filename: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    backend.log("warn", "a result could not be verified now", { filename, error: errorFields(error) });
  }
}

const isPending = ({ board }: Backend, filename: string) => verificationOf(board, filename) === "pending";

const unfinishedOf = ({ board }: Backend, filename: string) =>
  verificationRuns(board, filename).some((run) => !isRunOver(run));

/** Runs that are over and that no verdict rests on, oldest first. */
function freshRuns({ board, verdicts }: Backend, filename: string): Run[] {
  const { history, run_ids: last } = verdicts.current(filename);
  const used = new Set([...history.flatMap(({ run_ids: ids }) => ids), ...last]);
  return verificationRuns(board, filename).filter((run) => isRunOver(run) && !used.has(run.run_id));
}

/** What the runs of a result say: that it runs, that it is to run again, or its verdict. */
async function followRuns(backend: Backend, verification: JobsVerification, filename: string): Promise<void> {
  const { collab, board, verdicts } = backend;
  const { state } = verdicts.current(filename);
  const unfinished = verificationRuns(board, filename).find((run) => !isRunOver(run));
  if (unfinished) {
    if (state === "running") return;
    const reason = `Measured again by ${unfinished.run_id}.`;
    await decide(backend, filename, { state: "running", reason, by: BY });
    return;
  }
  const runs = freshRuns(backend, filename);
  const claimed = claimedResult(board, filename);
  if (runs.length === 0 || claimed === undefined || collab.scoring === "none") return;
  if (claimed.score === null) return;
  const claim = { score: claimed.score, fields: claimed.frontmatter };
  const judgement = judgeRuns(runs, claim, { scoring: collab.scoring, verification });
  if (judgement.kind === "again") {
    if (state === "queued") return;
    await decide(backend, filename, { state: "queued", reason: judgement.reason, by: BY });
    return;
  }
  const { reason, reason_code, checks } = judgement;
  const run_ids = runs.map(({ run_id }) => run_id);
  const verdict = judgement.kind === "verdict" ? judgement.state : "pending";
  await decide(backend, filename, { state: verdict, reason, reason_code, checks, run_ids, by: BY });
}

/** Pending results that are worth a run now, in the order of their turns. */
function candidates(backend: Backend, verification: JobsVerification): Candidate[] {
  const { board, verdicts } = backend;
  const isBetter = betterThanValid(backend);
  const chosen = pendingResults(board, MAX_CONSIDERED).flatMap((result): Candidate[] => {
    const { filename, agent, hf_user: hfUser, rank } = result;
    const verdict = verdicts.current(filename);
    const runs = freshRuns(backend, filename);
    const isRerun = verdict.state === "queued" && runs.length > 0;
    if (board.hidden.has(filename) || !isOpen(backend, verdict) || unfinishedOf(backend, filename)) return [];
    if (verification.trigger === "best" && !isRerun && !isBetter(result)) return [];
    return [{ filename, agent, hfUser, rank, isRerun, ranks: result.class === "candidate" }];
  });
  return inOrder(chosen);
}

/** Those that are queued, in the order of their turns. */
export function queueNow(backend: Backend, verification: JobsVerification): Candidate[] {
  return candidates(backend, verification).filter(
    ({ filename }) => backend.verdicts.current(filename).state === "queued",
  );
}

/** Better than the best valid result, of all or of one of its tracks. */
function betterThanValid({ board, collab }: Backend): (result: PendingResult) => boolean {
  const tracks = collab.scoring === "none" ? [] : collab.scoring.tracks;
  const scopes = [null, ...tracks.map(({ id }) => id)];
  const bestOf = (kind: PendingResult["class"]) =>
    new Map(scopes.map((track) => [track, bestValidRank(board, track, kind)]));
  const best = { candidate: bestOf("candidate"), "self-reported": bestOf("self-reported") };
  return ({ doc, rank, class: kind }) =>
    [null, ...tracksOfResult(board, doc)].some((track) => {
      const champion = best[kind].get(track);
      return champion === undefined || rank < champion;
    });
}

/** May a machine begin with it? Not where its last word was that it cannot tell: then a person asks again. */
function isOpen({ now }: Backend, verdict: Verdict): boolean {
  const { state, reason_code: code, at, applied } = verdict;
  // Decided: only the index does not say so yet.
  if (!applied) return false;
  if (state === "queued") return true;
  if (state === "needs_pointer" || state === "running") return false;
  if (state !== "pending" || code === null || isOrganiser(verdict)) return true;
  return PASSING_TROUBLE.has(code) && now() - Date.parse(at) > TROUBLE_MS;
}

async function dropUnwanted(backend: Backend, wanted: ReadonlySet<string>): Promise<void> {
  for (const { filename } of verdictsIn(backend.board, ["queued"])) {
    if (wanted.has(filename) || unfinishedOf(backend, filename)) continue;
    if (!isPending(backend, filename)) continue;
    const reason = "A better result was verified first, or this one no longer needs a run.";
    await attempt(backend, filename, () => decide(backend, filename, { state: "pending", reason, by: BY }));
  }
}

/** Freezes what is to run, and queues it; or says that there is nothing to run. */
async function enqueue(backend: Backend, filename: string): Promise<void> {
  const verdict = backend.verdicts.current(filename);
  const claimed = claimedResult(backend.board, filename);
  if (claimed === undefined) return;
  const { frontmatter } = claimed;
  let submission = verdict.submission;
  try {
    submission ??= await freezeSubmission(backend, { filename, frontmatter, pointer: verdict.pointer });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "TOO_LARGE") throw error;
    const reason = `It cannot be frozen for verification. ${error.message}`;
    await decide(backend, filename, {
      state: "pending",
      reason,
      reason_code: "submission_too_large",
      by: BY,
    });
    return;
  }
  if (submission === null) {
    const reason = "Neither `artifacts` nor `submission` of the result names files of yours that are there.";
    const needs = { state: "needs_pointer", reason, reason_code: "no_submission", by: BY } as const;
    await decide(backend, filename, needs);
    return;
  }
  const reason = "It waits for a verification run.";
  await decide(backend, filename, { state: "queued", reason, by: BY }, { submission });
}

/** Starts as many as capacity and budget allow, in the order of the queue. */
async function startRuns(backend: Backend, wanted: readonly Candidate[]): Promise<void> {
  const { runs, verdicts, board } = backend;
  const queue = wanted.filter(({ filename }) => verdicts.current(filename).state === "queued");
  for (const { filename, agent, hfUser } of queue) {
    const ongoing = unfinishedRuns(board).filter(({ kind }) => kind === "verification");
    if (ongoing.length >= AT_ONCE || runs.verificationCapacity().left <= 0) return;
    const { submission } = verdicts.current(filename);
    if (submission === null) continue;
    const n = verificationRuns(board, filename).length + 1;
    try {
      const run = await runs.startVerification({
        result: filename,
        owner: { agentId: agent || authorOf(filename), hfUser },
        submission: submission.snapshot,
        n,
      });
      await decide(backend, filename, {
        state: "running",
        reason: `Measured again by ${run.run_id}.`,
        by: BY,
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      backend.log("info", "verification waits", { filename, code: error.code, message: error.message });
      // Of this result alone; everything else holds for the whole queue.
      if (error.code !== "SOURCE_NOT_FOUND" && error.code !== "TOO_LARGE") return;
      const reason = `What was frozen cannot be run: ${error.message}`;
      await decide(backend, filename, {
        state: "pending",
        reason,
        reason_code: "submission_unreachable",
        by: BY,
      });
    }
  }
}

/** For forecasts: what may begin when, and how long a run takes. */
export function capacityNow(backend: Backend, verification: JobsVerification): Capacity {
  const now = backend.now();
  const { begun, running } = verificationStarts(backend.board, now - DAY_MS);
  const { collab, runs } = backend;
  const minutes =
    runs.medianMinutes({ kind: "verification", lane: "full" }) ??
    runs.medianMinutes({ kind: "benchmark", lane: "full" }) ??
    collab.jobs.baseline_minutes ??
    collab.jobs.timeout_minutes;
  return {
    now,
    perDay: verification.runs_per_day,
    atOnce: AT_ONCE,
    begun,
    running,
    runMs: minutes * 60_000,
  };
}
