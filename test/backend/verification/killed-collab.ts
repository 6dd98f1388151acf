/**
 * A local hub, a collab that verifies by Jobs, and a backend that is a process: it is killed and started again at
 * chosen steps. The harness is the one of the tests of runs, so that a Job takes as long as its submission says.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { createHub } from "../../../template/hub/client.ts";
import { parseRun, type Run } from "../../../template/spaces/backend/documents/run.ts";
import {
  parseVerdict,
  type Verdict,
  verdictPath,
} from "../../../template/spaces/backend/documents/verdict.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { tokenOf } from "../../support/backend.ts";
import { addFault, type Fault } from "../../support/hub-faults.ts";
import { BackendProcess } from "../record/backend-process.ts";
import { type Behaviour, HARNESS } from "../runs/support.ts";

const CENTRAL = "demo/gemma-main-bucket";
const AUDIT = "demo-admin/gemma-audit";
const SCRATCH = "demo/gemma-ada";
const POLL_MS = 50;
/** How long one step may take on a machine that has other things to do. */
const PATIENCE_MS = 90_000;
const MANY = 100;

/** A Job as the hub keeps it. */
interface KeptJob {
  id: string;
  stage: string;
  labels: Record<string, string>;
}

export class KilledCollab {
  readonly #hub: LocalHub;
  readonly #folder: string;
  #backend: BackendProcess | undefined;
  #url = "";
  #key = "";

  private constructor(hub: LocalHub, folder: string) {
    this.#hub = hub;
    this.#folder = folder;
  }

  /** With one agent, and a backend that runs. */
  static async start(): Promise<KilledCollab> {
    const hub = await startLocalHub({ seed: { org: "demo" } });
    const folder = await mkdtemp(join(tmpdir(), "collab-kill-"));
    const killed = new KilledCollab(hub, folder);
    const organizer = killed.#hubAs("organizer");
    await organizer.bucket(CENTRAL).create({});
    await organizer.bucket(CENTRAL).write([{ path: "harness/run.py", content: HARNESS }]);
    await organizer.bucket(AUDIT).create({ private: true });
    await organizer.bucket(AUDIT).write([{ path: "eval_dataset/private.jsonl", content: "{}" }]);
    await killed.#scratch.create({ private: true });
    await killed.#scratch.write([{ path: ".bucket-sync-handshake", content: "ada\n" }]);
    const collab = {
      collab: { slug: "gemma", title: "Killed", org: "demo" },
      jobs: { enabled: true, per_agent_per_day: MANY, per_user_per_day: MANY, budget_per_day: MANY },
      verification: { mode: "jobs", trigger: "all", isolation: [], grey_band: 0, runs_per_day: MANY },
    };
    await writeFile(join(folder, "collab.yaml"), stringify(collab));
    await killed.startBackend();
    const registration = { agent_id: "ada", model: "m", harness: "h" };
    killed.#key = String((await killed.#post("/v1/agents/register", registration, tokenOf("ada"))).agent_key);
    return killed;
  }

