/**
 * Starting the Job of an attempt, once. A start has no key that makes a repeat harmless, so whenever an answer
 * may have been lost the Job is looked for by its labels before another one is started.
 */
import { HubError } from "../../../hub/errors.ts";
import { isJobOver } from "../../../hub/jobs.ts";
import type { HubJobs, JobInfo, JobSpec } from "../../../hub/types.ts";
import { errorFields } from "../log.ts";
import { type Doing, pause, requireGoing, until } from "./doing.ts";
import { ATTEMPT_LABEL, RUN_LABEL } from "./job-spec.ts";

export type Launched =
  | { state: "launched"; job: JobInfo; isDoubtful: boolean }
  | { state: "refused"; message: string; isDoubtful: boolean }
  | { state: "canceled" };

export interface LaunchOptions extends Doing {
  jobs: HubJobs;
  spec: JobSpec;
  waitsMs: readonly number[];
  /** Another process, or an earlier try, may have started it. */
  isDoubtful: boolean;
  isCanceled(): boolean;
  /** Last look before something is started: throws to stop. */
  beforeStart(): Promise<void>;
}

export async function launchJob(options: LaunchOptions): Promise<Launched> {
  const { jobs, spec, waitsMs } = options;
  let { isDoubtful } = options;
  const refused = async (error: HubError): Promise<Launched> =>
    (isDoubtful ? await attach(options) : null) ?? {
      state: "refused",
      message: error.message,
      isDoubtful,
    };
  for (let attempt = 0; ; attempt += 1) {
    requireGoing(options);
    const found = isDoubtful ? await attach(options) : null;
    if (found) return found;
    if (options.isCanceled()) return { state: "canceled" };
    if (attempt === 0) await options.beforeStart();
    requireGoing(options);
    try {
      const job = await jobs.run(spec);
      if (isDoubtful) await cancelOthers(options, job.id);
      return { state: "launched", job, isDoubtful };
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const wait = waitsMs[attempt];
      if (!error.isTransient || wait === undefined) return refused(error);
      options.log("warn", "a Job may not have started; looking for it", { error: errorFields(error) });
      isDoubtful = true;
      await pause(wait, options);
    }
  }
}

/** The attempt's Job if there is one: the oldest that goes on, else the newest. Others that go on are canceled. */
async function attach(options: LaunchOptions): Promise<Launched | null> {
  const found = await attemptJobs(options);
  const job = found.findLast((each) => !isJobOver(each)) ?? found[0];
  if (job === undefined) return null;
  await cancelOthers(options, job.id, found);
  return { state: "launched", job, isDoubtful: true };
}

/** Ends what else runs under the attempt's labels: a start whose answer was lost and that was seen too late. */
export async function cancelOthers(
  options: Pick<LaunchOptions, "jobs" | "spec"> & Doing,
  keep: string,
  known?: readonly JobInfo[],
): Promise<JobInfo[]> {
  const found = known ?? (await attemptJobs(options));
  const others = found.filter(({ id }) => id !== keep);
  for (const other of others.filter((each) => !isJobOver(each))) {
    options.log("warn", "a second Job of one attempt is canceled", { job: other.id, kept: keep });
    await until("canceling a second Job", () => options.jobs.cancel(other.id), options);
  }
  return others;
}

/** Newest first. */
async function attemptJobs(options: Pick<LaunchOptions, "jobs" | "spec"> & Doing): Promise<JobInfo[]> {
  const { jobs, spec } = options;
  const { [RUN_LABEL]: run = "", [ATTEMPT_LABEL]: attempt = "" } = spec.labels;
  const found = await until("looking for a Job", () => jobs.find(RUN_LABEL, run), options);
  return found.filter(({ labels }) => labels.get(ATTEMPT_LABEL) === attempt);
}
