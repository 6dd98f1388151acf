/**
 * What became of a Job: whose fault, is it charged, is it worth another try. Pure.
 *
 * The kind comes from the exit status, which only the harness can set, and from the platform's own messages.
 * What the harness wrote may add the reason, but never change the kind: it lies where a submission might reach.
 */
import { z } from "zod";
import type { JobInfo } from "../../../hub/types.ts";
import type { FAILURE_KINDS, Run, RunFailure } from "../documents/run.ts";
import { roundDollars } from "./lanes.ts";

export type FailureKind = (typeof FAILURE_KINDS)[number];

/** The Job ended well, which says nothing of its outputs yet; or it did not. */
export type JobOutcome = { kind: "exited" } | Failed;

export interface Failed {
  kind: FailureKind;
  reasonCode: string;
  /** In place of the reason's own sentence. */
  message?: string;
  nextStep?: string;
  charged: boolean;
  /** Worth starting once more by itself. */
  retry: boolean;
}

/** Why the watcher ended a Job; `null`: it did not. */
export type Ended = "run_timeout" | "never_scheduled" | null;

export interface OutcomeLimits {
  timeoutMinutes: number;
  queueMs: number;
}

/** Exit status of the harness by kind of failure; 0 is a completed run, even one that fails its gates. */
const KIND_OF_EXIT: Readonly<Record<number, FailureKind>> = {
  10: "submission_error",
  11: "timeout",
  12: "infra_error",
  13: "canceled",
};
const EXIT_CODE = /exit code:? (\d+)/i;

/** Messages of the platform itself; nothing in a submission can cause them. */
const INFRA_MESSAGES: readonly (readonly [code: string, pattern: RegExp])[] = [
  ["image_pull", /image specification error|ErrImagePull|ImagePullBackOff|back-off pulling image/i],
  ["volume_mount", /volume mount failed|init container exhausted retries/i],
  [
    "machine_lost",
    /node (?:was )?(?:lost|terminated)|evicted|preempted|local hub (?:was stopped|could not)/i,
  ],
];
const TIMED_OUT = /\btimed? ?out\b|\btimeout\b/i;

type JobFacts = Pick<
  JobInfo,
  "stage" | "message" | "cancelReason" | "createdAt" | "startedAt" | "finishedAt"
>;

/** `job` is over; `null`: the Hub does not know it any more. */
export function jobOutcome(job: JobFacts | null, ended: Ended, limits: OutcomeLimits): JobOutcome {
  if (job === null) return infra("job_lost");
  const message = job.message ?? "";
  switch (job.stage) {
    case "COMPLETED":
      return { kind: "exited" };
    case "CANCELED":
      return canceled(job, ended ?? endedByTime(job, limits));
    case "DELETED":
      return { kind: "canceled", reasonCode: "deleted", charged: job.startedAt !== null, retry: false };
    default:
      break;
  }
  for (const [code, pattern] of INFRA_MESSAGES) if (pattern.test(message)) return infra(code);
  const exit = EXIT_CODE.exec(message);
  if (exit) return exitOutcome(Number(exit[1]));
  if (TIMED_OUT.test(message)) return job.startedAt === null ? infra("never_scheduled") : timedOut();
  return { kind: "submission_error", reasonCode: "unknown", charged: true, retry: false };
}

function exitOutcome(code: number): Failed {
  const kind = KIND_OF_EXIT[code] ?? "submission_error";
  if (kind === "infra_error") return infra("unknown");
  const reasonCode = kind === "canceled" ? "terminated" : "unknown";
  return { kind, reasonCode, charged: true, retry: false };
}

function canceled(job: JobFacts, ended: Ended): Failed {
  if (ended === "never_scheduled") return infra("never_scheduled");
  if (ended === "run_timeout") return timedOut();
  // The Hub itself did it, for credits or a missing plan: trying again would end the same way.
  if (job.cancelReason !== null) {
    return {
      ...infra("no_credits"),
      message: `The Hub canceled the Job: ${job.cancelReason}.`,
      retry: false,
    };
  }
  return { kind: "canceled", reasonCode: "canceled", charged: job.startedAt !== null, retry: false };
}

/** A restart does not remember why a Job was ended; its times tell. */
function endedByTime(job: JobFacts, { timeoutMinutes, queueMs }: OutcomeLimits): Ended {
  const end = Date.parse(job.finishedAt ?? "");
  if (job.startedAt === null) {
    return end - Date.parse(job.createdAt ?? "") >= queueMs ? "never_scheduled" : null;
  }
  return end - Date.parse(job.startedAt) >= timeoutMinutes * 60_000 ? "run_timeout" : null;
}

function infra(reasonCode: string): Failed {
  return { kind: "infra_error", reasonCode, charged: false, retry: true };
}

function timedOut(): Failed {
  return { kind: "timeout", reasonCode: "run_timeout", charged: true, retry: false };
}

