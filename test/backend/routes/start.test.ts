/** Starting, stopping and being told wrong things. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../../template/spaces/backend/config.ts";
import { createLog, maskTokens } from "../../../template/spaces/backend/log.ts";
import { startBackend } from "../../../template/spaces/backend/start.ts";
import { BackendUnderTest, testCollab, testConfig } from "../../support/backend.ts";

const YAML = "collab:\n  slug: demo\n  title: Demo\n  org: acme\n";

describe("the configuration", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "collab-config-"));
    await writeFile(join(folder, "collab.yaml"), YAML);
    await writeFile(join(folder, "deployment.json"), '{"slug":"demo","version":"abc"}');
    await writeFile(join(folder, "broken.yaml"), `${YAML}  colour: red\n`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("comes from the files beside the code and the environment", () => {
    const config = loadConfig(
      { HF_TOKEN: "hf_x", SPACE_HOST: "acme-demo-backend.hf.space", PORT: "8080" },
      folder,
    );
    expect(config).toMatchObject({
      collab: { collab: { slug: "demo" } },
      deployment: { version: "abc" },
      hubEndpoint: "https://huggingface.co",
      publicUrl: "https://acme-demo-backend.hf.space",
      trustedProxies: 1,
      port: 8080,
    });
    const local = loadConfig({ HF_TOKEN: "hf_x", SPACE_HOST: "127.0.0.1:4000" }, folder);
    expect(local).toMatchObject({ publicUrl: "http://127.0.0.1:4000", trustedProxies: 0 });
  });

  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ["no token", {}, /HF_TOKEN/],
    ["no port", { HF_TOKEN: "hf_x", PORT: "http" }, /PORT "http"/],
    ["no file", { HF_TOKEN: "hf_x", COLLAB_FILE: "/nowhere/collab.yaml" }, /\/nowhere\/collab\.yaml/],
  ])("%s is said clearly", (_name, env, text) => {
    const load = () => loadConfig(env, folder);
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(text);
  });

  test("a mistake in collab.yaml is named with its line", () => {
    const load = () => loadConfig({ HF_TOKEN: "hf_x", COLLAB_FILE: join(folder, "broken.yaml") }, folder);
    expect(load).toThrow(/broken\.yaml:5:\d+ .*colour/);
  });
});

describe("a backend that is not ready", () => {
  test("is alive, says what is missing, and asks to come back", async () => {
    // Nobody listens there: the record cannot be restored.
    const config = testConfig(testCollab(), "http://127.0.0.1:9");
    await using running = await startBackend({ config });
    const get = (path: string) => fetch(`${running.url}${path}`);
    expect(await (await get("/v1/healthz")).json()).toEqual({ status: "ok" });
    const ready = await get("/v1/readyz");
    expect([ready.status, await ready.json()]).toEqual([503, { status: "starting", missing: ["record"] }]);
    const board = await get("/v1/messages");
    expect(board.status).toBe(503);
    expect(board.headers.get("retry-after")).toBe("2");
    expect(await board.json()).toMatchObject({ error: { code: "NOT_READY" } });
    expect((await get("/")).status).toBe(200);
  });
});

describe("stopping", () => {
  test("finishes the writes that were taken", async () => {
    await using under = await BackendUnderTest.start();
    const agent = await under.agent("a");
    const posts = Array.from({ length: 10 }, (_, n) =>
      under.post("/v1/messages", { agent_id: "a", body: `number ${n}` }, agent.key),
    );
    await posts[0];
    await under.restart();
    const answers = await Promise.allSettled(posts);
    const acknowledged = answers.flatMap((a) =>
      a.status === "fulfilled" && a.value.status === 201 ? [a.value.body.filename] : [],
    );
    const { body } = await under.get("/v1/messages?limit=0");
    expect(body.items).toEqual(expect.arrayContaining(acknowledged));
    expect(acknowledged.length).toBeGreaterThan(0);
  });
});

test("what looks like a token never reaches a log", () => {
  const text = maskTokens("Bearer hf_abcdefghij, ack_0123456789-_x and hf_local_ada");
  expect(text).toBe("Bearer hf_***, ack_*** and hf_local_***");
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  // The Hub's account of a failure is somebody else's text.
  log("info", "writing failed: 403 hf_abcdefghij may not", {
    first: ["hf_local_ada"],
    error: new Error("ack_0123"),
  });
  expect(lines.join("")).not.toMatch(/abcdefghij|local_ada|0123/);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "writing failed: 403 hf_*** may not" });
});
