/** A collab for benchmarks of writing: a hub and a backend, each in a process of its own, and some history. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { stringify } from "yaml";
import { createHub } from "../../../template/hub/client.ts";
import type { Hub } from "../../../template/hub/types.ts";
import { createRecord } from "../../../template/spaces/backend/record/record.ts";
import { BackendProcess } from "../../backend/record/backend-process.ts";
import { AUDIT, CENTRAL, post } from "../../backend/record/support.ts";
import { bundleBackend } from "../../support/backend-bundle.ts";
import { addFault } from "../../support/hub-faults.ts";
import { type HubProcess, startHubProcess } from "../hub-process.ts";
import { writeHistory } from "./history.ts";

export const AGENTS = 120;

const COLLAB = {
  collab: { slug: "gemma", title: "Benchmark", org: "demo" },
  board: {
    writes: "open",
    limits: {
      raw_messages_per_minute: 10_000,
      raw_messages_per_hour: 100_000,
      user_writes_per_minute: 1_000_000,
      address_writes_per_minute: 1_000_000,
    },
  },
};

export interface Calls {
  hub: number;
  cas: number;
  bytes: number;
}

export class Stage {
  readonly hub: HubProcess;
  readonly #folder: string;
  readonly #program: string;

  private constructor(hub: HubProcess, folder: string) {
    this.hub = hub;
    this.#folder = folder;
    this.#program = bundleBackend(folder);
  }

  /** A history that is there as snapshots only: for what a start and reads cost, not for the bucket's files. */
  static async withSnapshots(messages: number): Promise<Stage> {
    const stage = await Stage.#empty();
    const agents = Array.from({ length: AGENTS }, (_, i) => `agent-${i}`);
    await writeHistory(stage.#client.bucket(AUDIT), { messages, agents, text });
    return stage;
  }

  /** `messages` of history, as the record itself would have written them. */
  static async set(messages: number): Promise<Stage> {
    const stage = await Stage.#empty();
    const client = stage.#client;
    const agents = Array.from({ length: AGENTS }, (_, i) => `agent-${i}`);
    await client.bucket(CENTRAL).write(
      agents.map((id) => ({
        path: `agents/${id}.md`,
        content: `---\nagent_name: ${id}\nhf_user: ada\n---\n`,
      })),
    );
    const board = {
      apply() {},
      fill() {},
      empty() {},
      applyFound() {},
      startFrom() {},
      makeIndexes() {},
      version: 0,
      journalSeq: 0,
    };
    const record = createRecord({ hub: client, centralBucket: CENTRAL, auditBucket: AUDIT, board });
    await record.start();
    for (let done = 0; done < messages; done += 500) {
      const some = Math.min(500, messages - done);
      await Promise.all(
        Array.from({ length: some }, (_, i) => record.submit(post(agents[i % AGENTS] ?? "", text(done + i)))),
      );
    }
    await record.close();
    return stage;
  }

  static async #empty(): Promise<Stage> {
    const hub = await startHubProcess();
    const folder = mkdtempSync(join(tmpdir(), "bench-"));
    writeFileSync(join(folder, "collab.yaml"), stringify(COLLAB));
    const stage = new Stage(hub, folder);
    await stage.#client.bucket(CENTRAL).create({ private: false });
    await stage.#client.bucket(AUDIT).create({ private: true });
    return stage;
  }

  get #client(): Hub {
    return createHub({ endpoint: this.hub.url, token: "hf_local_organizer" });
  }

  /** The backend as it is shipped, ready. */
  async backend(): Promise<{ url: string; process: BackendProcess }> {
    const process = new BackendProcess({
      hubUrl: this.hub.url,
      collabFile: join(this.#folder, "collab.yaml"),
      program: this.#program,
    });
    return { url: await process.ready(), process };
  }

  async delay(delayMs: number): Promise<void> {
    await addFault(this.hub.url, { kind: "delay", delayMs });
  }

  async resetCalls(): Promise<void> {
    await this.#control("DELETE", "requests");
  }

  /** What the backend's account has asked of the Hub since `resetCalls`. */
  async calls(): Promise<Calls> {
    const { clients } = (await this.#control("GET", "counters")) as {
      clients: Record<string, Record<"hub" | "cas", { requests: number; bytesIn: number; bytesOut: number }>>;
    };
    const sum = { hub: 0, cas: 0, bytes: 0 };
    for (const { hub, cas } of Object.values(clients)) {
      sum.hub += hub.requests;
      sum.cas += cas.requests;
      sum.bytes += hub.bytesIn + hub.bytesOut + cas.bytesIn + cas.bytesOut;
    }
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #control(method: string, path: string): Promise<unknown> {
    const response = await fetch(`${this.hub.url}/_emulator/${path}`, { method });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

/** Some 400 characters, as long as most messages; one in four mentions somebody. */
export function text(n: number): string {
  const words = "kernel cache decode token batch draft verify latency fp8 graph prefill attention".split(" ");
  const body = Array.from(
    { length: 55 },
    (_, i) => `${words[(n * 7 + i * i) % words.length]}${(n + i) % 97}`,
  ).join(" ");
  return n % 4 === 0 ? `${body} @agent-${n % AGENTS}` : body;
}

/** One connection a writer, kept open; `fetch` would cost this process more than the backend's answer costs the backend. */
const connections = new Agent({ keepAlive: true });

/** Posts as one agent; throws unless it was acknowledged. */
export async function say(url: string, agent: number, n: number): Promise<void> {
  const body = JSON.stringify({ agent_id: `agent-${agent}`, body: text(n) });
  const sent = request(`${url}/v1/messages`, {
    method: "POST",
    agent: connections,
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
  });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const answer = await buffer(response);
  if (response.statusCode !== 201) throw new Error(`${response.statusCode} ${answer}`);
}
