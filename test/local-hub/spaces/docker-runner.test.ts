/**
 * Spaces in containers of this machine's Docker. Without an engine that has, or can get, a base image with
 * Node, what is shown is that the hub says so.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startLocalHub } from "../../../wizard/local-hub/server.ts";
import { docker } from "../../../wizard/local-hub/spaces/docker-engine.ts";
import { DOCKER_README, SERVER, TestSpace } from "./support.ts";

/** An image with `node`, on this machine or to be pulled. */
const IMAGE = process.env.AGENT_COLLAB_TEST_IMAGE ?? "node:24-slim";

const answers = (...args: string[]) =>
  docker(...args).then(
    () => true,
    () => false,
  );
const hasEngine = await answers("info");
const hasImage = hasEngine && ((await answers("image", "inspect", IMAGE)) || (await answers("pull", IMAGE)));

const DOCKERFILE = `FROM ${IMAGE}\nARG GREETING=none\nENV GREETING=$GREETING\nWORKDIR /app\nCOPY . .\nRUN ["node", "-e", "fs.writeFileSync('built', 'by RUN')"]\nCMD ["node", "server.cjs"]\n`;
const space = (files: Record<string, string> = {}) => ({
  "README.md": DOCKER_README,
  Dockerfile: DOCKERFILE,
  "server.cjs": SERVER("'first'"),
  ...files,
});
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
const containersOf = async (instanceId: string) =>
  (await docker("ps", "--all", "--quiet", "--filter", `label=agent-collab.hub=${instanceId}`))
    .split("\n")
    .filter(Boolean);
const imagesOf = async (instanceId: string) =>
  (await docker("images", "--quiet", "--filter", `label=agent-collab.hub=${instanceId}`))
    .split("\n")
    .filter(Boolean);

describe("a hub that is to run Spaces in Docker", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "docker-runner-"));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  test("does not start without a docker command, and leaves no trace", async () => {
    vi.stubEnv("PATH", folder);
    const dataDir = join(folder, "data");
    await expect(startLocalHub({ dataDir, runner: "docker" })).rejects.toMatchObject({
      code: "docker_unavailable",
      message: expect.stringContaining("no docker command"),
      fix: expect.stringContaining("leave out --runner docker"),
    });
    expect(existsSync(dataDir)).toBe(false);
  });

  test("does not start where no engine answers", async () => {
    vi.stubEnv("DOCKER_HOST", `unix://${folder}/nobody.sock`);
    const dataDir = join(folder, "data");
    await expect(startLocalHub({ dataDir, runner: "docker" })).rejects.toMatchObject({
      code: "docker_unavailable",
      fix: expect.stringMatching(/^(Start|Install) Docker/),
    });
    expect(existsSync(dataDir)).toBe(false);
  });

  if (!hasImage) return;

  test("builds and runs one with its variables, secrets and RUN steps, and leaves nothing when it stops", async () => {
    const hub = await startLocalHub({ runner: "docker" });
    const { instanceId } = hub.context;
    try {
      const expression =
        "[process.env.TOKEN, process.env.GREETING, require('fs').readFileSync('built')].join()";
      const app = await new TestSpace(hub, "demo/app").create(space({ "server.cjs": SERVER(expression) }), {
        secrets: [{ key: "TOKEN", value: "two\nlines" }],
        variables: [{ key: "GREETING", value: "hello" }],
      });
      await app.reaches("RUNNING");
      expect(await app.text()).toBe("two\nlines,hello,by RUN");
      expect(await app.log("build", "GREETING=")).toContain("GREETING=");
      expect(await app.log("run", "started")).toContain("started");
      expect(await containersOf(instanceId)).toHaveLength(1);
    } finally {
      await hub.close();
    }
    expect(await containersOf(instanceId)).toEqual([]);
    expect(await imagesOf(instanceId)).toEqual([]);
  });

  test("hands over to the next version at one address, and says why one cannot be built or ends", async () => {
    await using hub = await startLocalHub({ runner: "docker" });
    const app = await new TestSpace(hub, "demo/app").create(space());
    await app.reaches("RUNNING");
    const host = await app.host();
    await app.commit({ "server.cjs": SERVER("'second'") });
    while ((await app.text()) !== "second") await pause();
    expect(await app.host()).toBe(host);
    while ((await containersOf(hub.context.instanceId)).length > 1) await pause();

    await app.commit({
      Dockerfile: `${DOCKERFILE}RUN ["node", "-e", "console.log('no ' + 'luck'); process.exit(3)"]\n`,
    });
    const { errorMessage } = await app.reaches("BUILD_ERROR");
    expect(errorMessage).toContain("docker build failed");
    expect(await app.log("build", "no luck")).toContain("no luck");

    await app.commit({ Dockerfile: DOCKERFILE, "server.cjs": "console.log('over'); process.exit(7)" });
    let runtime = await app.runtime();
    while (runtime.stage !== "RUNTIME_ERROR") runtime = await pause().then(() => app.runtime());
    expect(runtime.errorMessage).toMatch(/Exit code: 7\. Reason: .*over/s);
  });

  test("pauses and resumes one", async () => {
    await using hub = await startLocalHub({ runner: "docker" });
    const app = await new TestSpace(hub, "demo/app").create(space());
    await app.reaches("RUNNING");
    await app.post("pause");
    await app.reaches("PAUSED");
    expect(await containersOf(hub.context.instanceId)).toEqual([]);
    await app.post("restart");
    await app.reaches("RUNNING");
    expect(await app.text()).toBe("first");
  });

  test("refuses a setting that the docker command would take as its own", async () => {
    await using hub = await startLocalHub({ runner: "docker" });
    const app = await new TestSpace(hub, "demo/app").create(space(), {
      secrets: [{ key: "DOCKER_HOST", value: "unix:///elsewhere" }],
    });
    const { errorMessage } = await app.reaches("CONFIG_ERROR");
    expect(errorMessage).toContain("DOCKER_HOST");
    expect(errorMessage).not.toContain("elsewhere");
    expect(await imagesOf(hub.context.instanceId)).toEqual([]);
  });

  test("leaves none when it is killed, and removes what an earlier one left", async () => {
    const stubborn = `process.on("SIGTERM", () => {});\n${SERVER("'still here'")}`;
    const program = `
      import { startLocalHub } from ${JSON.stringify(join(import.meta.dirname, "../../../wizard/local-hub/server.ts"))};
      import { TestSpace } from ${JSON.stringify(join(import.meta.dirname, "support.ts"))};
      const hub = await startLocalHub({ dataDir: process.argv[1], runner: "docker" });
      const space = await new TestSpace(hub, "demo/app").create(${JSON.stringify(space({ "server.cjs": stubborn }))});
      await space.reaches("RUNNING");
      console.log(hub.context.instanceId);`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const instanceId = line.toString().trim();
    expect(await containersOf(instanceId)).toHaveLength(1);
    child.kill("SIGKILL");
    await once(child, "exit");
    while ((await containersOf(instanceId)).length > 0) await pause();
    while ((await imagesOf(instanceId)).length > 0) await pause();
    const leftover = [
      "--label",
      `agent-collab.hub=${instanceId}`,
      "--network",
      "host",
      IMAGE,
      "node",
      "--version",
    ];
    const left = await docker("create", ...leftover);

    await using hub = await startLocalHub({ dataDir: folder, runner: "docker" });
    expect(hub.context.instanceId).toBe(instanceId);
    await expect(docker("inspect", left)).rejects.toThrow();
    const again = new TestSpace(hub, "demo/app");
    await again.reaches("RUNNING");
    expect(await again.text()).toBe("still here");
  });
});
