/** Jobs from start to end: stages, output, limits, who may. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { isAlive } from "../processes/support.ts";
import { call } from "../support.ts";
import { type JobAnswer, TestJobs } from "./support.ts";

describe("a Job", () => {
  let hub: LocalHub;
  let jobs: TestJobs;
  beforeAll(async () => {
    hub = await startLocalHub();
    jobs = new TestJobs(hub);
  });
  afterAll(() => hub.close());

  test("runs its command with its environment, secrets and hardware, and nothing of the hub's own", async () => {
    process.env.HF_TOKEN = "hf_of_the_person_who_started_the_hub";
    const job = await jobs.start({
      command: ["node", "-e", "console.log(JSON.stringify({ ...process.env, argv: process.argv.slice(1) }))"],
      arguments: ["--", "a b", "$HOME"],
      environment: { COLOR: "blue" },
      secrets: { KEY: "hush" },
      flavor: "a100-large",
    });
    const env = JSON.parse(await jobs.output(job.id));
    delete process.env.HF_TOKEN;
    expect(env).toMatchObject({
      COLOR: "blue",
      KEY: "hush",
      JOB_ID: job.id,
      ACCELERATOR: "a100-large",
      CPU_CORES: "12",
      MEMORY: "142Gi",
      HF_ENDPOINT: hub.url,
      argv: ["a b", "$HOME"],
    });
    expect(env.HF_TOKEN).toBeUndefined();
    expect(JSON.stringify(await jobs.job(job.id))).not.toContain("hush");
    expect(await jobs.job(job.id)).toMatchObject({ secrets: ["KEY"], environment: { COLOR: "blue" } });
  });

  test("goes through its stages once, with times and a message", async () => {
    const done = await jobs.shell("exit 0");
    expect(done).toMatchObject({
      type: "job",
      status: { stage: expect.stringMatching(/SCHEDULING|RUNNING/) },
    });
    const completed = await jobs.reaches(done.id, "COMPLETED");
    expect(completed).toMatchObject({
      status: { message: null },
      durations: { totalSecs: expect.any(Number) },
    });
    expect(Date.parse(completed.finishedAt as string)).toBeGreaterThanOrEqual(
      Date.parse(completed.startedAt as string),
    );
    const failed = await jobs.shell("exit 7");
    expect((await jobs.reaches(failed.id, "ERROR")).status.message).toBe("Job failed with exit code: 7");
    await jobs.get(failed.id, "/cancel", { method: "POST" });
    expect((await jobs.job(failed.id)).status.stage).toBe("ERROR");
  });

  test("whose program is not on this machine says so in its log", async () => {
    const job = await jobs.start({ command: ["no-such-program"] });
    expect((await jobs.reaches(job.id, "ERROR")).status.message).toContain("127");
    expect(await jobs.log(job.id)).toContain("no-such-program");
  });

  test("finds Python under both of its names", async () => {
    for (const name of ["python", "python3"]) {
      const job = await jobs.shell(`${name} -c 'print(6 * 7)'`);
      expect(await jobs.output(job.id)).toBe("42\n");
    }
  });

  test("is ended at its time limit, with everything it started", async () => {
    const job = await jobs.shell("sleep 1000 & echo $!; trap '' TERM; while :; do sleep 0.05; done", {
      timeoutSeconds: 1,
    });
    expect((await jobs.reaches(job.id, "ERROR")).status.message).toBe("Job timed out after 1 seconds");
    expect(isAlive(Number.parseInt(await jobs.log(job.id), 10))).toBe(false);
  });

  test("is tried again as often as it asks for", async () => {
    const job = await jobs.shell(
      "if [ -e seen ]; then echo second; else touch seen; echo first; exit 1; fi",
      { attempts: 3 },
    );
    expect(await jobs.output(job.id)).toBe("first\nsecond\n");
    expect((await jobs.job(job.id)).status.failureCount).toBe(1);
  });

  test("is canceled while it runs, while it starts, and while it waits", async () => {
    const cancel = async (id: string) =>
      ((await (await jobs.get(id, "/cancel", { method: "POST" })).json()) as JobAnswer).status.stage;
    const running = await jobs.shell("echo $$; exec sleep 1000");
    await jobs.reaches(running.id, "RUNNING");
    expect(await cancel(running.id)).toBe("CANCELED");
    expect(await cancel((await jobs.shell("exec sleep 1000")).id)).toBe("CANCELED");
    await call(hub, "/_emulator/jobs", { method: "POST", json: { maxRunning: 0 } });
    const waiting = await jobs.shell("echo never");
    expect(await cancel(waiting.id)).toBe("CANCELED");
    await call(hub, "/_emulator/jobs", { method: "POST", json: { maxRunning: 4 } });
    expect(await jobs.log(waiting.id)).toBe("");
    expect((await jobs.job(waiting.id)).startedAt).toBeUndefined();
  });

  test("waits for its turn, and its log can be followed from before the first line", async () => {
    await call(hub, "/_emulator/jobs", { method: "POST", json: { maxRunning: 1 } });
    const first = await jobs.shell("until [ -e $HOME/../work/go ]; do sleep 0.02; done");
    await jobs.reaches(first.id, "RUNNING");
    const second = await jobs.shell("for i in 1 2 3; do echo $i; sleep 0.05; done");
    expect((await jobs.job(second.id)).status.stage).toBe("SCHEDULING");
    const following = jobs.log(second.id);
    await jobs.get(first.id, "/cancel", { method: "POST" });
    expect(await following).toBe("1\n2\n3\n");
    await call(hub, "/_emulator/jobs", { method: "POST", json: { maxRunning: 4 } });
  });

  test("tells its status as it changes, and its usage while it runs", async () => {
    const job = await jobs.shell("while :; do :; done");
    await jobs.reaches(job.id, "RUNNING");
    const read = async (path: string, until: string) => {
      const leave = new AbortController();
      const response = await jobs.get(job.id, path, { signal: leave.signal });
      let text = "";
      for await (const chunk of response.body as ReadableStream<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        if (text.includes(until)) break;
      }
      leave.abort();
      return text;
    };
    expect(await read("/metrics", "}\n\n")).toMatch(
      /^event: metric\ndata: \{"cpu_usage_pct":\d+,.*"memory_used_bytes":[1-9]/m,
    );
    const events = read("/events", "CANCELED");
    await jobs.get(job.id, "/cancel", { method: "POST" });
    expect(await events).toMatch(/"stage":"RUNNING".*"stage":"CANCELED"/s);
    expect((await jobs.get(job.id, "/metrics")).status).toBe(406);
  });

  test("is listed by stage and label, newest first, in pages, and counted", async () => {
    const bob = new TestJobs(hub, "bob");
    const ids: string[] = [];
    for (let i = 0; i < 5; i++)
      ids.unshift((await bob.shell(`exit ${i % 2}`, { labels: { group: "g-1", n: String(i) } })).id);
    for (const id of ids) await bob.reaches(id, "COMPLETED", "ERROR");
    const list = async (query: string) => {
      const response = await call(hub, `/api/jobs/bob?${query}`, { as: "bob" });
      return {
        ids: ((await response.json()) as JobAnswer[]).map(({ id }) => id),
        link: response.headers.get("link"),
      };
    };
    expect((await list("label=group%3Dg-1")).ids).toEqual(ids);
    expect((await list("label=group%3Dg-1&label=n%3D3")).ids).toEqual([ids[1]]);
    expect((await list("label=group%3Dother")).ids).toEqual([]);
    expect((await list("stage=ERROR")).ids).toEqual([ids[1], ids[3]]);
    expect((await list("stage=ERROR&stage=COMPLETED")).ids).toEqual(ids);
    const count = await call(hub, "/api/jobs/bob/count?stage=COMPLETED", { as: "bob" });
    expect(await count.json()).toEqual({ count: 3 });
    const seen: string[] = [];
    for (let query: string | null = "limit=2"; query !== null; ) {
      const page = await list(query);
      seen.push(...page.ids);
      query = /\?([^>]*)>; rel="next"/.exec(page.link ?? "")?.[1] ?? null;
    }
    expect(seen).toEqual(ids);
    const relabel = await call(hub, `/api/jobs/bob/${ids[0]}/labels`, {
      method: "PUT",
      as: "bob",
      json: { labels: { a: "b" } },
    });
    expect(((await relabel.json()) as JobAnswer).labels).toEqual({ a: "b" });
    expect((await list("label=group%3Dg-1")).ids).toHaveLength(4);
    expect((await call(hub, "/api/jobs/bob?stage=LOST", { as: "bob" })).status).toBe(400);
  });

  test("runs again as a duplicate, with its secrets", async () => {
    const job = await jobs.shell('echo "$KEY"', { secrets: { KEY: "again" } });
    const copy = (await (await jobs.get(job.id, "/duplicate", { method: "POST" })).json()) as JobAnswer;
    expect(copy.id).not.toBe(job.id);
    expect(await jobs.output(copy.id)).toBe("again\n");
  });

  test("runs in a Space: its files, its environment, its command", async () => {
    const files = [
      { path: "README.md", content: "---\nsdk: docker\n---\n" },
      {
        path: "Dockerfile",
        content: 'FROM x\nENV WORD=space\nWORKDIR /app\nCOPY . .\nCMD ["sh", "/app/run.sh"]',
      },
      { path: "run.sh", content: 'echo "$WORD $1"; ls' },
    ];
    const body = { type: "space", sdk: "docker", name: "tool", private: true, files };
    await call(hub, "/api/repos/create", { method: "POST", as: "ada", json: body });
    const inSpace = { dockerImage: undefined, spaceId: "ada/tool" };
    const own = await jobs.start(inSpace);
    expect(await jobs.output(own.id)).toBe("space \nDockerfile\nREADME.md\nrun.sh\n");
    const given = await jobs.start({ ...inSpace, command: ["sh", "run.sh", "given"] });
    expect(await jobs.output(given.id)).toContain("space given");
    const bob = new TestJobs(hub, "bob");
    expect((await bob.post(inSpace)).status).toBe(404);
  });

  test.each([
    [{ command: undefined }, "command"],
    [{ command: "ls" }, "command"],
    [{ dockerImage: undefined }, "dockerImage or spaceId"],
    [{ spaceId: "a/b" }, "dockerImage or spaceId"],
    [{ flavor: "abacus" }, "flavor"],
    [{ timeoutSeconds: 0 }, "timeoutSeconds"],
    [{ timeoutSeconds: "1h" }, "timeoutSeconds"],
    [{ attempts: 1000 }, "attempts"],
    [{ labels: { "a b": "c" } }, "labels"],
    [{ labels: { a: "x".repeat(101) } }, "labels"],
    [{ environment: { "A-B": "x" } }, "environment"],
    [{ secrets: { A: "top\0secret" } }, "secrets.A"],
    [{ volumes: [{ type: "bucket", source: "ada/b", mountPath: "data" }] }, "mountPath"],
    [{ volumes: [{ type: "bucket", source: "ada/b", mountPath: "/" }] }, "mountPath"],
    [{ volumes: [{ type: "bucket", source: "ada/b", mountPath: "/usr/" }] }, "mountPath"],
    [{ volumes: [{ type: "bucket", source: "ada/b", mountPath: "/a/../b" }] }, "mountPath"],
    [{ volumes: [{ type: "bucket", source: "ada/b", mountPath: "/a", path: "../x" }] }, "path"],
    [{ volumes: [{ type: "floppy", source: "ada/b", mountPath: "/a" }] }, "type"],
    [{ expose: { ports: [80] } }, "ports"],
    [{ ssh: { enabled: true } }, "SSH"],
  ])("with %j is refused", async (part, word) => {
    const response = await jobs.post({ command: ["true"], ...part });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: string };
    expect(error).toContain(word);
    expect(error).not.toContain("secret\0");
    expect(error).not.toContain("top");
  });

  test("belongs to its namespace", async () => {
    const job = await jobs.shell("exit 0");
    const as = (user: string) => call(hub, `/api/jobs/ada/${job.id}`, { as: user });
    expect((await as("bob")).status).toBe(403);
    expect((await call(hub, `/api/jobs/ada/${job.id}`)).status).toBe(401);
    expect((await jobs.post({ command: ["true"] }, "bob")).status).toBe(403);
    expect((await call(hub, `/api/jobs/bob/${job.id}`, { as: "bob" })).status).toBe(404);
    expect((await call(hub, `/api/jobs/nobody`, { as: "ada" })).status).toBe(404);
    expect((await jobs.get("000000000000000000000000")).status).toBe(404);
    const list = await call(hub, "/api/jobs/me", { as: "ada" });
    expect(((await list.json()) as JobAnswer[])[0]?.id).toBe(job.id);
  });
});
