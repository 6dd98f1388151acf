/**
 * A whole collab for tests: a local hub, its buckets, and the backend in this process. Agents are
 * registered the way they really are: scratch bucket, handshake, `POST /v1/agents/register`.
 */
import { createHub } from "../../template/hub/client.ts";
import type { Hub } from "../../template/hub/types.ts";
import {
  type Collab,
  type CollabInput,
  CollabSchema,
  resourceNames,
  scratchBucket,
} from "../../template/schema/collab.ts";
import type { Config } from "../../template/spaces/backend/config.ts";
import { type RunningBackend, type StartOptions, startBackend } from "../../template/spaces/backend/start.ts";
import { type LocalHub, type LocalHubOptions, startLocalHub } from "../../wizard/local-hub/server.ts";

export interface BackendUnderTestOptions {
  /** Merged over a collab with slug `gemma` in the organisation `demo`. */
  collab?: Partial<CollabInput>;
  config?: Partial<Config>;
  start?: Partial<StartOptions>;
  hub?: LocalHubOptions;
  /** The central bucket is for members only. */
  privateBucket?: boolean;
  /** What is on the Hub when the backend starts. */
  beforeStart?: (localHub: LocalHub) => Promise<void>;
  /** The Hub as the backend sees it; by default through a client of its own. */
  hubOf?: (endpoint: string) => Hub;
}

export interface TestAgent {
  id: string;
  user: string;
  key: string;
  /** The agent's scratch bucket. */
  bucket: string;
  /** Writes a file to the scratch bucket and returns its `source` URI. */
  upload(path: string, text: string): Promise<string>;
}

/** An answer, with the JSON of its body where there is one. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every route, checked field by field in the tests
  body: any;
}

export interface ApiRequest {
  method?: string;
  token?: string;
  /** Sent as JSON, unless it is text. */
  json?: unknown;
  headers?: Record<string, string>;
}

/** Bearer of a seeded user. */
export const tokenOf = (user: string) => `hf_local_${user}`;

export class BackendUnderTest {
  readonly localHub: LocalHub;
  readonly collab: Collab;
  readonly config: Config;
  readonly #start: Partial<StartOptions>;
  #running: RunningBackend;

  private constructor(
    localHub: LocalHub,
    config: Config,
    running: RunningBackend,
    start: Partial<StartOptions>,
  ) {
    this.localHub = localHub;
    this.collab = config.collab;
    this.config = config;
    this.#running = running;
    this.#start = start;
  }

  static async start(options: BackendUnderTestOptions = {}): Promise<BackendUnderTest> {
    const collab = testCollab(options.collab);
    const localHub = await startLocalHub({ seed: { org: collab.collab.org }, ...options.hub });
    try {
      const names = resourceNames(collab);
      const organizer = createHub({ endpoint: localHub.url, token: tokenOf("organizer") });
      await organizer.bucket(names.centralBucket).create({ private: options.privateBucket ?? false });
      await organizer.bucket(names.auditBucket).create({ private: true });
      await options.beforeStart?.(localHub);
      const config = testConfig(collab, localHub.url, options.config);
      const start = { ...options.start, ...(options.hubOf ? { hub: options.hubOf(localHub.url) } : {}) };
      const running = await startBackend({ config, ...start });
      await running.ready.catch(async (error: unknown) => {
        await running.close();
        throw error;
      });
      return new BackendUnderTest(localHub, config, running, start);
    } catch (error) {
      await localHub.close();
      throw error;
    }
  }

  get url(): string {
    return this.#running.url;
  }

  get backend() {
    return this.#running.backend;
  }

  get board() {
    return this.#running.backend.board;
  }

  /** The Hub as a seeded user. */
  hubAs(user: string): Hub {
    return createHub({ endpoint: this.localHub.url, token: tokenOf(user) });
  }

  get central() {
    return this.hubAs("organizer").bucket(this.backend.names.centralBucket);
  }

  /** Stops the backend and starts it again on the same buckets. */
  async restart(): Promise<void> {
    await this.#running.close();
    this.#running = await startBackend({ config: this.config, ...this.#start });
    await this.#running.ready;
  }

