/** The examples' harnesses as Jobs on a local hub: volumes, read-only mounts, log and outputs as on the Hub. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mountNamespace } from "../../wizard/local-hub/jobs/mount-script.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { makeBucket, TestJobs } from "../local-hub/jobs/support.ts";
import { requirePython } from "./support/python.ts";

beforeAll(requirePython);

const EXAMPLES = resolve(import.meta.dirname, "../../examples");

/** The files of a folder of the examples, by path below `prefix`. */
async function filesOf(folder: string, prefix: string): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const root = join(EXAMPLES, folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const kept = paths.filter((path) => !path.includes("__pycache__"));
  const pairs = kept.map(async (path) => [
    `${prefix}/${relative(root, path)}`,
    new Uint8Array(await readFile(path)),
  ]);
  return Object.fromEntries(await Promise.all(pairs));
}

const canMount = (await mountNamespace()) !== null;

describe.each([...(canMount ? ["mounted"] : []), "rewritten"])("as a Job, with volumes %s,", (how) => {
  let hub: LocalHub;
  let jobs: TestJobs;
  beforeAll(async () => {
    if (how === "rewritten") process.env.AGENT_COLLAB_JOB_MOUNTS = "off";
    hub = await startLocalHub();
    jobs = new TestJobs(hub);
  });
  afterAll(async () => {
    await hub.close();
    delete process.env.AGENT_COLLAB_JOB_MOUNTS;
  });

  async function runJob(name: string, harness: string, submission: string, args: readonly string[]) {
    const bucket = await makeBucket(hub, `ada/${name}`);
    await bucket.write({
      ...(await filesOf(harness, "harness")),
      ...(await filesOf(submission, "submission")),
      "run/request.json": "{}",
    });
    const volume = (path: string, readOnly: boolean) => {
      return { type: "bucket", source: `ada/${name}`, path, mountPath: `/${path}`, readOnly };
    };
    const job = await jobs.start({
      dockerImage: "python:3.12-slim",
      command: [
        "python3",
        "/harness/run.py",
        ...["--submission-dir", "/submission", "--state-dir", "/run", ...args],
      ],
      volumes: [volume("submission", true), volume("harness", true), volume("run", false)],
    });
    const output = await jobs.output(job.id);
    return { output, summary: await bucket.read("run/summary.json"), paths: await bucket.paths() };
  }

  it("the Gemma harness measures the stub, and the log vouches for the summary", async () => {
    const folders = ["gemma-challenge/harness", "gemma-challenge/submissions/stub"] as const;
    const { output, summary, paths } = await runJob("gemma", ...folders, ["--profile", "dry"]);
    expect(JSON.parse(summary ?? "")).toMatchObject({ status: "completed", gates_ok: true, ppl: 2.2 });
    expect(paths).toContain("run/outputs.json");
    const hash = createHash("sha256")
      .update(summary ?? "")
      .digest("hex");
    expect(output).toContain(`"summary_sha256": "${hash}"`);
  });

  it("the circle packing harness checks the baseline", async () => {
    const folders = ["circle-packing/harness", "circle-packing/submissions/baseline"] as const;
    const { summary } = await runJob("circles", ...folders, []);
    expect(JSON.parse(summary ?? "")).toMatchObject({ status: "completed", sum_radii: 2.541421356237 });
  });
});
