/** The lanes of `jobs` in collab.yaml: what a run of each costs at most and how many there may be. */
import type { Collab } from "../../../schema/collab.ts";
import type { Lane } from "../documents/run.ts";

export interface LanePlan {
  hardware: string;
  timeoutMinutes: number;
  /** Behind the directories of the harness's command. */
  args: readonly string[];
  /** In 24 hours, as the next two. */
  perAgent: number;
  perUser: number;
  /** Of one and the same content, whoever sends it; `null`: as many as the others allow. */
  perSubmission: number | null;
}

/** As many agents as one person may use to the full, the cheap lane gives them as much of too. */
export function lanePlan({ jobs }: Pick<Collab, "jobs">, lane: Lane): LanePlan {
  const { smoke, hardware, timeout_minutes, args, per_agent_per_day, per_user_per_day } = jobs;
  if (lane === "full") {
    return {
      hardware,
      timeoutMinutes: timeout_minutes,
      args,
      perAgent: per_agent_per_day,
      perUser: per_user_per_day,
      perSubmission: jobs.per_submission_per_day,
    };
  }
  const agents = Math.max(1, per_user_per_day / per_agent_per_day);
  return {
    hardware: smoke.hardware ?? hardware,
    timeoutMinutes: smoke.timeout_minutes,
    args: [...args, ...smoke.args],
    perAgent: smoke.per_agent_per_day,
    perUser: Math.ceil(smoke.per_agent_per_day * agents),
    perSubmission: null,
  };
}

/** US dollars that one attempt can cost at most. */
export function mostDollars(timeoutMinutes: number, dollarsPerHour: number): number {
  return roundDollars((timeoutMinutes / 60) * dollarsPerHour);
}

/** Millionths, so that sums do not collect noise. */
export function roundDollars(dollars: number): number {
  return Math.round(dollars * 1e6) / 1e6;
}
