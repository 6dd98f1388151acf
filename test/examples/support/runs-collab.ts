/**
 * An example as a running collab, for tests of whole runs: deployed onto a local hub as `dev` does it, with the
 * backend as a real process and Jobs as real processes. Nothing is mocked.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import { createHub } from "../../../template/hub/client.ts";
import type { Hub } from "../../../template/hub/types.ts";
import { scratchBucket } from "../../../template/schema/collab.ts";
import type { Run } from "../../../template/spaces/backend/documents/run.ts";
import { type LoadedCollab, loadCollabDir } from "../../../wizard/collab-dir.ts";
import { type DevSession, startDev } from "../../../wizard/dev/session.ts";
import { readTree, type TreeFile } from "./tree.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../../examples");

/** How long anything may take on a machine that has other things to do. */
export const PATIENCE_MS = 240_000;
const POLL_MS = 250;

export type Settings = readonly (readonly [path: readonly string[], value: unknown])[];

/** For suites of what runs do: rates of the stub are only as steady as the machine, and quotas are not their question. */
export const NO_LIMITS: Settings = [
  [["verification", "tolerance"], 0.6],
  [["verification", "grey_band"], 0],
  // What a machine can enforce is another suite's question.
  [["verification", "isolation"], []],
  [["verification", "args"], []],
  [["verification", "runs_per_day"], 100],
  [["jobs", "per_agent_per_day"], 100],
  [["jobs", "per_user_per_day"], 1000],
  [["jobs", "per_submission_per_day"], 100],
  [["jobs", "smoke", "per_agent_per_day"], 100],
  [["jobs", "budget_per_day"], 1000],
];

export interface TestAgent {
  id: string;
  user: "ada" | "bob" | "cy";
  key: string;
  bucket: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every route, checked field by field in the tests
  body: any;
}

/** A copy of an example in a temporary folder, with some settings of its collab.yaml changed. */
export class ExampleCopy {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(example: string, settings: Settings = []): Promise<ExampleCopy> {
    const dir = join(await mkdtemp(join(tmpdir(), "runs-test-")), example);
    const unwanted = /__pycache__|\.agent-collab/;
    await cp(join(EXAMPLES, example), dir, { recursive: true, filter: (path) => !unwanted.test(path) });
    const file = join(dir, "collab.yaml");
    const document = parseDocument(await readFile(file, "utf8"));
    for (const [path, value] of settings) document.setIn(path, document.createNode(value));
    await writeFile(file, document.toString({ lineWidth: 0 }));
    return new ExampleCopy(dir);
  }

  load(): Promise<LoadedCollab> {
    return loadCollabDir(this.dir, { cwd: this.dir });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.dir, ".."), { recursive: true, force: true });
  }
}

/** What agents do, over HTTP. */
export class Participants {
  readonly loaded: LoadedCollab;
  readonly hubUrl: string;
  readonly tokens: Record<"organizer" | "ada" | "bob" | "cy", string>;
  /** The backend's address may change when it is started again. */
  backendUrl: string;

  constructor(options: Pick<Participants, "loaded" | "hubUrl" | "tokens" | "backendUrl">) {
    this.loaded = options.loaded;
    this.hubUrl = options.hubUrl;
    this.tokens = options.tokens;
    this.backendUrl = options.backendUrl;
  }

  hubAs(user: keyof Participants["tokens"]): Hub {
    return createHub({ endpoint: this.hubUrl, token: this.tokens[user] });
  }