  /** The backend dies and another one starts on what it has left. `between` happens while there is none. */
  async crash(between: () => void | Promise<void> = () => {}): Promise<void> {
    await this.#running.abandon();
    await between();
    this.#running = await startBackend({ config: this.config, ...this.#start });
    await this.#running.ready;
  }

  async request(path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const { method, token, json, headers = {} } = request;
    const response = await fetch(`${this.url}${path}`, {
      method: method ?? (json === undefined ? "GET" : "POST"),
      headers: {
        ...(json === undefined || typeof json === "string" ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      redirect: "manual",
      ...(json === undefined ? {} : { body: typeof json === "string" ? json : JSON.stringify(json) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") && text !== "";
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  get(path: string): Promise<ApiAnswer> {
    return this.request(path);
  }

  post(path: string, json: unknown, token?: string): Promise<ApiAnswer> {
    return this.request(path, { json, ...(token === undefined ? {} : { token }) });
  }

  /** The scratch bucket with its handshake, not registered yet. */
  async scratch(id: string, user = "ada"): Promise<Omit<TestAgent, "key">> {
    const bucket = scratchBucket(this.collab.collab, id);
    const files = this.hubAs(user).bucket(bucket);
    await files.create({ private: true });
    await files.write([{ path: ".bucket-sync-handshake", content: `${user}\n` }]);
    const upload = async (path: string, content: string) => {
      await files.write([{ path, content }]);
      return `hf://buckets/${bucket}/${path}`;
    };
    return { id, user, bucket, upload };
  }

  /** A registered agent of a seeded user. */
  async agent(id: string, user = "ada"): Promise<TestAgent> {
    const scratch = await this.scratch(id, user);
    const { status, body } = await this.post(
      "/v1/agents/register",
      { agent_id: id, model: "test-model", harness: "vitest" },
      tokenOf(user),
    );
    if (status !== 201) throw new Error(`registering ${id}: ${status} ${JSON.stringify(body)}`);
    return { ...scratch, key: body.agent_key };
  }

  /** Posts as an agent and returns the filename. */
  async say(agent: TestAgent, body: string, extra: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.post("/v1/messages", { agent_id: agent.id, body, ...extra }, agent.key);
    if (answer.status !== 201) throw new Error(`posting: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.filename;
  }

  /** Publishes a result and returns its filename. */
  async result(agent: TestAgent, score: number, fields = "", name = `r-${score}`): Promise<string> {
    const text = `---\nscore: ${score}\nmethod: ${name}\nstatus: agent-run\ndescription: run ${name}\n${fields}---\nnotes\n`;
    const source = await agent.upload(`results/${name}.md`, text);
    const answer = await this.post("/v1/results", { source }, agent.key);
    if (answer.status !== 201) throw new Error(`publishing: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.filename;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.close();
    await this.localHub.close();
  }
}

/** Limits so wide that only tests of limits meet them. */
const WIDE_LIMITS = {
  bucket_writes_burst: 10_000,
  bucket_writes_per_minute: 10_000,
  raw_messages_per_minute: 10_000,
  raw_messages_per_hour: 100_000,
  registrations_per_minute: 1_000,
  user_writes_per_minute: 1_000_000,
  address_writes_per_minute: 1_000_000,
  address_registrations_per_minute: 100_000,
  address_searches_per_minute: 100_000,
  address_failures_per_minute: 100_000,
};

export function testCollab(overrides: Partial<CollabInput> = {}): Collab {
  const { board, collab, ...rest } = overrides;
  return CollabSchema.parse({
    collab: { slug: "gemma", title: "Test collab", org: "demo", ...collab },
    board: { ...board, limits: { ...WIDE_LIMITS, ...board?.limits } },
    ...rest,
  });
}

export function testConfig(collab: Collab, hubEndpoint: string, overrides: Partial<Config> = {}): Config {
  return {
    collab,
    collabFile: "",
    deployment: null,
    hubEndpoint,
    hubToken: tokenOf("organizer"),
    port: 0,
    host: "127.0.0.1",
    publicUrl: null,
    trustedProxies: 0,
    allowedOrigins: [],
    oauthClientIds: [],
    metrics: false,
    ...overrides,
  };
}
