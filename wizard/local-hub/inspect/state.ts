/** Everything that is in a hub, as the page to look inside shows it and as JSON. */
import type { AccountStore } from "../accounts/store.ts";
import { BucketStore } from "../buckets/bucket-store.ts";
import type { HubContext } from "../context.ts";
import { type Job, listJobs } from "../jobs/job-store.ts";
import { listRepos } from "../repos/store.ts";
import { spaceFields } from "../spaces/space-fields.ts";
import { HUB_VERSION } from "../version.ts";

/** Newest Jobs shown of each namespace. */
const SHOWN_JOBS = 50;

export type HubState = ReturnType<typeof describeState>;

/** Private things too: whoever reaches a local hub can be any of its users. */
export function describeState(hub: HubContext, store: AccountStore) {
  const users = store.listUsers().map(({ name, fullname }) => ({ name, fullname }));
  const orgs = store.listOrgs().map(({ name, plan }) => ({
    name,
    plan,
    members: Object.fromEntries(store.membersOf(name).map(({ user, role }) => [user, role])),
  }));
  const namespaces = [...users, ...orgs].map(({ name }) => name).sort();
  const buckets = new BucketStore(hub.db);
  return {
    version: HUB_VERSION,
    time: new Date(hub.now()).toISOString(),
    data_dir: hub.dataDir,
    users,
    orgs,
    buckets: namespaces
      .flatMap((namespace) => [...buckets.list(namespace, "")])
      .map(({ id, private: isPrivate, createdBy, size, totalFiles, updatedAt }) => ({
        id,
        private: isPrivate,
        created_by: createdBy,
        size,
        files: totalFiles,
        updated_at: new Date(updatedAt).toISOString(),
      })),
    spaces: listRepos(hub, "space").map((repo) => {
      const { host, runtime } = spaceFields(hub, repo) as { host: string | null; runtime: { stage: string } };
      return {
        id: repo.id,
        private: repo.private,
        created_by: repo.createdBy,
        stage: runtime.stage,
        url: host,
      };
    }),
    jobs: namespaces
      .flatMap((namespace) => listJobs(hub, { namespace, stages: [], labels: [] }, SHOWN_JOBS, null))
      .sort((a, b) => b.number - a.number)
      .map(describeJob),
  };
}

function describeJob({ id, namespace, createdBy, stage, message, labels, spec, createdAt }: Job) {
  return {
    id,
    namespace,
    created_by: createdBy,
    stage,
    message,
    labels,
    flavor: spec.flavor,
    created_at: new Date(createdAt).toISOString(),
  };
}
