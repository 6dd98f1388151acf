import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { createHub } from "../../../template/hub/client.ts";
import type { Run } from "../../../template/spaces/backend/documents/run.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { tokenOf } from "../../support/backend.ts";
import { BackendProcess } from "../record/backend-process.ts";
import { HARNESS } from "./support.ts";

/** From the request on: before the reservation, around the launch, while the Job runs, around its end. */
const KILLED_AFTER_MS = [50, 200, 500, 1_000, 2_000, 4_000];

describe("a backend process that is killed", () => {
  let hub: LocalHub;
  let folder: string;
  let backend: BackendProcess;
  let url: string;
  let key: string;

  beforeAll(async () => {
    hub = await startLocalHub({ seed: { org: "demo" } });
    const organizer = createHub({ endpoint: hub.url, token: tokenOf("organizer") });
    await organizer.bucket("demo/gemma-main-bucket").create({});
    await organizer.bucket("demo-admin/gemma-audit").create({ private: true });
    await organizer.bucket("demo/gemma-main-bucket").write([{ path: "harness/run.py", content: HARNESS }]);
    const scratch = createHub({ endpoint: hub.url, token: tokenOf("ada") }).bucket("demo/gemma-ada");
    await scratch.create({ private: true });
    await scratch.write([
      { path: ".bucket-sync-handshake", content: "ada\n" },
      { path: "submissions/v1/behave.json", content: '{"score": 1, "sleep": 0.5}' },
    ]);
    folder = await mkdtemp(join(tmpdir(), "collab-kill-"));
    const collab = {
      collab: { slug: "gemma", title: "Killed", org: "demo" },
      jobs: { enabled: true, per_agent_per_day: KILLED_AFTER_MS.length, per_submission_per_day: 100 },
    };
    await writeFile(join(folder, "collab.yaml"), stringify(collab));
    await start();
    const answer = await post(
      "/v1/agents/register",
      { agent_id: "ada", model: "m", harness: "h" },
      tokenOf("ada"),
    );
    ({ agent_key: key } = (await answer.json()) as { agent_key: string });
  });
  afterAll(async () => {
    await backend?.kill();
    await hub?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    backend = new BackendProcess({ hubUrl: hub.url, collabFile: join(folder, "collab.yaml") });
    url = await backend.ready();
  }

  function post(path: string, json: unknown, token: string, headers: Record<string, string> = {}) {
    return fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify(json),
    });
  }

  const launch = (n: number) =>
    post("/v1/jobs:run", { agent_id: "ada", submission_prefix: "submissions/v1" }, key, {
      "idempotency-key": `run-${n}`,
    });

  async function runs(): Promise<Run[]> {
    const answer = await fetch(`${url}/v1/runs?limit=200`);
    return ((await answer.json()) as { items: Run[] }).items;
  }

  it("at any moment loses no run, launches none twice and leaves none unfinished", async () => {
    for (const [n, ms] of KILLED_AFTER_MS.entries()) {
      const first = launch(n).catch(() => null);
      await sleep(ms);
      await backend.kill();
      await first;
      await start();
      // Whoever got no answer asks again, with the same key.
      let answer = await launch(n);
      while (answer.status === 503) {
        await sleep(100);
        answer = await launch(n);
      }
      expect(answer.status, await answer.clone().text()).toBe(202);
    }
    let all = await runs();
    while (!all.every(({ finished_at, mirrored }) => finished_at !== null && mirrored)) {
      await sleep(100);
      all = await runs();
    }
    expect(all.map(({ status }) => status)).toEqual(KILLED_AFTER_MS.map(() => "completed"));
    expect(all.map(({ charged, attempts }) => [charged, attempts.length])).toEqual(
      KILLED_AFTER_MS.map(() => [true, 1]),
    );
    const jobs = createHub({ endpoint: hub.url, token: tokenOf("organizer") }).jobs("demo");
    const launched = await jobs.find("slug", "gemma");
    expect(launched.map(({ labels }) => labels.get("run")).toSorted()).toEqual(
      all.map(({ run_id }) => run_id).toSorted(),
    );
    // Each counts once: that was the agent's whole quota.
    const over = await post("/v1/jobs:run", { agent_id: "ada", submission_prefix: "submissions/v1" }, key);
    expect(over.status).toBe(429);
  }, 300_000);
});
