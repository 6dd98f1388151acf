/** Docker Spaces as running programs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";
import { DOCKER_README, DOCKERFILE, SERVER, TestSpace } from "./support.ts";

describe("a Docker Space", () => {
  let hub: LocalHub;
  let lines: string[];
  let count = 0;
  const space = (user?: string) => new TestSpace(hub, `demo/space-${++count}`, user);

  beforeAll(async () => {
    lines = [];
    hub = await startLocalHub({ log: (line) => lines.push(line) });
  });
  afterAll(() => hub.close());

  test("runs its CMD with the facts of the Space, its variables and its secrets, and nothing of the hub's own", async () => {
    process.env.HF_TOKEN = "hf_of_the_person_who_started_the_hub";
    const docker = await space("ada").createServer("JSON.stringify({ ...process.env, cwd: process.cwd() })", {
      variables: [{ key: "COLOR", value: "blue" }],
      secrets: [{ key: "TOKEN", value: "hush" }],
    });
    await docker.reaches("RUNNING");
    delete process.env.HF_TOKEN;
    const env = JSON.parse(await docker.text());
    expect(env).toMatchObject({
      SPACE_ID: docker.id,
      SPACE_HOST: (await docker.host()).slice("http://".length),
      SPACE_AUTHOR_NAME: "demo",
      SPACE_REPO_NAME: docker.id.slice("demo/".length),
      SPACE_TITLE: "A Space",
      SPACE_CREATOR_USER_ID: expect.stringMatching(/^[0-9a-f]{24}$/),
      CPU_CORES: "2",
      COLOR: "blue",
      TOKEN: "hush",
      HF_ENDPOINT: hub.url,
      cwd: expect.stringMatching(/\/app$/),
    });
    expect(Object.keys(env).filter((key) => /HF_TOKEN|npm_|VITEST/.test(key))).toEqual([]);
  });

  test("answers in its old version until the new one is up, at the same address", async () => {
    const docker = await space().createServer("'one'");
    const first = await docker.reaches("RUNNING");
    const host = await docker.host();
    const sha = await docker.commit({ "server.cjs": `setTimeout(() => { ${SERVER("'two'")} }, 300);` });
    expect((await docker.runtime()).stage).toBe("RUNNING_BUILDING");
    const seen: string[] = [];
    for (const headers of [{ connection: "close" }, { connection: "keep-alive" }]) {
      do {
        seen.push(await (await fetch(host, { headers })).text());
        await new Promise((resolve) => setTimeout(resolve, 100));
      } while (seen.at(-1) !== "two");
    }
    expect(new Set(seen)).toEqual(new Set(["one", "two"]));
    const second = await docker.reaches("RUNNING");
    expect([second.sha, await docker.host()]).toEqual([sha, host]);
    expect(first.sha).not.toBe(sha);
  });

  test("keeps a connection to the old version open no longer than that version lives", async () => {
    const docker = await space().createServer("process.pid");
    await docker.reaches("RUNNING");
    const old = Number(await docker.text());
    await docker.post("restart");
    await docker.reaches("RUNNING_BUILDING", "RUNNING_APP_STARTING");
    await docker.reaches("RUNNING");
    for (let pid = old; pid === old; ) pid = Number(await docker.text().catch(() => old));
  });

  test("restarts once for changes that come together", async () => {
    const docker = await space().createServer("[process.env.A, process.env.B, process.env.C].join()");
    await docker.reaches("RUNNING");
    lines.length = 0;
    for (const key of ["A", "B", "C"]) await docker.post("variables", { key, value: key.toLowerCase() });
    await docker.post("secrets", { key: "C", value: "secret" });
    await docker.reaches("RUNNING");
    expect(await docker.text()).toBe("a,b,secret");
    expect(lines.filter((line) => line.endsWith(`${docker.id}: RUNNING`))).toHaveLength(1);
  });

  test.each([
    ["exits at once", "console.error('no database'); process.exit(3)", "Exit code: 3", "no database"],
    ["throws", "throw new Error('broken')", "Exit code: 1", "broken"],
    ["ends well but too early", "console.log('bye')", "Exit code: 0", "bye"],
  ])("that %s has a RUNTIME_ERROR with its last words", async (_how, code, reason, words) => {
    const docker = await space().create({
      "README.md": DOCKER_README,
      Dockerfile: DOCKERFILE,
      "server.cjs": code,
    });
    const { errorMessage } = await docker.reaches("RUNTIME_ERROR");
    expect(errorMessage).toContain(reason);
    expect(errorMessage).toContain(words);
    expect(await docker.log("run", words)).toContain(words);
    const page = await fetch(await docker.host());
    expect(page.status).toBe(503);
  });

  test("that crashes later shows it, and comes back with a good commit", async () => {
    const crash = "request.url === '/crash' ? setTimeout(() => process.exit(9)) : 'well'";
    const docker = await space().createServer(crash);
    await docker.reaches("RUNNING");
    await docker.text("/crash").catch(() => {});
    expect((await docker.reaches("RUNTIME_ERROR")).errorMessage).toContain("Exit code: 9");
    await docker.commit({ "server.cjs": SERVER("'again'") });
    await docker.reaches("RUNNING").catch(() => docker.reaches("RUNNING"));
    expect(await docker.text()).toBe("again");
  });

  test("whose program does not exist says which", async () => {
    const dockerfile = 'FROM x\nCMD ["no-such-program"]';
    const docker = await space().create({ "README.md": DOCKER_README, Dockerfile: dockerfile });
    expect((await docker.reaches("RUNTIME_ERROR")).errorMessage).toContain("no-such-program");
  });

  test.each([
    ["NO_APP_FILE", {}, "Dockerfile"],
    ["BUILD_ERROR", { Dockerfile: "FROM x\nCOPY missing.txt .\nCMD x" }, "missing.txt"],
    ["BUILD_ERROR", { Dockerfile: "FROM x" }, "CMD"],
    ["CONFIG_ERROR", { "README.md": "---\nsdk: gradio\n---\n", "app.py": "" }, "gradio"],
  ])("is %s with the files %j", async (stage, files, word) => {
    const docker = await space().create(files as unknown as Record<string, string>);
    expect((await docker.reaches(stage)).errorMessage).toContain(word);
    expect(await docker.log("build")).toContain(word);
  });

  test("finds its files where COPY puts them, by absolute paths too, and listens where it is told", async () => {
    const docker = await space().create({
      "README.md": "---\nsdk: docker\napp_port: 8123\n---\n",
      Dockerfile: `FROM node:24
ENV SETTINGS=/etc/app/settings.json LISTEN=0.0.0.0:8123
WORKDIR /srv/app
COPY build/ ./
COPY conf/*.json /etc/app/
RUN this is not executed
ENTRYPOINT ["node"]
CMD ["/srv/app/main.cjs", "--port", "8123"]`,
      "build/main.cjs": `
        const settings = JSON.parse(require("fs").readFileSync(process.env.SETTINGS));
        const [, , , port] = process.argv;
        if (process.env.LISTEN !== "0.0.0.0:" + port || port !== process.env.PORT) throw new Error(process.env.LISTEN);
        require("http").createServer((_, r) => r.end(settings.name)).listen(Number(port));`,
      "conf/settings.json": '{"name":"from the image"}',
    });
    await docker.reaches("RUNNING");
    expect(await docker.text()).toBe("from the image");
    expect(await docker.log("build")).toContain("Not executed by the local hub: 1 RUN steps");
  });

  test("builds slowly, or fails, once, when a test asks for it", async () => {
    const docker = await space().createServer("'up'");
    await docker.reaches("RUNNING");
    const next = (json: object) =>
      call(hub, `/_emulator/spaces/${docker.id}/next-build`, { method: "POST", json });
    await next({ delayMs: 600_000 });
    await docker.post("restart");
    expect((await docker.runtime()).stage).toBe("RUNNING_BUILDING");
    expect(await docker.text()).toBe("up");
    await next({ stage: "BUILD_ERROR", message: "no space left" });
    await docker.post("restart");
    expect((await docker.reaches("BUILD_ERROR")).errorMessage).toBe("no space left");
    expect(await docker.log("build")).toContain("no space left");
    await docker.post("restart");
    while ((await docker.runtime()).stage !== "RUNNING")
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await next({ stage: "PAUSED" })).status).toBe(400);
  });

  test("pauses until it is restarted; a commit in between starts nothing", async () => {
    const docker = await space().createServer("'up'");
    await docker.reaches("RUNNING");
    expect(await (await docker.post("pause")).json()).toMatchObject({ stage: "PAUSED" });
    expect((await fetch(await docker.host())).status).toBe(503);
    await docker.commit({ "server.cjs": SERVER("'newer'") });
    expect((await docker.runtime()).stage).toBe("PAUSED");
    await docker.post("restart");
    await docker.reaches("RUNNING");
    expect(await docker.text()).toBe("newer");
  });

  test("sleeps after its time without use and wakes at the next request", async () => {
    const docker = await space().createServer("'awake'");
    await docker.reaches("RUNNING");
    expect(await (await docker.post("sleeptime", { seconds: 0 })).json()).toMatchObject({ gcTimeout: 0 });
    await docker.reaches("SLEEPING");
    await docker.post("sleeptime", { seconds: -1 });
    expect((await fetch(await docker.host())).status).toBe(503);
    await docker.reaches("RUNNING");
    expect(await docker.text()).toBe("awake");
    expect((await docker.post("sleeptime", { seconds: "soon" })).status).toBe(400);
  });

  test("is told its hardware", async () => {
    const docker = await space().createServer("process.env.ACCELERATOR + process.env.CPU_CORES");
    await docker.reaches("RUNNING");
    await docker.post("hardware", { flavor: "a100-large" });
    const runtime = await docker.reaches("RUNNING");
    expect(runtime.hardware).toEqual({ current: "a100-large", requested: "a100-large" });
    expect(await docker.text()).toBe("a100-large12");
    expect((await docker.post("hardware", { flavor: "abacus" })).status).toBe(400);
  });

  test("never gives a secret back: not by the API, nor in the hub's log", async () => {
    const docker = await space().createServer("'x'", { secrets: [{ key: "ONE", value: "first-secret" }] });
    await docker.post("secrets", { key: "TWO", value: "second-secret", description: "why" });
    const answers = [
      await (await docker.api("secrets")).text(),
      await (await docker.api("variables")).text(),
      JSON.stringify(await docker.runtime()),
      await (await call(hub, `/api/spaces/${docker.id}`, { as: "organizer" })).text(),
      ...lines,
    ].join("\n");
    expect(answers).not.toContain("first-secret");
    expect(answers).not.toContain("second-secret");
    expect(await (await docker.api("secrets")).json()).toEqual({
      ONE: { key: "ONE", updatedAt: expect.any(String) },
      TWO: { key: "TWO", description: "why", updatedAt: expect.any(String) },
    });
    expect((await docker.post("secrets", { key: "bad key", value: "third-secret" })).status).toBe(400);
    const removed = await docker.api("secrets", { method: "DELETE", json: { key: "ONE" } });
    expect(Object.keys(await removed.json())).toEqual(["TWO"]);
  });

  test("is managed only by those who may write it", async () => {
    const docker = await space("ada").createServer("'x'");
    const statuses = async (user: string | undefined) => {
      const as = user === undefined ? { token: "" } : { as: user };
      const post = { method: "POST", json: { key: "A", value: "b" }, ...as };
      return Promise.all(
        [
          docker.api("runtime", as),
          docker.api("variables", as),
          docker.api("secrets", as),
          docker.api("logs/build", as),
          docker.api("variables", post),
          docker.api("secrets", post),
          docker.api("restart", post),
          docker.api("pause", post),
        ].map(async (response) => (await response).status),
      );
    };
    expect(await statuses("bob")).toEqual([200, 200, 403, 403, 403, 403, 403, 403]);
    expect(await statuses("organizer")).toEqual([200, 200, 200, 200, 200, 200, 200, 200]);
  });

  test("streams its log from the first line or the last few, and its stages as events", async () => {
    const docker = await space().createServer("console.log('request ' + request.url)");
    await docker.reaches("RUNNING");
    for (const path of ["/a", "/b"]) await docker.text(path);
    const whole = await docker.log("run", "request /b");
    expect(whole.match(/^data: \{"data":".*\\n","timestamp":"\d{4}-.*Z"\}$/gm)?.length).toBeGreaterThan(3);
    const tail = await docker.api("logs/run?tail=1", { signal: AbortSignal.timeout(20_000) });
    const reader = (tail.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while (!text.includes("data:")) text += Buffer.from((await reader.read()).value ?? []).toString();
    expect(text).toContain("request /b");
    await reader.cancel();

    const metrics = await docker.api("metrics", { signal: AbortSignal.timeout(20_000) });
    const usage = (metrics.body as ReadableStream<Uint8Array>).getReader();
    let sample = "";
    while (!sample.includes("metric")) sample += Buffer.from((await usage.read()).value ?? []).toString();
    expect(sample).toMatch(/"memory_used_bytes":[1-9]/);
    await usage.cancel();

    const events = await docker.api("events");
    await docker.post("pause");
    let seen = "";
    for await (const chunk of events.body as ReadableStream<Uint8Array>) {
      seen += Buffer.from(chunk).toString();
      if (seen.includes("PAUSED")) break;
    }
    expect(seen.match(/^data: \{"stage":"(\w+)"/gm)).toEqual([
      'data: {"stage":"RUNNING"',
      'data: {"stage":"PAUSED"',
    ]);
  });

  test("is gone with its process and address when it is deleted", async () => {
    const docker = await space().createServer("process.pid");
    await docker.reaches("RUNNING");
    const [host, pid] = [await docker.host(), Number(await docker.text())];
    const [organization, name] = docker.id.split("/");
    await call(hub, "/api/repos/delete", {
      method: "DELETE",
      as: "organizer",
      json: { type: "space", organization, name },
    });
    await expect(fetch(host)).rejects.toThrow();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect((await docker.api("runtime")).status).toBe(404);
  });
});
