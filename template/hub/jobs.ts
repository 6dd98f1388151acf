/** Jobs of a namespace (hub-wire.md 6). The library has no label filter, and its stages are another API's. */
import { z } from "zod";
import { HubError } from "./errors.ts";
import type { HubHttp } from "./http.ts";
import { logLines } from "./logs.ts";
import { pages, unexpected } from "./pages.ts";
import { encodePath } from "./path.ts";
import type { HubJobs, JobFlavor, JobInfo } from "./types.ts";

const Job = z.looseObject({
  id: z.string(),
  createdAt: z.string().nullish(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
  flavor: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  status: z.looseObject({
    stage: z.string(),
    message: z.string().nullish(),
    cancelReason: z.string().nullish(),
  }),
});

const Flavor = z.looseObject({
  name: z.string(),
  prettyName: z.string().nullish(),
  unitCostUSD: z.number(),
  unitLabel: z.string(),
});

/** Any other stage is one that ends, and one that ended never changes (hub-wire.md 6.2). */
const GOING = new Set(["SCHEDULING", "RUNNING", "UPDATING", "PAUSED"]);

export function isJobOver({ stage }: Pick<JobInfo, "stage">): boolean {
  return !GOING.has(stage);
}

export function hubJobs(http: HubHttp, namespace: string): HubJobs {
  const base = `/api/jobs/${encodePath(namespace)}`;
  const toJob = (answer: unknown, request: { method: "GET" | "POST"; url: string }): JobInfo => {
    const parsed = Job.safeParse(answer);
    if (!parsed.success) throw unexpected(request, "a Job");
    const { id, createdAt, startedAt, finishedAt, flavor, labels, status } = parsed.data;
    return {
      id,
      url: `${http.endpoint}/jobs/${namespace}/${id}`,
      stage: status.stage,
      message: status.message ?? null,
      cancelReason: status.cancelReason ?? null,
      flavor: flavor ?? null,
      labels: new Map(Object.entries(labels ?? {})),
      createdAt: createdAt ?? null,
      startedAt: startedAt ?? null,
      finishedAt: finishedAt ?? null,
    };
  };

  return {
    namespace,
    async run({ image, command, flavor, timeoutSeconds, labels, environment = {}, volumes }) {
      const request = { method: "POST", url: base } as const;
      const json = {
        dockerImage: image,
        command,
        arguments: [],
        environment,
        flavor,
        timeoutSeconds,
        labels,
        volumes,
      };
      return toJob((await http.send({ ...request, json, repeat: "unsent" })).json(), request);
    },
    async get(id) {
      const request = { method: "GET", url: `${base}/${encodeURIComponent(id)}` } as const;
      try {
        return toJob((await http.send(request)).json(), request);
      } catch (error) {
        if (error instanceof HubError && error.isNotFound) return null;
        throw error;
      }
    },
    async find(key, value, { going = false } = {}) {
      const stages = going ? "?stage=SCHEDULING&stage=RUNNING" : "";
      const request = { method: "GET", url: base + stages } as const;
      const jobs: JobInfo[] = [];
      for await (const page of pages(http, { ...request, query: { label: `${key}=${value}` } })) {
        jobs.push(...page.map((job) => toJob(job, request)));
      }
      // A Hub that does not know the filter answers with every Job.
      return jobs.filter((job) => job.labels.get(key) === value && !(going && isJobOver(job)));
    },
    async cancel(id) {
      await http.send({ method: "POST", url: `${base}/${encodeURIComponent(id)}/cancel` });
    },
    logs: (id, tail) => logLines(http, `${base}/${encodeURIComponent(id)}/logs`, tail),
  };
}

/** Hardware with its price per hour in US dollars; what is billed otherwise than by the minute is left out. */
export async function jobFlavors(http: HubHttp): Promise<JobFlavor[]> {
  const request = { method: "GET", url: "/api/jobs/hardware" } as const;
  const parsed = z.array(Flavor).safeParse((await http.send(request)).json());
  if (!parsed.success) throw unexpected(request, "a list of hardware");
  return parsed.data
    .filter(({ unitLabel }) => unitLabel === "minute")
    .map(({ name, prettyName, unitCostUSD }) => ({
      name,
      title: prettyName ?? name,
      dollarsPerHour: unitCostUSD * 60,
    }));
}
