/** The Job of a run (api-v1.md 9.2, 9.3): its command, its volumes, its labels. No environment, no secrets. */
import type { JobSpec, JobVolume } from "../../../hub/types.ts";
import type { Collab, ResourceNames } from "../../../schema/collab.ts";
import type { Run } from "../documents/run.ts";
import { lanePlan } from "./lanes.ts";

/** The label that finds a run's Jobs; the id fits into a label as it is. */
export const RUN_LABEL = "run";
export const ATTEMPT_LABEL = "attempt";
export const SLUG_LABEL = "slug";
const MAX_LABEL = 80;
const SECONDS_PER_MINUTE = 60;

export function jobSpec(run: Run, collab: Collab, names: ResourceNames): JobSpec {
  const { jobs, verification } = collab;
  const isPrivate = run.kind === "verification" && verification.mode === "jobs";
  const bucket = (source: string, path: string, mountPath: string, readOnly: boolean): JobVolume => ({
    type: "bucket",
    source,
    path: path.replace(/^\/+|\/+$/g, ""),
    mountPath,
    readOnly,
  });
  const { snapshot } = run.submission;
  return {
    image: jobs.image,
    command: [
      "python3",
      `/harness/${jobs.entrypoint}`,
      "--submission-dir",
      "/submission",
      "--state-dir",
      "/state",
      ...(isPrivate ? ["--private-dir", "/private"] : []),
      ...lanePlan(collab, run.lane).args,
      // Last, so that they win where an argument may stand twice.
      ...(isPrivate ? verification.args : []),
    ],
    flavor: run.hardware,
    timeoutSeconds: Math.ceil(run.timeout_minutes * SECONDS_PER_MINUTE),
    labels: jobLabels(run, collab.collab.slug),
    volumes: [
      bucket(snapshot.bucket, snapshot.prefix, "/submission", true),
      bucket(names.centralBucket, jobs.harness, "/harness", true),
      bucket(run.state.bucket, run.state.prefix, "/state", false),
      ...(isPrivate ? [bucket(names.auditBucket, verification.private_data, "/private", true)] : []),
    ],
  };
}

function jobLabels(run: Run, slug: string): Record<string, string> {
  const own = { [RUN_LABEL]: run.run_id, [ATTEMPT_LABEL]: String(run.attempts.length), [SLUG_LABEL]: slug };
  if (run.kind === "verification") {
    const result = (run.result ?? "").replace(/[^A-Za-z0-9_=-]/g, "-").slice(0, MAX_LABEL);
    // `=` is in the forerunner's rule, but no character of a label.
    const label = result.replaceAll("=", "-");
    return { task: `${slug}-verification`, result: label, via: "bucket-sync-verifier", ...own };
  }
  return {
    task: `${slug}-benchmark`,
    submission: submissionLabel(run.submission.source.prefix),
    agent_id: run.agent_id,
    via: "bucket-sync-api",
    ...own,
  };
}

function submissionLabel(prefix: string): string {
  const label = prefix
    .replace(/[/_]/g, "-")
    .replace(/[^A-Za-z0-9-]/g, "")
    .slice(0, MAX_LABEL);
  return label === "" ? "submission" : label;
}
