/** Reserving a run: checked against quotas and budget and written, in one step that nothing comes between. */
import type { Backend } from "../backend.ts";
import { runCharges } from "../board/queries/runs.ts";
import { type Lane, newAttempt, type Run, runId, runPath, runText } from "../documents/run.ts";
import { isoStamp } from "../documents/stamp.ts";
import { ApiError } from "../errors.ts";
import type { AuditFields, FileChange, PendingView, Prepared } from "../record/types.ts";
import { mostDollars } from "./lanes.ts";
import { type Charge, type QuotaRefusal, WINDOW_MS } from "./quotas.ts";
import type { Reservations } from "./reservations.ts";
import { type Place, type Submission, snapshotPrefix } from "./submission.ts";

export interface RunWish {
  kind: Run["kind"];
  lane: Lane;
  agentId: string;
  hfUser: string;
  /** Of a verification. */
  result: string | null;
  submission: Submission;
  /** Of what the snapshot lacks. */
  copies: readonly FileChange[];
  /** `null`: nothing is copied to the agent. */
  runPrefix: ((runId: string) => string) | null;
  state(runId: string): Place;
  namespace: string;
  hardware: string;
  dollarsPerHour: number;
  timeoutMinutes: number;
  /** The limit that it would break. */
  refusal(charges: readonly Charge[], wish: Charge): QuotaRefusal | null;
  audit(run: Run): AuditFields;
}

/** Every run that counts now: on the board, and reserved on its way there. `except` is the request that asks. */
export function chargesNow(
  { board }: Pick<Backend, "board">,
  reservations: Reservations,
  now: number,
  except?: object,
): Charge[] {
  return [...runCharges(board, now - WINDOW_MS), ...reservations.charges(except)];
}

/**
 * The prepare step of a write. Of requests that come together each sees those before it, since it takes its
 * reservation in the same turn. Throws 429.
 */
export function prepareRun(
  backend: Pick<Backend, "board" | "names">,
  reservations: Reservations,
  wish: RunWish,
): (stamp: number, pending: PendingView) => Prepared<Run> {
  return (stamp) => {
    const run = reservedRun(backend, wish, stamp);
    const charge: Charge = {
      at: stamp,
      kind: wish.kind,
      lane: wish.lane,
      agentId: wish.agentId,
      hfUser: wish.hfUser,
      contentHash: wish.submission.contentHash,
      charged: true,
      dollars: run.reserved_dollars,
    };
    const refusal = wish.refusal(chargesNow(backend, reservations, stamp, wish), charge);
    if (refusal !== null) throw quotaError(refusal, wish);
    reservations.take(wish, run.run_id, charge);
    return {
      // The run last: once it is there, so is what it runs.
      changes: [...wish.copies, { op: "put", path: runPath(run.run_id), text: runText(run) }],
      audit: wish.audit(run),
      targetPath: run.run_prefix ?? run.state.prefix,
      response: run,
    };
  };
}

function reservedRun({ names }: Pick<Backend, "names">, wish: RunWish, stamp: number): Run {
  const { submission, dollarsPerHour, timeoutMinutes } = wish;
  const id = runId(stamp, wish.agentId);
  const at = isoStamp(stamp);
  return {
    v: 1,
    run_id: id,
    kind: wish.kind,
    lane: wish.lane,
    agent_id: wish.agentId,
    hf_user: wish.hfUser,
    result: wish.result,
    submission: {
      source: submission.place,
      snapshot: { bucket: names.centralBucket, prefix: snapshotPrefix(submission.contentHash) },
      content_hash: submission.contentHash,
      files: submission.files.length,
      bytes: submission.bytes,
    },
    runtime_hash: submission.contentHash,
    run_prefix: wish.runPrefix?.(id) ?? null,
    state: wish.state(id),
    namespace: wish.namespace,
    hardware: wish.hardware,
    dollars_per_hour: dollarsPerHour,
    timeout_minutes: timeoutMinutes,
    reserved_dollars: mostDollars(timeoutMinutes, dollarsPerHour),
    cost_dollars: null,
    charged: true,
    status: "reserved",
    failure: null,
    attempts: [newAttempt(1, at)],
    summary: null,
    mirrored: true,
    created_at: at,
    finished_at: null,
  };
}

type Named = Pick<RunWish, "lane" | "agentId" | "hfUser">;

export function quotaError({ limit, cap, retryAfterSeconds }: QuotaRefusal, wish: Named): ApiError {
  const again = `Try again in ${retryAfterSeconds} s.`;
  const runs = `${cap} ${wish.lane} run${cap === 1 ? "" : "s"} in 24 hours`;
  const texts: Record<QuotaRefusal["limit"], string> = {
    agent: `The agent ${wish.agentId} has had its ${runs}.`,
    user: `The user ${wish.hfUser} has had ${runs}, all agents together.`,
    submission: `This very submission has had its ${runs}, whoever sent it.`,
    verification: `There have been ${cap} verification runs in 24 hours.`,
    budget: `What all runs may cost in 24 hours, $${cap}, is spent or reserved.`,
  };
  const hint =
    limit === "submission"
      ? "More runs of the same files say little more; change something."
      : "GET /v1/jobs?agent=<you> shows what is left.";
  return new ApiError("RATE_LIMITED", `${texts[limit]} ${again}`, { hint, retryAfterSeconds });
}
