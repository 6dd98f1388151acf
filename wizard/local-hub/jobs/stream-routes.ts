/** What a Job says and does, as it happens: logs, events, metrics (hub-wire.md 6.3). */
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { eventStream, type ServerEvent } from "../processes/event-stream.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { jobStatus } from "./job-answer.ts";
import { jobLog } from "./job-runner.ts";
import { findJob, isOver, type Job } from "./job-store.ts";
import type { Jobs } from "./jobs.ts";
import { usageEvents } from "./usage-events.ts";

export interface StreamOptions {
  jobs: Jobs;
  closing: AbortSignal;
  /** The Job that the request names, if the caller may see it. */
  jobOf(c: HubRequest): Job;
}

export function streamRoutes(
  router: HubRouter,
  hub: HubContext,
  { jobs, closing, jobOf }: StreamOptions,
): void {
  const path = "/api/jobs/:ns/:id";
  const about = "output from the first line or the last `tail`, until the Job is over";
  router.add({ method: "GET", path: `${path}/logs`, about }, (c) => {
    const job = jobOf(c);
    const log = jobs.runner(job.id)?.log ?? jobLog(hub, job.id);
    const tail = Number.parseInt(c.req.query("tail") ?? "", 10);
    return eventStream(c, closing, async function* (signal): AsyncGenerator<ServerEvent> {
      const options = { follow: true, signal, ...(tail >= 0 ? { tail } : {}) };
      for await (const data of log.entries(options)) yield { data };
    });
  });

  router.add({ method: "GET", path: `${path}/events`, about: "status, now and at each change" }, (c) => {
    const { id } = jobOf(c);
    const runner = jobs.runner(id);
    return eventStream(c, closing, async function* (signal): AsyncGenerator<ServerEvent> {
      for (let over = false; !over && !signal.aborted; ) {
        const changed = runner?.changed(signal);
        const job = findJob(hub, id) as Job;
        over = isOver(job);
        yield { data: JSON.stringify(jobStatus(job)) };
        if (!over) await changed;
      }
    });
  });

  router.add(
    {
      method: "GET",
      path: `${path}/metrics`,
      about: "processor and memory once a second while the Job runs; no network, no GPU",
      support: "partial",
    },
    (c) => {
      const job = jobOf(c);
      const runner = jobs.runner(job.id);
      if (isOver(job) || runner === undefined) throw new HubHttpError(406, "The Job is over");
      const options = {
        group: () => runner.group,
        isOver: () => runner.isOver,
        flavor: job.spec.flavor,
        replica: job.id,
      };
      return eventStream(c, closing, (signal) => usageEvents(options, signal));
    },
  );
}
