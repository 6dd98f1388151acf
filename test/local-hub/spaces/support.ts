/** Small Spaces for tests, and how to wait for them. */
import type { LocalHub } from "../../../wizard/local-hub/server.ts";
import { type Call, call } from "../support.ts";

export interface Runtime {
  stage: string;
  errorMessage?: string;
  sha?: string;
  hardware: { current: string | null; requested: string };
  gcTimeout: number | null;
}

/** A Node server in CommonJS that answers with `expression`, evaluated for each request. */
export const SERVER = (expression: string) =>
  `const http = require("node:http");
http.createServer((request, response) => response.end(String(${expression}))).listen(process.env.PORT, "127.0.0.1");
console.log("started");`;

export const DOCKER_README = "---\ntitle: A Space\nsdk: docker\n---\n";
export const DOCKERFILE = 'FROM node:24\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.cjs"]\n';

/** One Space of a hub, driven as `user`. */
export class TestSpace {
  readonly hub: LocalHub;
  readonly id: string;
  readonly user: string;

  constructor(hub: LocalHub, id: string, user = "organizer") {
    this.hub = hub;
    this.id = id;
    this.user = user;
  }

  async create(files: Record<string, string>, options: Record<string, unknown> = {}): Promise<this> {
    const [organization, name] = this.id.split("/");
    const response = await call(this.hub, "/api/repos/create", {
      method: "POST",
      as: this.user,
      json: { type: "space", sdk: "docker", organization, name, files: entries(files), ...options },
    });
    if (!response.ok) throw new Error(await response.text());
    return this;
  }

  /** A Docker Space whose server answers with `expression`. */
  createServer(expression: string, options: Record<string, unknown> = {}): Promise<this> {
    const files = { "README.md": DOCKER_README, Dockerfile: DOCKERFILE, "server.cjs": SERVER(expression) };
    return this.create(files, options);
  }

  async commit(files: Record<string, string>): Promise<string> {
    const lines = entries(files).map((value) => ({ key: "file", value }));
    const body = [{ key: "header", value: { summary: "change" } }, ...lines].map((line) =>
      JSON.stringify(line),
    );
    const response = await this.api("commit/main", { method: "POST", body: body.join("\n") });
    if (!response.ok) throw new Error(await response.text());
    return ((await response.json()) as { commitOid: string }).commitOid;
  }

  api(path: string, options: Call = {}): Promise<Response> {
    return call(this.hub, `/api/spaces/${this.id}/${path}`, { as: this.user, ...options });
  }

  post(path: string, json: unknown = {}): Promise<Response> {
    return this.api(path, { method: "POST", json });
  }

  async runtime(): Promise<Runtime> {
    return (await (await this.api("runtime")).json()) as Runtime;
  }

  /** Waits for one of `stages`; another stage in which a Space stays is an error. */
  async reaches(...stages: string[]): Promise<Runtime> {
    for (;;) {
      const runtime = await this.runtime();
      if (stages.includes(runtime.stage)) return runtime;
      if (/ERROR|NO_APP_FILE|PAUSED/.test(runtime.stage)) throw new Error(JSON.stringify(runtime));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async host(): Promise<string> {
    const info = await call(this.hub, `/api/spaces/${this.id}`, { as: this.user });
    return ((await info.json()) as { host: string }).host;
  }

  /** What the Space answers now. */
  async text(path = "/"): Promise<string> {
    return (await fetch((await this.host()) + path)).text();
  }

  /** The last lines of a log of a Space that has ended or is to be read until `until`. */
  async log(kind: "run" | "build", until?: string): Promise<string> {
    const left = new AbortController();
    const response = await this.api(`logs/${kind}`, { signal: left.signal });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (until !== undefined && text.includes(until)) break;
    }
    left.abort();
    return text;
  }
}

const entries = (files: Record<string, string>) =>
  Object.entries(files).map(([path, content]) => ({ path, content, encoding: "utf-8" }));
