/** `agent-collab dev` in the background, as agents use it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CollabFolder, SMALL_BACKEND } from "../deploy/support.ts";
import { runCli } from "../support/cli.ts";
import { isListening } from "../support/dev.ts";

let folder: CollabFolder;
beforeAll(async () => {
  folder = await CollabFolder.create(SMALL_BACKEND);
});
afterAll(async () => {
  await runCli(["dev", "stop", folder.dir]);
  await folder[Symbol.asyncDispose]();
});

async function dev(...args: string[]) {
  const result = await runCli(["dev", ...args, "--json"]);
  return { ...result, json: JSON.parse(result.stdout) };
}

test("starts, says where it is, keeps a log, and stops, each command fit to be repeated", async () => {
  expect((await dev("status", folder.dir)).json).toMatchObject({ running: false, state: "stopped" });

  const started = await dev(folder.dir, "--background", "--port", "0", "--no-rehearsal");
  expect(started.code, started.stdout).toBe(0);
  expect(started.json).toMatchObject({
    state: "started",
    central_bucket: "demo/tiny-main-bucket",
    dashboard: { url: null },
  });
  const { hub, backend } = started.json;
  expect((await fetch(`${backend.url}/v1/healthz`)).status).toBe(200);

  const again = await dev(folder.dir, "--background", "--port", "0", "--no-rehearsal");
  expect(again.json).toMatchObject({ state: "already running", hub, backend, pid: started.json.pid });
  expect((await dev("status", folder.dir)).json).toMatchObject({ running: true, hub, backend });
  const text = await runCli(["dev", "status", folder.dir]);
  expect(text.stdout).toContain(`curl -s ${backend.url}/v1/digest`);
  expect((await dev("logs", folder.dir)).json.lines.join("\n")).toContain("created Space demo/tiny-backend");

  expect((await dev("stop", folder.dir)).json).toMatchObject({ stopped: true });
  expect(await isListening(hub.url)).toBe(false);
  expect(await isListening(backend.url)).toBe(false);
  expect(await dev("stop", folder.dir)).toMatchObject({ code: 0, json: { stopped: false } });
});

test("what goes wrong in the background is said in the foreground", async () => {
  await using broken = await CollabFolder.create({
    ...SMALL_BACKEND,
    "spaces/backend/server.js": 'throw new Error("no luck today");\n',
  });
  const result = await dev(broken.dir, "--background", "--port", "0", "--no-rehearsal");
  expect(result.code).toBe(1);
  expect(result.json.error).toMatchObject({
    code: "space_failed",
    message: expect.stringContaining("no luck today"),
  });
  expect((await dev("status", broken.dir)).json).toMatchObject({ running: false });
});