/** Outputs of a Job that ended well. */
export const OUTPUTS_MISSING: Failed = infra("outputs_missing");
/** What is there is not what the harness says it wrote: no machine does that. */
export const OUTPUTS_DIFFER: Failed = {
  kind: "submission_error",
  reasonCode: "outputs_differ",
  charged: true,
  retry: false,
};
export const SCORE_INVALID: Failed = {
  kind: "submission_error",
  reasonCode: "score_invalid",
  charged: true,
  retry: false,
};

const HarnessFailure = z.looseObject({
  failure: z.looseObject({
    kind: z.string(),
    reason_code: z.string().regex(/^[a-z][a-z0-9_]{0,59}$/),
    message: z.string().nullish(),
    next_step: z.string().nullish(),
  }),
});

/** With the reason that the harness gives, if its kind is the one that the exit status says. */
export function withHarnessReason(failed: Failed, summary: unknown, kind: Run["kind"]): Failed {
  if (failed.reasonCode !== "unknown") return failed;
  const parsed = HarnessFailure.safeParse(summary);
  if (!parsed.success || parsed.data.failure.kind !== failed.kind) return failed;
  const { reason_code, message, next_step } = parsed.data.failure;
  // A verification's end is public, and words of the harness may quote what a server printed of private data.
  if (kind === "verification") return { ...failed, reasonCode: reason_code };
  return {
    ...failed,
    reasonCode: reason_code,
    ...(message && { message: line(message, 500) }),
    ...(next_step && { nextStep: line(next_step, 300) }),
  };
}

/** Sentence and next step of what the harness has no words for. */
const WORDS: Readonly<Record<string, readonly [message: string, nextStep: string]>> = {
  image_pull: ["The Job's image could not be pulled.", "Try again; organisers: check jobs.image."],
  volume_mount: ["A volume of the Job could not be mounted.", "Try again."],
  machine_lost: ["The machine went away while the Job ran.", "Try again."],
  job_lost: ["The Hub does not know the Job any more.", "Try again."],
  never_scheduled: ["No machine became free for the Job.", "Try again later, when fewer Jobs wait."],
  no_credits: ["The Hub canceled the Job.", "Organisers: look at the organisation's credits and plan."],
  outputs_missing: ["The Job ended well, but its outputs did not arrive.", "Try again."],
  outputs_differ: [
    "The outputs are not what the harness says it wrote.",
    "Nothing but the harness may write into the state directory.",
  ],
  score_invalid: [
    "summary.json holds no finite number as the score.",
    "Look at job_logs.txt and try the harness with your submission locally.",
  ],
  run_timeout: ["The run took longer than its limit.", "Make it faster, or try the smoke lane first."],
  canceled: ["The run was canceled.", "Start it again if that was not you."],
  terminated: ["The Job was stopped from outside.", "Start it again if that was not you."],
  deleted: ["The Job was deleted on the Hub.", "Start it again."],
  launch_refused: [
    "The Hub refused to start the Job.",
    "Try again later, or ask the organisers: it is theirs to mend.",
  ],
  harness_missing: [
    "The harness is not in the central bucket.",
    "Organisers: deploy it with the folder that jobs.harness names.",
  ],
  snapshot_incomplete: ["Files of the submission changed while it was frozen.", "Send the run again."],
  backend_error: [
    "The backend could not carry the run through.",
    "Try again; tell the organisers if it stays so.",
  ],
  verification_off: ["Verification by Jobs has been switched off.", "Nothing to do."],
};

export function failureOf({ kind, reasonCode, message, nextStep }: Failed): RunFailure {
  const [sentence, next] = WORDS[reasonCode] ?? [
    kind === "infra_error"
      ? "The machine or the harness failed, not the submission."
      : `The run ended with ${kind.replace("_", " ")}.`,
    kind === "infra_error"
      ? "Try again."
      : "Read job_logs.txt of the run: its last lines mostly name the cause.",
  ];
  return { kind, reason_code: reasonCode, message: message ?? sentence, next_step: nextStep ?? next };
}

function line(text: string, max: number): string {
  return text
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, max);
}

/** When a machine took the Job; `null`: none has. A Hub that does not say of a Job that has run: its creation. */
export function startOf({
  stage,
  startedAt,
  createdAt,
}: Pick<JobInfo, "stage" | "startedAt" | "createdAt">): string | null {
  return startedAt ?? (stage === "RUNNING" || stage === "COMPLETED" ? createdAt : null);
}

/** US dollars by the Hub's rule: whole minutes from the start of the machine to the end. */
export function jobDollars(
  job: Pick<JobInfo, "stage" | "startedAt" | "createdAt" | "finishedAt">,
  dollarsPerHour: number,
  now: number,
): number {
  const started = startOf(job);
  if (started === null) return 0;
  const end = job.finishedAt === null ? now : Date.parse(job.finishedAt);
  const minutes = Math.max(1, Math.ceil((end - Date.parse(started)) / 60_000));
  return roundDollars((minutes / 60) * dollarsPerHour);
}
