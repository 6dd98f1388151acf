/** A Job as the API shows it (hub-wire.md 6.2). */
import { avatarPath } from "../accounts/avatar.ts";
import { localId, openAccountStore } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { isOver, type Job } from "./job-store.ts";

const date = (time: number) => new Date(time).toISOString();

export function jobStatus(job: Job): Record<string, unknown> {
  return { stage: job.stage, message: job.message, failureCount: job.failures };
}

export function jobAnswer(hub: HubContext, job: Job): Record<string, unknown> {
  const { spec } = job;
  const type = openAccountStore(hub.db).findOrg(job.namespace) === null ? "user" : "org";
  const person = { id: localId(`user/${job.createdBy}`), name: job.createdBy };
  return {
    type: "job",
    id: job.id,
    createdAt: date(job.createdAt),
    ...(job.startedAt === null ? {} : { startedAt: date(job.startedAt) }),
    ...(job.finishedAt === null ? {} : { finishedAt: date(job.finishedAt) }),
    ...(spec.dockerImage === null ? {} : { dockerImage: spec.dockerImage }),
    ...(spec.spaceId === null ? {} : { spaceId: spec.spaceId }),
    command: spec.command,
    arguments: spec.arguments,
    environment: spec.environment,
    secrets: spec.secretNames,
    flavor: spec.flavor,
    arch: spec.arch,
    timeout: spec.timeoutSeconds,
    retry: spec.attempts,
    labels: job.labels,
    volumes: spec.volumes.map(({ path, ...volume }) => ({ ...volume, ...(path === "" ? {} : { path }) })),
    owner: {
      id: localId(`${type}/${job.namespace}`),
      name: job.namespace,
      type,
      avatarUrl: hub.url() + avatarPath(job.namespace),
    },
    createdBy: person,
    initiator: { type: "user", ...person, avatarUrl: hub.url() + avatarPath(job.createdBy) },
    status: jobStatus(job),
    durations: durations(hub, job),
  };
}

/** Whole seconds; those of a Job that goes on are counted up to now. */
function durations(hub: HubContext, job: Job): Record<string, number> {
  const end = job.finishedAt ?? (isOver(job) ? job.createdAt : hub.now());
  const seconds = (from: number, to: number) => Math.max(0, Math.round((to - from) / 1_000));
  return {
    ...(job.startedAt === null
      ? {}
      : {
          schedulingSecs: seconds(job.createdAt, job.startedAt),
          runningSecs: seconds(job.startedAt, end),
        }),
    totalSecs: seconds(job.createdAt, end),
  };
}
