/** The numbers of runs. Tests shorten them. */
export interface RunsOptions {
  /** How often a running Job is looked at. */
  pollMs: number;
  /** Past its time limit a Job gets so long to end by itself before it is canceled. */
  graceMs: number;
  /** A Job that no machine has taken for so long is given up. */
  queueMs: number;
  /** How long `jobs:run` waits for the launch before it answers that it will come. */
  answerWithinMs: number;
  /** Waits before a launch whose answer was lost is looked for, and tried again if it was not one. */
  launchWaitsMs: readonly number[];
  /** Waits before outputs are looked for again: a mount uploads in the background. */
  readBackWaitsMs: readonly number[];
  /** Waits before copies for the agent's bucket are tried again. */
  mirrorWaitsMs: readonly number[];
  /** While the Hub is down: between tries of what has to be done. */
  outageWaitMs: number;
  /** After a launch that may have happened all the same, when to look for Jobs that belong to no run. */
  sweepWaitsMs: readonly number[];
}

/** On a local hub a Job takes seconds, and asking is free. */
const LOCAL_HUB: Partial<RunsOptions> = {
  pollMs: 500,
  readBackWaitsMs: [250, 500, 1_000, 2_000, 4_000],
};
const LOOPBACK = /^https?:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?(?:\/|$)/;

/** What differs from `RUNS_OPTIONS` for a Hub at this address. */
export function runsOptionsFor(hubEndpoint: string): Partial<RunsOptions> {
  return LOOPBACK.test(hubEndpoint) ? LOCAL_HUB : {};
}

export const RUNS_OPTIONS: RunsOptions = {
  pollMs: 20_000,
  graceMs: 180_000,
  queueMs: 60 * 60_000,
  answerWithinMs: 30_000,
  launchWaitsMs: [2_000, 10_000, 30_000],
  readBackWaitsMs: [1_000, 2_000, 4_000, 8_000, 15_000, 30_000],
  mirrorWaitsMs: [5_000, 30_000, 300_000, 3_600_000],
  outageWaitMs: 15_000,
  sweepWaitsMs: [60_000, 600_000],
};
