/** The Hub client that the wizard and the Spaces share. */
import { hubBucket } from "./bucket.ts";
import { createHttp } from "./http.ts";
import { hubJobs, jobFlavors } from "./jobs.ts";
import { hubOrg } from "./org.ts";
import { hubSpace } from "./space.ts";
import type { Hub, HubClientOptions } from "./types.ts";
import { whoami } from "./whoami.ts";
import { WriteTokens } from "./xet/upload.ts";

/** Sends nothing by itself: a client of an unreachable Hub or with a wrong token fails at its first call. */
export function createHub(options: HubClientOptions): Hub {
  const http = createHttp(options);
  const tokens = new WriteTokens(http);
  return {
    endpoint: http.endpoint,
    whoami: (token) => whoami(http, token),
    bucket: (id) => hubBucket(http, tokens, id),
    space: (id) => hubSpace(http, id),
    org: (name) => hubOrg(http, name),
    jobs: (namespace) => hubJobs(http, namespace),
    jobFlavors: () => jobFlavors(http),
    as: (token) => createHub({ ...options, token }),
  };
}