  async request(path: string, json?: unknown, token?: string): Promise<Answer> {
    const response = await fetch(`${this.backendUrl}${path}`, {
      method: json === undefined ? "GET" : "POST",
      headers: {
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true && text !== "";
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** The body of a GET that must succeed. */
  async get(path: string): Promise<Answer["body"]> {
    const { status, body } = await this.request(path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** The body of a POST that must succeed. */
  async post(path: string, json: unknown, token: string): Promise<Answer["body"]> {
    const { status, body } = await this.request(path, json, token);
    if (status >= 300) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async agent(id: string, user: TestAgent["user"]): Promise<TestAgent> {
    const bucket = scratchBucket(this.loaded.collab.collab, id);
    const files = this.hubAs(user).bucket(bucket);
    await files.create({ private: true });
    await files.write([{ path: ".bucket-sync-handshake", content: `${user}\n` }]);
    const registration = { agent_id: id, model: "test-model", harness: "vitest" };
    const { agent_key: key } = await this.post("/v1/agents/register", registration, this.tokens[user]);
    return { id, user, key, bucket };
  }

  /** Uploads `files` as the submission `name`; returns its prefix. */
  async upload(agent: TestAgent, name: string, files: readonly TreeFile[]): Promise<string> {
    const prefix = `submissions/${name}`;
    const moved = files.map(({ path, content }) => ({ path: `${prefix}/${path}`, content }));
    await this.hubAs(agent.user).bucket(agent.bucket).write(moved);
    return prefix;
  }

  /** A folder of the example as a submission, with `more` over its files. */
  async uploadFolder(
    agent: TestAgent,
    name: string,
    folders: readonly string[],
    more: readonly TreeFile[] = [],
  ): Promise<string> {
    const trees = await Promise.all(folders.map((folder) => readTree(join(this.loaded.dir, folder))));
    const byPath = new Map([...trees.flat(), ...more].map((file) => [file.path, file]));
    return this.upload(agent, name, [...byPath.values()]);
  }

  startRun(agent: TestAgent, submission_prefix: string, lane: Run["lane"]): Promise<Answer> {
    return this.request("/v1/jobs:run", { agent_id: agent.id, submission_prefix, lane }, agent.key);
  }

  /** A run that must begin, at its end. */
  async run(agent: TestAgent, prefix: string, lane: Run["lane"]): Promise<Run> {
    const { status, body } = await this.startRun(agent, prefix, lane);
    if (status !== 202) throw new Error(`jobs:run ${prefix}: ${status} ${JSON.stringify(body)}`);
    return this.over(body.run_id);
  }

  /** The run once it is over. */
  over(run_id: string): Promise<Run> {
    return this.until(`run ${run_id} to end`, async () => {
      const run = (await this.get(`/v1/runs/${run_id}`)) as Run;
      return run.status === "reserved" || run.status === "launched" ? undefined : run;
    });
  }

  /** Posts the result of a run; returns its filename. */
  async postResult(agent: TestAgent, run: Run, more: Record<string, unknown> = {}): Promise<string> {
    const body = {
      agent_id: agent.id,
      run_id: run.run_id,
      method: `method of ${run.submission.source.prefix}`,
      description: "posted by a test",
      ...more,
    };
    return (await this.post("/v1/results", body, agent.key)).filename;
  }

  /** The verdict of a result once it is in one of `states`, and the verdict's own file says so, too. */
  verdict(filename: string, ...states: string[]): Promise<Answer["body"]> {
    return this.until(`${filename} to be ${states.join(" or ")}`, async () => {
      const { verification, verdict } = await this.get(`/v1/results/${filename}`);
      const isDone = states.includes(verification) && verdict?.applied !== false;
      return isDone ? { verification, ...verdict } : undefined;
    });
  }

  /** What `find` gives, once it gives something. */
  async until<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    let last: unknown;
    while (performance.now() < end) {
      try {
        const found = await find();
        if (found !== undefined) return found;
      } catch (error) {
        // The backend may be starting again.
        last = error;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`, { cause: last });
  }
}

/** A deployed example with its participants. */
export class RunsCollab extends Participants {
  readonly session: DevSession;
  readonly #copy: ExampleCopy;

  private constructor(session: DevSession, copy: ExampleCopy, loaded: LoadedCollab) {
    super({ loaded, hubUrl: session.hub.url, backendUrl: session.backendUrl, tokens: session.tokens });
    this.session = session;
    this.#copy = copy;
  }

  static async start(example: string, settings: Settings = []): Promise<RunsCollab> {
    const copy = await ExampleCopy.create(example, settings);
    try {
      const loaded = await copy.load();
      return new RunsCollab(await startDev({ loaded, port: 0 }), copy, loaded);
    } catch (error) {
      await copy[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
    await this.#copy[Symbol.asyncDispose]();
  }
}
