import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { isJobOver } from "../../template/hub/jobs.ts";
import type { Hub, JobInfo, JobSpec } from "../../template/hub/types.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";

const ORG = "demo";

describe("Jobs through the client", () => {
  let local: LocalHub;
  let hub: Hub;

  beforeAll(async () => {
    local = await startLocalHub({ seed: { org: ORG, adminOrg: `${ORG}-admin` } });
    hub = createHub({ endpoint: local.url, token: local.context.accounts.tokenOf("organizer") });
  });
  afterAll(() => local.close());

  const spec = (script: string, more: Partial<JobSpec> = {}): JobSpec => ({
    image: "python:3.12-slim",
    command: ["sh", "-c", script],
    flavor: "cpu-basic",
    timeoutSeconds: 60,
    labels: { run: "one" },
    volumes: [],
    ...more,
  });

  const ended = async (id: string): Promise<JobInfo> => {
    for (;;) {
      const job = await hub.jobs(ORG).get(id);
      if (!job) throw new Error(`Job ${id} is gone`);
      if (isJobOver(job)) return job;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  test("a Job is found by its label while it runs and after, and tells what it printed", async () => {
    const started = await hub.jobs(ORG).run(spec("echo first; echo second", { labels: { run: "labelled" } }));
    expect(isJobOver(started)).toBe(false);
    expect(await hub.jobs(ORG).find("run", "labelled")).toMatchObject([{ id: started.id }]);
    expect(await hub.jobs(ORG).find("run", "nobody")).toEqual([]);

    const over = await ended(started.id);
    expect(over).toMatchObject({ stage: "COMPLETED", flavor: "cpu-basic" });
    expect(over.labels.get("run")).toBe("labelled");
    expect(await hub.jobs(ORG).find("run", "labelled", { going: true })).toEqual([]);
    expect(await hub.jobs(ORG).logs(started.id, 1)).toEqual(["second"]);
  });

  test("a Job that fails, and one that is canceled, are over with the reason", async () => {
    const failing = await hub.jobs(ORG).run(spec("exit 3"));
    expect(await ended(failing.id)).toMatchObject({ stage: "ERROR", message: expect.stringMatching(/3/) });

    const sleeping = await hub.jobs(ORG).run(spec("sleep 60"));
    await hub.jobs(ORG).cancel(sleeping.id);
    expect(await ended(sleeping.id)).toMatchObject({ stage: "CANCELED" });
    await hub.jobs(ORG).cancel(sleeping.id);
  });

  test("volumes are mounted, and what the Job writes is in the bucket", async () => {
    const bucket = hub.bucket(`${ORG}/state`);
    await bucket.create();
    await bucket.write([{ path: "in/number.txt", content: "41" }]);
    const script = "echo $(($(cat /in/number.txt) + 1)) > /out/answer.txt";
    const volume = { type: "bucket", source: `${ORG}/state` } as const;
    const volumes = [
      { ...volume, path: "in", mountPath: "/in", readOnly: true },
      { ...volume, path: "out", mountPath: "/out", readOnly: false },
    ];
    const job = await hub.jobs(ORG).run(spec(script, { volumes }));
    expect(await ended(job.id)).toMatchObject({ stage: "COMPLETED" });
    expect(await bucket.readText("out/answer.txt")).toBe("42\n");
  });

  test("a Job nobody knows is null; one that may not be started is refused", async () => {
    expect(await hub.jobs(ORG).get("0123456789abcdef01234567")).toBeNull();
    const stranger = hub.as(local.context.accounts.tokenOf("ada")).jobs(`${ORG}-admin`);
    await expect(stranger.run(spec("true"))).rejects.toMatchObject({ name: "HubError" });
  });

  test("hardware comes with its price per hour", async () => {
    const flavors = await hub.jobFlavors();
    expect(flavors.find(({ name }) => name === "a100-large")?.dollarsPerHour).toBeCloseTo(2.5, 1);
  });
});
