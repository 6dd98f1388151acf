/** What a Job says and does, as it happens: logs, events, metrics (hub-wire.md 6.3). */
import { setTimeout as sleep } from "node:timers/promises";
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { eventStream, type ServerEvent } from "../processes/event-stream.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { groupUsage } from "./group-usage.ts";
import { cpuCores, memoryBytes } from "./hardware.ts";
import { jobStatus } from "./job-answer.ts";
import { jobLog } from "./job-runner.ts";
import { findJob, isOver, type Job } from "./job-store.ts";
import type { Jobs } from "./jobs.ts";

const METRICS_MS = 1_000;

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
      return eventStream(c, closing, async function* (signal): AsyncGenerator<ServerEvent> {
        const cores = cpuCores(job.spec.flavor);
        let before: { cpuMs: number; at: number } | null = null;
        while (!signal.aborted && !runner.isOver) {
          const { group } = runner;
          if (group !== null) {
            const usage = groupUsage(group);
            const at = performance.now();
            const millicores =
              before === null ? 0 : ((usage.cpuMs - before.cpuMs) / (at - before.at)) * 1_000;
            before = { cpuMs: usage.cpuMs, at };
            const metric = {
              cpu_usage_pct: Math.max(0, Math.round(millicores / 10 / cores)),
              cpu_millicores: Math.max(0, Math.round(millicores)),
              memory_used_bytes: usage.memoryBytes,
              memory_total_bytes: memoryBytes(job.spec.flavor),
              rx_bps: 0,
              tx_bps: 0,
              gpus: {},
              replica: job.id.slice(-5),
            };
            yield { event: "metric", data: JSON.stringify(metric) };
          }
          await sleep(METRICS_MS, undefined, { signal }).catch(() => {});
        }
      });
    },
  );
}
