/** The questions of `deploy` and `destroy` with a person at the terminal. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { CollabFolder, SMALL_BACKEND } from "../deploy/support.ts";
import { KEY, Terminal } from "../support/terminal.ts";

let server: LocalHub;
let folder: CollabFolder;
beforeAll(async () => {
  server = await startLocalHub();
  folder = await CollabFolder.create(SMALL_BACKEND);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await server.close();
});

const open = (...args: string[]) =>
  new Terminal(args, {
    cwd: folder.dir,
    env: { HF_ENDPOINT: server.url, HF_TOKEN: "hf_local_organizer" },
  });
const hub = () => createHub({ endpoint: server.url, token: "hf_local_organizer" });

test.each([
  ["Ctrl-C", KEY.interrupt],
  ["no", `n${KEY.enter}`],
])("%s at the plan changes nothing", { timeout: 120_000 }, async (_, keys) => {
  await using terminal = open("deploy");
  await terminal.answer(/Apply this to/, keys);
  expect(await terminal.end()).toBe(130);
  expect(terminal.screen).toContain("Nothing was changed.");
  expect(await hub().space("demo/tiny-backend").info()).toBeNull();
});

test("yes at the plan deploys; the wrong name takes nothing away", { timeout: 180_000 }, async () => {
  await using deploy = open("deploy");
  await deploy.answer(/Apply this to/, `y${KEY.enter}`);
  expect(await deploy.end()).toBe(0);
  expect(deploy.screen).toContain("Deployed version");

  await using wrong = open("destroy");
  await wrong.answer(/Type tiny/, `tin${KEY.enter}`);
  expect(await wrong.end()).toBe(130);
  expect(await hub().space("demo/tiny-backend").info()).not.toBeNull();

  await using right = open("destroy");
  await right.answer(/Type tiny/, `tiny${KEY.enter}`);
  expect(await right.end()).toBe(0);
  expect(await hub().space("demo/tiny-backend").info()).toBeNull();
  expect(await hub().bucket("demo/tiny-main-bucket").info()).toBeNull();
});

test("what is written into collab.yaml while the question is open is not overwritten", {
  timeout: 120_000,
}, async () => {
  await using busy = await CollabFolder.create({
    ...SMALL_BACKEND,
    "collab.yaml": "collab: {slug: busy, title: Busy, org: demo}\n",
  });
  await using terminal = new Terminal(["pause"], {
    cwd: busy.dir,
    env: { HF_ENDPOINT: server.url, HF_TOKEN: "hf_local_organizer" },
  });
  await terminal.waitFor(/Apply this to/);
  const edited = "collab: {slug: busy, title: Another title, org: demo}\n";
  await busy.write({ "collab.yaml": edited });
  terminal.send(`y${KEY.enter}`);
  expect(await terminal.end()).toBe(1);
  expect(terminal.screen).toContain("was edited meanwhile");
  expect(await readFile(join(busy.dir, "collab.yaml"), "utf8")).toBe(edited);
  expect(await hub().space("demo/busy-backend").info()).toBeNull();
});

test("Ctrl-C at the question of destroy takes nothing away", { timeout: 120_000 }, async () => {
  await hub()
    .space("demo/kept-backend")
    .create({ sdk: "docker", variables: { AGENT_COLLAB_OWNER: "demo/kept-main-bucket" } });
  await using kept = await CollabFolder.create({
    "collab.yaml": "collab: {slug: kept, title: Kept, org: demo}\n",
  });
  await using terminal = new Terminal(["destroy"], {
    cwd: kept.dir,
    env: { HF_ENDPOINT: server.url, HF_TOKEN: "hf_local_organizer" },
  });
  await terminal.answer(/Type kept/, KEY.interrupt);
  expect(await terminal.end()).toBe(130);
  expect(terminal.screen).toContain("Nothing was removed.");
  expect(await hub().space("demo/kept-backend").info()).not.toBeNull();
});
