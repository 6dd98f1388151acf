/** Spaces across the life and death of their hub. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startLocalHub } from "../../../wizard/local-hub/server.ts";
import { ends, isAlive } from "../processes/support.ts";
import { SERVER, TestSpace } from "./support.ts";

describe("a hub's Spaces", () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "spaces-restart-"));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  test("stop with it and start again with it: same address, same settings, same state", async () => {
    const first = await startLocalHub({ dataDir });
    const docker = await new TestSpace(first, "demo/app").createServer(
      "process.pid + ' ' + process.env.TOKEN",
      {
        secrets: [{ key: "TOKEN", value: "kept" }],
      },
    );
    const paused = await new TestSpace(first, "demo/paused").createServer("'never'");
    await Promise.all([docker.reaches("RUNNING"), paused.reaches("RUNNING")]);
    await paused.post("pause");
    const host = await docker.host();
    const pid = Number.parseInt(await docker.text(), 10);
    await first.close();
    expect(isAlive(pid)).toBe(false);
    await expect(fetch(host)).rejects.toThrow();

    await using second = await startLocalHub({ dataDir });
    const again = new TestSpace(second, "demo/app");
    await again.reaches("RUNNING");
    expect(await again.host()).toBe(host);
    expect(await again.text()).toMatch(/ kept$/);
    expect((await new TestSpace(second, "demo/paused").runtime()).stage).toBe("PAUSED");
  });

  test("leave no version behind on disk but the one that runs", async () => {
    await using hub = await startLocalHub({ dataDir });
    const docker = await new TestSpace(hub, "demo/app").createServer("process.pid");
    await docker.reaches("RUNNING");
    const old = Number(await docker.text());
    await docker.commit({ "server.cjs": SERVER("'new'") });
    await docker.reaches("RUNNING");
    await ends(old);
    const versions = async () => {
      const names = await readdir(join(dataDir, "spaces"), { recursive: true });
      return names.filter((name) => /version-\d+$/.test(name));
    };
    while ((await versions()).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await versions()).toHaveLength(1);
  });

  test("are reached by the host name that reaches a hub which listens on every interface", async () => {
    await using hub = await startLocalHub({ dataDir, host: "0.0.0.0" });
    const docker = await new TestSpace(hub, "demo/app").createServer("'open'");
    await docker.reaches("RUNNING");
    expect(await docker.text()).toBe("open");
    const elsewhere = await fetch(`http://localhost:${hub.port}/api/spaces/demo/app`);
    const { host } = (await elsewhere.json()) as { host: string };
    expect(host).toMatch(/^http:\/\/localhost:\d+$/);
    expect(await (await fetch(host)).text()).toBe("open");
  });

  test("end when it is killed, with what they started themselves", async () => {
    const program = `
      import { startLocalHub } from ${JSON.stringify(join(import.meta.dirname, "../../../wizard/local-hub/server.ts"))};
      import { TestSpace } from ${JSON.stringify(join(import.meta.dirname, "support.ts"))};
      const hub = await startLocalHub({ dataDir: process.argv[1] });
      const child = "globalThis.child ??= require('child_process').spawn('sleep', ['1000'])";
      const space = await new TestSpace(hub, "demo/app").createServer(\`process.pid + ' ' + (\${child}).pid\`);
      await space.reaches("RUNNING");
      console.log(await space.text());`;
    const hub = spawn(process.execPath, ["--input-type=module-typescript", "-e", program, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await hub.stdout.take(1).toArray()) as [Buffer];
    const pids = line.toString().trim().split(" ").map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    hub.kill("SIGKILL");
    await Promise.all(pids.map(ends));

    await using next = await startLocalHub({ dataDir });
    await new TestSpace(next, "demo/app").reaches("RUNNING");
  });
});
