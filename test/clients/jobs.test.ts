/** Jobs with the real `hf` CLI, the Python library and the JavaScript client. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  cancelJob,
  getJob,
  listJobHardware,
  listJobs,
  runJob,
  streamJobEvents,
  streamJobLogs,
} from "@huggingface/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { Participant } from "../support/hf-cli.ts";

/** What an evaluation does: read a submission, write a summary. */
const SCRIPT = `
import json, os, sys
numbers = [int(line) for line in open("/submission/numbers.txt")]
os.makedirs("/state/runs", exist_ok=True)
with open("/state/runs/summary.json", "w") as file:
    json.dump({"sum": sum(numbers), "job": os.environ["JOB_ID"], "args": sys.argv[1:]}, file)
try:
    open("/submission/forbidden.txt", "w")
    print("could write the submission")
except OSError as error:
    print("submission is read-only:", type(error).__name__)
print("sum", sum(numbers))
`;

/** A dozen Python processes on a busy machine. */
const SLOW_MS = 240_000;

describe("Jobs", { timeout: SLOW_MS }, () => {
  let hub: LocalHub;
  let ada: Participant;
  const js = () => ({ hubUrl: hub.url, accessToken: "hf_local_ada" });
  const cat = (path: string) => ada.hfOk(["buckets", "cp", `hf://buckets/${path}`, "-"]);

  beforeAll(async () => {
    hub = await startLocalHub();
    ada = await Participant.create(hub.url, "hf_local_ada");
    for (const bucket of ["ada/submission", "ada/state", "ada/code"])
      await ada.hfOk(["buckets", "create", bucket]);
    await ada.hfOk(["buckets", "cp", "-", "hf://buckets/ada/submission/v1/numbers.txt"], "1\n2\n39\n");
    await ada.hfOk(["buckets", "cp", "-", "hf://buckets/ada/code/evaluate.py"], SCRIPT);
  });
  afterAll(async () => {
    await ada?.[Symbol.asyncDispose]();
    await hub?.close();
  });

  test("hf jobs run evaluates a submission: reads one volume, writes another, streams the log", async () => {
    const result = await ada.hf([
      ...["jobs", "run", "--flavor", "a100-large", "--timeout", "5m", "--label", "run=1"],
      ...["-v", "hf://buckets/ada/submission/v1:/submission:ro"],
      ...["-v", "hf://buckets/ada/state/agent-1:/state"],
      ...["-v", "hf://buckets/ada/code:/code:ro"],
      ...["python:3.12", "python", "/code/evaluate.py", "--fast"],
    ]);
    expect([result.code, result.stdout, result.stderr]).toEqual([
      0,
      expect.stringContaining("sum 42"),
      expect.anything(),
    ]);
    expect(result.stdout).toContain("submission is read-only: ");
    expect(JSON.parse(await cat("ada/state/agent-1/runs/summary.json"))).toEqual({
      sum: 42,
      job: expect.stringMatching(/^[0-9a-f]{24}$/),
      args: ["--fast"],
    });
    expect(await ada.hfOk(["buckets", "list", "-R", "ada/submission"])).not.toContain("forbidden");
  });

  test("the JavaScript client does the same", async () => {
    const job = await runJob({
      ...js(),
      namespace: "ada",
      dockerImage: "python:3.12",
      command: ["python3", "/code/evaluate.py"],
      flavor: "a100-large",
      timeoutSeconds: 60,
      labels: { submission: "v1" },
      volumes: [
        {
          source: { type: "bucket", name: "ada/submission" },
          path: "v1",
          mountPath: "/submission",
          readOnly: true,
        },
        { source: { type: "bucket", name: "ada/state" }, path: "agent-2", mountPath: "/state" },
        { source: { type: "bucket", name: "ada/code" }, mountPath: "/code", readOnly: true },
      ],
    });
    const lines: string[] = [];
    for await (const { message } of streamJobLogs({ ...js(), namespace: "ada", jobId: job.id }))
      lines.push(message);
    expect(lines.at(-1)).toBe("sum 42\n");
    const events: string[] = [];
    for await (const event of streamJobEvents({ ...js(), namespace: "ada", jobId: job.id }))
      events.push(event);
    expect(JSON.parse(events.at(-1) as string)).toMatchObject({ stage: "COMPLETED" });
    expect(await getJob({ ...js(), namespace: "ada", jobId: job.id })).toMatchObject({
      status: { stage: "COMPLETED", message: null, failureCount: 0 },
      owner: { name: "ada", type: "user" },
      labels: { submission: "v1" },
    });
    expect(JSON.parse(await cat("ada/state/agent-2/runs/summary.json"))).toMatchObject({
      sum: 42,
      job: job.id,
    });
    expect((await listJobs({ ...js(), namespace: "ada" })).map(({ id }) => id)).toContain(job.id);
  });

  test("hf jobs run -d, ps, inspect, logs and cancel", async () => {
    const id = (
      await ada.hfOk([
        "jobs",
        "run",
        "-d",
        "--format",
        "quiet",
        "python:3.12",
        "sh",
        "-c",
        "echo up; sleep 1000",
      ])
    ).trim();
    expect(id).toMatch(/[0-9a-f]{24}$/);
    const name = id.slice(-24);
    expect(await ada.hfOk(["jobs", "ps", "--format", "json"])).toContain(name);
    for (let log = ""; !log.includes("up"); ) log = await ada.hfOk(["jobs", "logs", name]);
    const inspected = JSON.parse(await ada.hfOk(["jobs", "inspect", name, "--format", "json"]));
    expect([inspected].flat()[0].status.stage).toBe("RUNNING");
    await ada.hfOk(["jobs", "cancel", name]);
    const after = JSON.parse(await ada.hfOk(["jobs", "inspect", name, "--format", "json"]));
    expect([after].flat()[0].status.stage).toBe("CANCELED");
    expect(await ada.hfOk(["jobs", "ps", "--format", "json"])).not.toContain(name);
    expect(await ada.hfOk(["jobs", "ps", "-a", "--format", "json"])).toContain(name);
  });

  test("a failing Job makes hf jobs run fail", async () => {
    const result = await ada.hf([
      "jobs",
      "run",
      "python:3.12",
      "python",
      "-c",
      "print('no'); raise SystemExit(3)",
    ]);
    expect(result.code).not.toBe(0);
    expect(result.stdout + result.stderr).toContain("exit code: 3");
  });

  test("a local folder and secrets travel with hf jobs run", async () => {
    await writeFile(join(ada.home, "input.txt"), "from here");
    await ada.bash("mkdir -p folder && cp input.txt folder/");
    const output = await ada.hfOk([
      ...["jobs", "run", "-v", "./folder:/in", "--secrets", "KEY=hush", "-e", "COLOR=blue"],
      ...["busybox", "sh", "-c", 'cat /in/input.txt; echo " $KEY $COLOR"'],
    ]);
    expect(output).toContain("from here hush blue");
    expect(await ada.hfOk(["jobs", "ps", "-a", "--format", "json"])).not.toContain("hush");
  });

  test("the hardware list has the Hub's names and prices", async () => {
    expect(await ada.hfOk(["jobs", "hardware"])).toContain("a100-large");
    const hardware = await listJobHardware({ hubUrl: hub.url });
    expect(hardware.find(({ name }) => name === "a100-large")).toMatchObject({
      prettyName: "Nvidia A100 - large",
      cpu: "12 vCPU",
      ram: "142 GB",
      accelerator: { type: "gpu", model: "A100", quantity: "1", vram: "80 GB", manufacturer: "Nvidia" },
      unitCostMicroUSD: 41_667,
      unitLabel: "minute",
    });
  });

  test("the Python library lists by stage and label, waits, and reads metrics", async () => {
    const result = await ada.python(`
import json
from huggingface_hub import HfApi
api = HfApi()
job = api.run_job(image="busybox", command=["sh", "-c", "while :; do :; done"], labels={"kind": "busy"})
metric = next(iter(api.fetch_job_metrics(job_id=job.id)))
running = [j.id for j in api.list_jobs(labels={"kind": "busy"}, status="RUNNING")]
api.cancel_job(job_id=job.id)
stage = api.inspect_job(job_id=job.id).status.stage
none = list(api.list_jobs(labels={"kind": "busy"}, status="RUNNING"))
print(json.dumps([running == [job.id], metric["memory_total_bytes"], stage, none]))
`);
    expect([result.code, result.stderr]).toEqual([0, expect.anything()]);
    expect(JSON.parse(result.stdout)).toEqual([true, 16 * 2 ** 30, "CANCELED", []]);
  });

  test("the JavaScript client cancels", async () => {
    const job = await runJob({
      ...js(),
      namespace: "ada",
      dockerImage: "x",
      command: ["sleep", "1000"],
      flavor: "cpu-basic",
    });
    expect(await cancelJob({ ...js(), namespace: "ada", jobId: job.id })).toMatchObject({
      status: { stage: "CANCELED" },
    });
    const again = await cancelJob({ ...js(), namespace: "ada", jobId: job.id });
    expect(again.status.stage).toBe("CANCELED");
  });
});
