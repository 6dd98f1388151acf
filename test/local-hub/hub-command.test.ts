import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../../wizard/cli.ts";
import { findRunningHub } from "../../wizard/local-hub/lock.ts";
import { runCli as spawnCli } from "../support/cli.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hub-test-"));
});
afterEach(async () => {
  await hub(["stop"]);
  await rm(folder, { recursive: true, force: true });
});

/** `agent-collab hub ARGS…` on the test's folder, in this process: most of what it does is to ask the hub. */
async function hub(args: readonly string[]) {
  const texts = { stdout: "", stderr: "" };
  const collect = (name: keyof typeof texts) =>
    new Writable({
      write(chunk: Buffer, _, done) {
        texts[name] += chunk.toString();
        done();
      },
    }) as unknown as NodeJS.WriteStream;
  const code = await runCli(["hub", ...args], {
    stdin: Readable.from([]) as unknown as NodeJS.ReadStream,
    stdout: collect("stdout"),
    stderr: collect("stderr"),
    env: { PATH: process.env.PATH, NO_COLOR: "1" },
    cwd: folder,
  });
  return { code, ...texts };
}
/** The same with `--json`; the document it printed. */
async function hubJson(args: readonly string[]): Promise<Record<string, unknown>> {
  const [before, after] = args.includes("--")
    ? [args.slice(0, args.indexOf("--")), args.slice(args.indexOf("--"))]
    : [args, []];
  const { code, stdout, stderr } = await hub([...before, "--json", ...after]);
  expect(code, stderr + stdout).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("agent-collab hub", () => {
  it("starts in the background, tells its status, and stops", async () => {
    expect(await hubJson(["status"])).toMatchObject({ running: false });
    const started = await hubJson(["start", "--port", "0"]);
    expect(started).toMatchObject({ running: true, state: "started" });
    const { url } = started.hub as { url: string };
    expect((await fetch(`${url}/_emulator/health`)).status).toBe(200);
    expect(await hubJson(["start", "--port", "0"])).toMatchObject({
      state: "already running",
      pid: started.pid,
    });
    expect(await hubJson(["status"])).toMatchObject({ hub: { url } });
    expect(await hubJson(["stop"])).toMatchObject({ stopped: true });
    expect(await hubJson(["stop"])).toMatchObject({ stopped: false });
    await expect(fetch(url)).rejects.toThrow();
    expect(findRunningHub(join(folder, ".agent-collab/hub"))).toBeNull();
  });

  it("lists users and makes one, sets faults and lifts them", async () => {
    const { url } = (await hubJson(["start", "--port", "0"])).hub as { url: string };
    expect(await hubJson(["users", "dora", "--member", "demo=contributor"])).toMatchObject({
      users: [{ name: "dora", token: "hf_local_dora", orgs: { demo: "contributor" } }],
    });
    expect((await hub(["users", "-q"])).stdout.split("\n")).toContain("dora");
    await hubJson(["faults", "status", "--status", "503", "--path", "/api/whoami-v2", "--count", "1"]);
    const whoami = () =>
      fetch(`${url}/api/whoami-v2`, { headers: { authorization: "Bearer hf_local_dora" } });
    expect((await whoami()).status).toBe(503);
    expect((await whoami()).status).toBe(200);
    expect(await hubJson(["faults"])).toMatchObject({ faults: [{ kind: "status", applied: 1 }] });
    expect(await hubJson(["faults", "--lift", "all"])).toMatchObject({ faults: [] });
  });

  it("takes snapshots and goes back to them, running or not, and asks before anything is lost", async () => {
    await hubJson(["start", "--port", "0"]);
    await hubJson(["users", "dora"]);
    await hubJson(["snapshot", "with-dora"]);
    const refused = await hub(["reset"]);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("--yes")]);
    await hubJson(["reset", "--yes"]);
    const names = async () => (await hub(["users", "-q"])).stdout;
    expect(await names()).not.toContain("dora");
    await hubJson(["stop"]);
    expect(await hubJson(["snapshot"])).toMatchObject({ snapshots: [{ name: "with-dora" }] });
    await hubJson(["reset", "--yes"]);
    await hubJson(["restore", "with-dora", "--yes"]);
    await hubJson(["start", "--port", "0"]);
    expect(await names()).toContain("dora");
  });

  it("runs a command with a hub of its own, and ends with its exit code", async () => {
    const script = `fetch(process.env.HF_ENDPOINT + "/api/whoami-v2", {headers: {authorization: "Bearer " + process.env.HF_TOKEN}})
      .then((r) => r.json()).then((me) => { console.log(me.name); process.exitCode = 7; })`;
    const words = ["hub", "exec", "--as", "bob", "--", process.execPath, "-e", script];
    const result = await spawnCli(words, { cwd: folder });
    expect([result.code, result.stdout]).toEqual([7, "bob\n"]);
    expect((await hub(["exec", "--", process.execPath, "-e", ""])).code).toBe(0);
    const missing = await hub(["exec", "--", "no-such-command"]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("no-such-command")]);
  });

  it.each([
    [2, ["--port", "x"], "--port x is not a port"],
    [2, ["--limits", "gold"], "--limits gold is no plan"],
    [2, ["faults", "explode"], "There is no fault explode"],
    [2, ["users", "dora", "--member", "demo"], "--member demo is not org=role"],
    [2, ["start", "--ephemeral"], "--ephemeral"],
    [1, ["users"], "No local hub runs on"],
    [1, ["reset", "--yes"], "is not the data folder of a local hub"],
    [1, ["exec", "--as", "nobody", "--", "true"], "no user nobody"],
    [1, ["--org", "ada", "--ephemeral", "--port", "0"], "cannot be called ada"],
  ])("ends with %i for %j and says why", async (code, args, message) => {
    const result = await hub(args);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(result.stdout).toBe("");
  });

  it("names what has its port, in the foreground and in the background", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const port = String((other.address() as AddressInfo).port);
    try {
      for (const args of [["--ephemeral"], ["start"]]) {
        const result = await hub([...args, "--port", port]);
        expect([result.code, result.stderr]).toEqual([
          1,
          expect.stringContaining(`Port ${port} on 127.0.0.1 is taken`),
        ]);
      }
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});
