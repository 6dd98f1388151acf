/** The backend's process as an organiser meets it: logs, metrics, readiness, reload, stop. All from outside. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { createHub } from "../../../template/hub/client.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { tokenOf } from "../../support/backend.ts";
import { eventually } from "../../support/eventually.ts";
import { addFault } from "../../support/hub-faults.ts";
import { BackendProcess } from "../record/backend-process.ts";

const COLLAB = {
  collab: { slug: "gemma", title: "Operation", org: "demo" },
  board: { limits: { raw_messages_per_minute: 10_000, raw_messages_per_hour: 100_000 } },
};
/** Of a user, of an app, of an agent, and what only looks like one; none may show up anywhere. */
const SECRETS = [
  tokenOf("ada"),
  "hf_oauth_0123456789abcdef",
  `ack_${"k".repeat(43)}`,
  `acs_${"s".repeat(43)}`,
];

let hub: LocalHub;
let folder: string;
let collabFile: string;
const processes: BackendProcess[] = [];

beforeAll(async () => {
  hub = await startLocalHub();
  folder = await mkdtemp(join(tmpdir(), "collab-operation-"));
  collabFile = join(folder, "collab.yaml");
  await writeFile(collabFile, stringify(COLLAB));
  const organizer = createHub({ endpoint: hub.url, token: tokenOf("organizer") });
  await organizer.bucket("demo/gemma-main-bucket").create();
  await organizer.bucket("demo-admin/gemma-audit").create({ private: true });
  const ada = createHub({ endpoint: hub.url, token: tokenOf("ada") }).bucket("demo/gemma-a");
  await ada.create({ private: true });
  await ada.write([{ path: ".bucket-sync-handshake", content: "ada\n" }]);
});
afterAll(async () => {
  for (const process of processes) await process.kill();
  await hub?.close();
  await rm(folder, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}): BackendProcess {
  const process = new BackendProcess({ hubUrl: hub.url, collabFile, env });
  processes.push(process);
  return process;
}

async function post(url: string, path: string, json: unknown, token: string) {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(json),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of several routes, checked field by field
  return { status: response.status, body: (await response.json()) as any };
}

async function register(url: string): Promise<string> {
  const json = { agent_id: "a", model: "m", harness: "h", force: true };
  const { status, body } = await post(url, "/v1/agents/register", json, tokenOf("ada"));
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.agent_key;
}

describe("what the process prints", () => {
  test("is one JSON object a line, and holds no secret whatever is sent", async () => {
    const backend = start();
    const url = await backend.ready();
    const key = await register(url);
    await post(url, "/v1/messages", { agent_id: "a", body: "x" }, key);
    for (const secret of [...SECRETS, key]) {
      await post(url, "/v1/messages", { agent_id: "a", body: "x", source: null }, secret);
      await post(url, "/v1/messages", { source: `hf://buckets/demo/gemma-a/${secret}.md` }, secret);
      await post(url, `/v1/taskforces/${secret}/files`, { agent_id: secret, body: "x" }, secret);
      await post(
        url,
        "/v1/auth/session",
        { code: secret, code_verifier: secret, redirect_uri: secret, nonce: secret },
        secret,
      );
      for (const path of [
        "/v1/me",
        `/v1/messages/${secret}`,
        `/v1/nothing?token=${secret}`,
        `/v1/events?ticket=${secret}`,
        `/v1/digest?as=${secret}`,
      ])
        await fetch(url + path, {
          method: path.startsWith("/v1/events") ? "HEAD" : "GET",
          headers: { authorization: `Bearer ${secret}` },
        });
    }
    // A Hub that fails is what errors are logged for.
    const fault = { kind: "status", status: 500, path: "/api/whoami-v2", count: 20 } as const;
    const lift = await addFault(hub.url, fault);
    const failing = await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${tokenOf("bob")}` } });
    expect(failing.status).toBe(503);
    await lift();
    expect(await backend.stop()).toBe(0);

    const lines = backend.output.split("\n").map((line) => JSON.parse(line));
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["listening", "ready", "request failed", "stopping"]),
    );
    for (const line of lines)
      expect(line).toMatchObject({
        time: expect.stringMatching(/Z$/),
        level: expect.stringMatching(/^(info|warn|error)$/),
      });
    for (const secret of [...SECRETS, key, tokenOf("bob"), tokenOf("organizer")])
      expect(backend.output).not.toContain(secret);

    const organizer = createHub({ endpoint: hub.url, token: tokenOf("organizer") });
    for (const id of ["demo/gemma-main-bucket", "demo-admin/gemma-audit"]) {
      const bucket = organizer.bucket(id);
      for await (const { path } of bucket.list()) {
        const text = (await bucket.readText(path)) ?? "";
        // What somebody names a thing is in the record of refusals only masked.
        for (const secret of [...SECRETS, key]) expect(text.includes(secret), `${id}/${path}`).toBe(false);
      }
    }
  });
});

describe("metrics", () => {
  test("are off unless asked for", async () => {
    const backend = start();
    const url = await backend.ready();
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    await backend.stop();
  });

  test("count requests, commit groups, Hub calls, the queue and the board, in Prometheus' form", async () => {
    const backend = start({ METRICS: "1" });
    const url = await backend.ready();
    const key = await register(url);
    for (let n = 0; n < 3; n += 1) await post(url, "/v1/messages", { agent_id: "a", body: `${n}` }, key);
    await fetch(`${url}/v1/messages/none.md`);
    await fetch(`${url}/nowhere/at/all`);
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    const value = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
    expect(value(/^collab_requests_total\{method="POST",route="\/v1\/messages",status="201"\} (\d+)$/m)).toBe(
      3,
    );
    expect(
      value(/^collab_requests_total\{method="GET",route="[^"]*filename[^"]*",status="404"\} (\d+)$/m),
    ).toBe(1);
    expect(text).not.toContain("nowhere");
    expect(value(/^collab_commit_groups_total (\d+)$/m)).toBeGreaterThan(0);
    expect(value(/^collab_commit_entries_total (\d+)$/m)).toBeGreaterThanOrEqual(4);
    expect(value(/^collab_hub_calls_total\{kind="hub",status="200"\} (\d+)$/m)).toBeGreaterThan(0);
    expect(value(/^collab_write_queue (\d+)$/m)).toBe(0);
    expect(value(/^collab_documents (\d+)$/m)).toBeGreaterThan(3);
    for (const line of text.trim().split("\n"))
      expect(line).toMatch(/^# (HELP|TYPE) \w+ .+$|^\w+(\{(\w+="(?:[^"\\]|\\.)*",?)+\})? [\d.e+-]+$/);
    await backend.stop();
  });
});

describe("one after the other", () => {
  test("the next backend reads at once and writes when the one before it has stopped; nothing is lost between", async () => {
    const before = start();
    const oldUrl = await before.ready();
    const key = await register(oldUrl);
    const after = start();
    const newUrl = await after.url();
    await eventually(async () => (await fetch(`${newUrl}/v1/messages`)).status === 200);
    const waiting = await fetch(`${newUrl}/v1/readyz`);
    expect([waiting.status, await waiting.json()]).toEqual([
      503,
      { status: "starting", missing: ["write lease"] },
    ]);
    expect((await fetch(`${newUrl}/v1/healthz`)).status).toBe(200);
    const early = await post(newUrl, "/v1/messages", { agent_id: "a", body: "too early" }, key);
    expect([early.status, early.body.error.code]).toEqual([503, "NOT_READY"]);

    // A stop in the middle of writes: what was taken is finished, what comes later is refused.
    const posts = Array.from({ length: 40 }, (_, n) =>
      post(oldUrl, "/v1/messages", { agent_id: "a", body: `in flight ${n}` }, key).catch(() => null),
    );
    await posts[0];
    expect(await before.stop()).toBe(0);
    const taken = (await Promise.all(posts)).flatMap((answer) =>
      answer?.status === 201 ? [answer.body.filename] : [],
    );
    expect(taken.length).toBeGreaterThan(0);
    await after.ready();
    expect(await (await fetch(`${newUrl}/v1/readyz`)).json()).toEqual({ status: "ready", missing: [] });
    const listed = (await (await fetch(`${newUrl}/v1/messages?limit=0`)).json()) as { items: string[] };
    expect(listed.items).toEqual(expect.arrayContaining(taken));
    expect(new Set(listed.items).size).toBe(listed.items.length);
    expect((await post(newUrl, "/v1/messages", { agent_id: "a", body: "the next one" }, key)).status).toBe(
      201,
    );
    await after.stop();
  });
});
