/** Jobs that outlived their run: a start whose answer was lost, and that showed itself when the run was over. */
import { verificationNamespace } from "../../../schema/collab.ts";
import type { Backend } from "../backend.ts";
import { findRun } from "../board/queries/runs.ts";
import { isRunOver } from "../documents/run.ts";
import { errorFields } from "../log.ts";
import { RUN_LABEL, SLUG_LABEL } from "./job-spec.ts";

/** Ends them, as far as the Hub can be asked. Never throws. Returns how many there were. */
export async function sweepJobs({ hub, collab, names, board, log }: Backend): Promise<number> {
  let ended = 0;
  for (const namespace of new Set([names.org, verificationNamespace(collab)])) {
    const jobs = hub.jobs(namespace);
    try {
      for (const job of await jobs.find(SLUG_LABEL, collab.collab.slug, { going: true })) {
        const run = findRun(board, job.labels.get(RUN_LABEL) ?? "");
        // Of a run that is not known here somebody else may know.
        if (run === undefined || !isRunOver(run)) continue;
        log("warn", "a Job outlived its run and is canceled", { job: job.id, run: run.run_id });
        await jobs.cancel(job.id);
        ended += 1;
      }
    } catch (error) {
      log("info", "Jobs could not be swept", { namespace, error: errorFields(error) });
    }
  }
  return ended;
}