  async startBackend(): Promise<void> {
    this.#backend = new BackendProcess({
      hubUrl: this.#hub.url,
      collabFile: join(this.#folder, "collab.yaml"),
    });
    this.#url = await this.#backend.ready();
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#backend?.kill();
  }

  /** Publishes a result that claims what its submission measures; returns its filename. */
  async claim(name: string, score: number, behaviour: Behaviour = {}): Promise<string> {
    const path = `results/${name}.md`;
    const fields = stringify({ score, method: name, status: "agent-run", description: name });
    await this.#scratch.write([
      { path: `submissions/${name}/behave.json`, content: JSON.stringify({ score, ...behaviour }) },
      { path, content: `---\n${fields}submission: submissions/${name}\n---\nnotes\n` },
    ]);
    const source = `hf://buckets/${SCRATCH}/${path}`;
    return String((await this.#post("/v1/results", { source }, this.#key)).filename);
  }

  /** Adds a fault; the answer lifts it. */
  fault(rule: Fault): Promise<() => Promise<void>> {
    return addFault(this.#hub.url, rule);
  }

  /** Fails to write these files of the central bucket, and nothing else. */
  refuse(entry: string): Promise<() => Promise<void>> {
    return this.fault({ kind: "batch_entry", path: `/api/buckets/${CENTRAL}/batch`, entry });
  }

  // What the buckets and the hub say: true while no backend runs, and what the next one finds.

  /** Verification runs of a result. */
  async keptRuns(filename: string): Promise<Run[]> {
    const bucket = this.#hubAs("organizer").bucket(CENTRAL);
    const runs: Run[] = [];
    for await (const { path } of bucket.list("runs")) {
      const run = parseRun((await bucket.readText(path)) ?? "");
      if (run?.result === filename) runs.push(run);
    }
    return runs;
  }

  async keptVerdict(filename: string): Promise<Verdict | null> {
    const bucket = this.#hubAs("organizer").bucket(CENTRAL);
    return parseVerdict((await bucket.readText(verdictPath(filename))) ?? "");
  }

  async indexEntry(filename: string): Promise<string | undefined> {
    const text = await this.#hubAs("organizer").bucket(CENTRAL).readText("results/verification_status.json");
    return (JSON.parse(text ?? "{}") as Record<string, string>)[filename];
  }

  /** Every Job of a run, canceled ones too, whatever the hub's API does. */
  jobsOf(runId: string): KeptJob[] {
    const rows = this.#hub.context.db.prepare("SELECT id, stage, labels FROM jobs ORDER BY number").all();
    return rows
      .map(({ id, stage, labels }) => ({
        id: String(id),
        stage: String(stage),
        labels: JSON.parse(String(labels)) as KeptJob["labels"],
      }))
      .filter(({ labels }) => labels.run === runId);
  }

  // What everybody sees.

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#url}${path}`);
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async shownState(filename: string): Promise<string> {
    return (await this.get<{ verification: string }>(`/v1/results/${filename}`)).verification;
  }

  /** Words of the verifier about a result. */
  async announcements(filename: string): Promise<string[]> {
    const path = "/v1/messages?type=verification&expand=true&limit=200";
    const { items } = await this.get<{ items: { body: string }[] }>(path);
    return items.map(({ body }) => body).filter((body) => body.includes(filename));
  }

  /** Runs that verification may still start today. */
  async runsLeft(): Promise<number> {
    return (await this.get<{ capacity: { left: number } }>("/v1/verification")).capacity.left;
  }

  /** What `find` gives, once it gives something; an error is no answer yet: the backend may be starting. */
  async until<T>(find: () => Promise<T | undefined | false>): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    let last: unknown;
    while (performance.now() < end) {
      try {
        const found = await find();
        if (found !== undefined && found !== false) return found;
      } catch (error) {
        last = error;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`waited ${PATIENCE_MS / 1000} s until ${find}\n${this.#backend?.output.slice(-4_000)}`, {
      cause: last,
    });
  }

  /** The one verification run of a result, once the bucket has it and it is as `is` says. */
  keptRun(filename: string, is: (run: Run) => boolean = () => true): Promise<Run> {
    return this.until(async () => (await this.keptRuns(filename)).find(is));
  }

  /** Waits until one of the run's Jobs is in this stage. */
  async jobStage(runId: string, stage: string): Promise<void> {
    await this.until(async () => this.jobsOf(runId).some((job) => job.stage === stage));
  }

  get #scratch() {
    return this.#hubAs("ada").bucket(SCRATCH);
  }

  #hubAs(user: "organizer" | "ada") {
    return createHub({ endpoint: this.#hub.url, token: tokenOf(user) });
  }

  async #post(path: string, json: unknown, token: string): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.#url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(json),
    });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#hub.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
