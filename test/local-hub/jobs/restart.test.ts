/** Jobs across the life and death of their hub. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startLocalHub } from "../../../wizard/local-hub/server.ts";
import { isAlive } from "../processes/support.ts";
import { makeBucket, TestBucket, TestJobs } from "./support.ts";

describe("a hub's Jobs", () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "jobs-restart-"));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  test("end with it: their files are stored, their stage says why, and their log stays", async () => {
    const first = await startLocalHub({ dataDir });
    const jobs = new TestJobs(first);
    await makeBucket(first, "ada/state");
    const done = await jobs.shell("echo done");
    await jobs.output(done.id);
    const job = await jobs.shell("echo half > /state/result; echo $$; exec sleep 1000", {
      secrets: { KEY: "hush" },
      volumes: [{ type: "bucket", source: "ada/state", mountPath: "/state" }],
    });
    const following = jobs.log(job.id);
    await jobs.reaches(job.id, "RUNNING");
    while (!(await new TestBucket(first, "ada/state").paths()).includes("result")) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await first.close();
    const pid = Number.parseInt(await following, 10);
    expect(isAlive(pid)).toBe(false);

    await using second = await startLocalHub({ dataDir });
    const after = new TestJobs(second);
    expect((await after.job(job.id)).status).toMatchObject({
      stage: "ERROR",
      message: expect.stringContaining("hub was stopped"),
    });
    expect(await after.log(job.id)).toBe(`${pid}\n`);
    expect(await after.log(done.id)).toBe("done\n");
    expect(await new TestBucket(second, "ada/state").read("result")).toBe("half\n");
    expect((await after.get(job.id, "/duplicate", { method: "POST" })).status).toBe(409);
    const left = (await readdir(join(dataDir, "jobs"), { recursive: true })).filter(
      (name) => !/job\.log$|^[^/]*$|^bin/.test(name),
    );
    expect(left).toEqual([]);
  });

  test("that were running when it was killed are marked as lost", async () => {
    const first = await startLocalHub({ dataDir });
    const job = await new TestJobs(first).shell("exit 0");
    await new TestJobs(first).reaches(job.id, "COMPLETED");
    first.context.db
      .prepare("UPDATE jobs SET stage = 'RUNNING', finished_at = NULL WHERE id = ?")
      .run(job.id);
    await first.close();
    await using second = await startLocalHub({ dataDir });
    expect((await new TestJobs(second).job(job.id)).status).toMatchObject({ stage: "ERROR" });
  });
});
