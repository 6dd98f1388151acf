/** Jobs of the local hub: programs of this machine with the Hub's API around them (hub-wire.md 6). */
import type { Caller, HubContext, HubPart } from "../context.ts";
import { badRequest, HubHttpError } from "../errors.ts";
import { nextPageLink } from "../origin.ts";
import { guardOf } from "../processes/process-guard.ts";
import { jsonObject } from "../repos/body.ts";
import { callerOf } from "../repos/names.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { hardwareList } from "./hardware.ts";
import { jobAnswer } from "./job-answer.ts";
import { type JobSpec, parseJobRequest, parseLabels } from "./job-spec.ts";
import {
  countJobs,
  createJobTables,
  findJob,
  JOB_STAGES,
  type Job,
  type JobFilter,
  listJobs,
  setLabels,
} from "./job-store.ts";
import { Jobs } from "./jobs.ts";
import { requireSpaceImage } from "./space-image.ts";
import { streamRoutes } from "./stream-routes.ts";
import { requireVolume } from "./volume-content.ts";

const PAGE = 100;
const JOBS = "/api/jobs/:ns";

/** Install after the buckets and repositories. */
export function jobRoutes(router: HubRouter, hub: HubContext): HubPart {
  guardOf(hub);
  createJobTables(hub);
  const jobs = new Jobs(hub);
  const closing = new AbortController();

  router.add({ method: "GET", path: "/api/jobs/hardware", about: "hardware with names and prices" }, (c) =>
    c.json(hardwareList()),
  );
  router.add(
    {
      method: "POST",
      path: JOBS,
      about:
        "start a Job as a process of this machine: the image is not pulled; no ports, no SSH; volumes are copied at the start and written back",
      support: "partial",
    },
    async (c) => {
      const { caller, namespace } = namespaceOf(hub, c);
      const request = parseJobRequest(await jsonObject(c));
      requireSources(hub, caller, request.spec);
      return c.json(jobAnswer(hub, jobs.start(namespace, caller, request)));
    },
  );
  router.add(
    { method: "GET", path: JOBS, about: "Jobs, newest first, by stage and label, in pages" },
    (c) => {
      const { namespace } = namespaceOf(hub, c);
      const limit = Math.min(Number.parseInt(c.req.query("limit") ?? "", 10) || PAGE, PAGE);
      const cursor = c.req.query("cursor");
      if (cursor !== undefined && !/^\d+$/.test(cursor))
        throw badRequest("This cursor is not of this listing");
      const before = cursor === undefined ? null : Number(cursor);
      const page = listJobs(hub, filterOf(c, namespace), limit + 1, before);
      const shown = page.slice(0, limit);
      if (page.length > limit) c.header("Link", nextPageLink(c, String(shown.at(-1)?.number)));
      return c.json(shown.map((job) => jobAnswer(hub, job)));
    },
  );
  router.add({ method: "GET", path: `${JOBS}/count`, about: "how many Jobs, by stage and label" }, (c) => {
    const { namespace } = namespaceOf(hub, c);
    return c.json({ count: countJobs(hub, filterOf(c, namespace)) });
  });
  router.add({ method: "GET", path: `${JOBS}/:id`, about: "a Job with its status" }, (c) =>
    c.json(jobAnswer(hub, jobOf(hub, c).job)),
  );
  router.add(
    { method: "POST", path: `${JOBS}/:id/cancel`, about: "end a Job; no error when it is over" },
    async (c) => {
      const { job } = jobOf(hub, c);
      await jobs.runner(job.id)?.stop("CANCELED", null);
      return c.json(jobAnswer(hub, findJob(hub, job.id) as Job));
    },
  );
  router.add({ method: "PUT", path: `${JOBS}/:id/labels`, about: "replaces all labels" }, async (c) => {
    const { job } = jobOf(hub, c);
    const { labels } = await jsonObject(c);
    return c.json(jobAnswer(hub, setLabels(hub, job.id, parseLabels(labels))));
  });
  router.add(
    {
      method: "POST",
      path: `${JOBS}/:id/duplicate`,
      about: "the same Job again; one with secrets only while the hub that ran it runs",
      support: "partial",
    },
    (c) => {
      const { job, caller, namespace } = jobOf(hub, c);
      const secrets = jobs.runner(job.id)?.secrets;
      if (job.spec.secretNames.length > 0 && secrets === undefined) {
        throw new HubHttpError(
          409,
          "The local hub forgets a Job's secrets when it stops: start the Job anew",
        );
      }
      requireSources(hub, caller, job.spec);
      const request = { spec: job.spec, labels: job.labels, secrets: secrets ?? {} };
      return c.json(jobAnswer(hub, jobs.start(namespace, caller, request)));
    },
  );
  router.add(
    {
      method: "POST",
      path: "/_emulator/jobs",
      about: "how many Jobs run at once: {maxRunning}; the others wait",
    },
    async (c) => {
      const { maxRunning } = await jsonObject(c);
      if (!Number.isInteger(maxRunning) || (maxRunning as number) < 0) {
        throw badRequest('Body must be {"maxRunning": whole number}');
      }
      jobs.setMaxRunning(maxRunning as number);
      return c.json({ maxRunning });
    },
  );
  streamRoutes(router, hub, { jobs, closing: closing.signal, jobOf: (c) => jobOf(hub, c).job });

  return {
    async close() {
      await jobs.close();
      closing.abort();
    },
  };
}

/** Throws unless `caller` may use every volume, and the Space that serves as image. */
function requireSources(hub: HubContext, caller: Caller, spec: JobSpec): void {
  for (const volume of spec.volumes) requireVolume(hub, caller, volume);
  if (spec.spaceId !== null) requireSpaceImage(hub, caller, spec.spaceId);
}

/** The namespace of the URL, if the caller may run Jobs in it. */
function namespaceOf(hub: HubContext, c: HubRequest): { caller: Caller; namespace: string } {
  const caller = callerOf(hub, c);
  const name = c.req.param("ns") as string;
  const namespace = name === "me" ? (caller?.user ?? name) : name;
  hub.accounts.requireJobs(caller, namespace);
  return { caller, namespace };
}

function jobOf(hub: HubContext, c: HubRequest): { job: Job; caller: Caller; namespace: string } {
  const { caller, namespace } = namespaceOf(hub, c);
  const job = findJob(hub, c.req.param("id") as string);
  if (job === null || job.namespace !== namespace) throw new HubHttpError(404, "Job not found");
  return { job, caller, namespace };
}

function filterOf(c: HubRequest, namespace: string): JobFilter {
  const stages = c.req.queries("stage") ?? [];
  const unknown = stages.find(
    (stage) => !(JOB_STAGES as readonly string[]).includes(stage) && stage !== "DELETED",
  );
  if (unknown !== undefined) {
    throw badRequest(`Unknown stage ${JSON.stringify(unknown)}: use one of ${JOB_STAGES.join(", ")}`);
  }
  const labels = (c.req.queries("label") ?? []).map((text): [string, string] => {
    const [key = "", ...value] = text.split("=");
    return [key, value.join("=")];
  });
  return { namespace, stages, labels };
}
