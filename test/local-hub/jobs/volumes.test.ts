/** Volumes of Jobs: with real mounts where the machine allows them, and with rewritten paths. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mountNamespace } from "../../../wizard/local-hub/jobs/mount-script.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";
import { makeBucket, TestBucket, TestJobs } from "./support.ts";

const canMount = (await mountNamespace()) !== null;

describe.each([...(canMount ? ["mounted"] : []), "rewritten"])("volumes, %s,", (how) => {
  let hub: LocalHub;
  let jobs: TestJobs;
  const volume = (source: string, mountPath: string, more: Record<string, unknown> = {}) => ({
    type: "bucket",
    source,
    mountPath,
    ...more,
  });

  beforeAll(async () => {
    if (how === "rewritten") process.env.AGENT_COLLAB_JOB_MOUNTS = "off";
    hub = await startLocalHub();
    jobs = new TestJobs(hub);
  });
  afterAll(async () => {
    await hub.close();
    delete process.env.AGENT_COLLAB_JOB_MOUNTS;
  });

  test("carry new, changed, renamed and deleted files back, and leave the others alone", async () => {
    const bucket = await makeBucket(hub, "ada/back");
    await bucket.write({
      "in/same": "same",
      "in/change": "old",
      "in/gone": "x",
      "in/sub/rename": "r",
      inner: "no",
      out: "no",
    });
    const job = await jobs.shell(
      `cd /data && cat same && printf new > change && rm gone && mv sub/rename sub/renamed && mkdir -p a/b && printf deep > a/b/c && : > empty && ls /data`,
      { volumes: [volume("ada/back", "/data", { path: "in" })] },
    );
    expect(await jobs.output(job.id)).toBe("samea\nchange\nempty\nsame\nsub\n");
    expect(await bucket.paths()).toEqual([
      "in/a/b/c",
      "in/change",
      "in/empty",
      "in/same",
      "in/sub/renamed",
      "inner",
      "out",
    ]);
    expect(await bucket.read("in/change")).toBe("new");
    expect(await bucket.read("in/a/b/c")).toBe("deep");
    expect(await bucket.read("in/empty")).toBe("");
    expect(await bucket.read("in/sub/renamed")).toBe("r");
  });

  test("can be seen growing while the Job runs", async () => {
    const bucket = await makeBucket(hub, "ada/growing");
    const job = await jobs.shell("echo 50% > /state/progress; exec sleep 1000", {
      volumes: [volume("ada/growing", "/state")],
    });
    while ((await bucket.paths()).length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await bucket.read("progress")).toBe("50%\n");
    expect((await jobs.job(job.id)).status.stage).toBe("RUNNING");
    await jobs.get(job.id, "/cancel", { method: "POST" });
  });

  test("keep what a failed or canceled Job has written", async () => {
    const bucket = await makeBucket(hub, "ada/failed");
    const failed = await jobs.shell("echo partial > /out/failed; exit 1", {
      volumes: [volume("ada/failed", "/out")],
    });
    await jobs.reaches(failed.id, "ERROR");
    const canceled = await jobs.shell("echo partial > /out/canceled; echo up; exec sleep 1000", {
      volumes: [volume("ada/failed", "/out")],
    });
    await jobs.says(canceled.id, "up");
    await jobs.get(canceled.id, "/cancel", { method: "POST" });
    expect(await bucket.paths()).toEqual(["canceled", "failed"]);
  });

  test("carry large files both ways, byte for byte", async () => {
    const bucket = await makeBucket(hub, "ada/large");
    const bytes = new Uint8Array(34_000_000);
    for (let i = 0; i < bytes.length; i += 65_536)
      crypto.getRandomValues(bytes.subarray(i, Math.min(i + 65_536, bytes.length)));
    await bucket.write({ big: bytes });
    const job = await jobs.shell(
      "cp /v/big /v/copy; cat /v/big /v/big > /v/twice; sha256sum /v/copy /v/twice | cut -c1-64",
      {
        volumes: [volume("ada/large", "/v")],
      },
    );
    const sums = (await jobs.output(job.id)).trim().split("\n");
    const check = await jobs.shell("sha256sum /v/copy /v/twice | cut -c1-64; cmp /v/big /v/copy", {
      volumes: [volume("ada/large", "/v", { readOnly: true })],
    });
    expect((await jobs.output(check.id)).trim().split("\n")).toEqual(sums);
  });

  test("that are read-only change nothing", async () => {
    const bucket = await makeBucket(hub, "ada/fixed");
    await bucket.write({ file: "fixed" });
    const job = await jobs.shell("cat /ro/file; echo x > /ro/file; echo x > /ro/new; rm -f /ro/file; true", {
      volumes: [volume("ada/fixed", "/ro", { readOnly: true })],
    });
    expect(await jobs.output(job.id)).toContain("fixed");
    if (how === "mounted") expect(await jobs.log(job.id)).toContain("Read-only file system");
    expect(await bucket.paths()).toEqual(["file"]);
    expect(await bucket.read("file")).toBe("fixed");
  });

  test("never carry what a link leads to", async () => {
    const bucket = await makeBucket(hub, "ada/links");
    const job = await jobs.shell("ln -s /etc/passwd /v/passwd; ln -s /etc /v/etc; echo x > /v/real", {
      volumes: [volume("ada/links", "/v")],
    });
    await jobs.reaches(job.id, "COMPLETED");
    expect(await bucket.paths()).toEqual(["real"]);
  });

  test("take a repository at a revision, always read-only", async () => {
    const files = [
      { path: "code/run.sh", content: "echo from the repository" },
      { path: "other", content: "x" },
    ];
    await call(hub, "/api/repos/create", {
      method: "POST",
      as: "ada",
      json: { type: "dataset", name: "code", files },
    });
    const job = await jobs.shell("sh /repo/run.sh; ls /repo", {
      volumes: [{ type: "dataset", source: "ada/code", path: "code", mountPath: "/repo", readOnly: false }],
    });
    expect(await jobs.output(job.id)).toBe("from the repository\nrun.sh\n");
    expect((await jobs.job(job.id)).volumes[0]).toMatchObject({ readOnly: true });
    const missing = await jobs.post({
      command: ["true"],
      volumes: [{ type: "dataset", source: "ada/code", mountPath: "/repo", revision: "nope" }],
    });
    expect(missing.status).toBe(404);
  });

  test("need the right to read, and to write unless read-only", async () => {
    await makeBucket(hub, "bob/private", "bob");
    await call(hub, "/api/buckets/bob/private/settings", {
      method: "PUT",
      as: "bob",
      json: { private: true },
    });
    await makeBucket(hub, "bob/public", "bob");
    const status = async (source: string, readOnly: boolean) =>
      (await jobs.post({ command: ["true"], volumes: [volume(source, "/v", { readOnly })] })).status;
    expect(await status("bob/private", true)).toBe(404);
    expect(await status("bob/public", false)).toBe(403);
    expect(await status("bob/public", true)).toBe(200);
    expect(await status("bob/missing", true)).toBe(404);
  });

  test("lie in each other and beside folders of the machine, in arguments and variables too", async () => {
    const outer = await makeBucket(hub, "ada/outer");
    const inner = await makeBucket(hub, "ada/inner");
    await outer.write({ o: "outer" });
    await inner.write({ i: "inner" });
    const job = await jobs.start({
      command: [
        "sh",
        "-c",
        'cat "$0" "$WHERE"; cat /mnt/some/deep/o; test ! -e /mnt/somewhere && ls /usr/bin/env; echo new > "$WHERE.new"',
      ],
      arguments: ["/mnt/some/deep/o"],
      environment: { WHERE: "/opt/inner/i" },
      volumes: [volume("ada/outer", "/mnt/some/deep"), volume("ada/inner", "/opt/inner")],
    });
    expect(await jobs.output(job.id)).toBe("outerinnerouter/usr/bin/env\n");
    expect(await inner.paths()).toEqual(["i", "i.new"]);
    expect(await new TestBucket(hub, "ada/outer").paths()).toEqual(["o"]);
  });
});
