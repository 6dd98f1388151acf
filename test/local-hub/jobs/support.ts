/** Jobs over plain HTTP, for tests. */
import { commit, downloadFile, listFiles } from "@huggingface/hub";
import type { LocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";

export interface JobAnswer {
  id: string;
  createdAt: string;
  startedAt?: string;
  finishedAt?: string;
  labels: Record<string, string>;
  volumes: Record<string, unknown>[];
  status: { stage: string; message: string | null; failureCount: number };
}

export class TestJobs {
  readonly hub: LocalHub;
  readonly user: string;

  constructor(hub: LocalHub, user = "ada") {
    this.hub = hub;
    this.user = user;
  }

  post(json: Record<string, unknown>, as = this.user): Promise<Response> {
    const body = { dockerImage: "busybox", flavor: "cpu-basic", ...json };
    return call(this.hub, `/api/jobs/${this.user}`, { method: "POST", as, json: body });
  }

  /** Starts a Job that must be accepted. */
  async start(json: Record<string, unknown>): Promise<JobAnswer> {
    const response = await this.post(json);
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as JobAnswer;
  }

  /** A shell script as a Job. */
  shell(script: string, json: Record<string, unknown> = {}): Promise<JobAnswer> {
    return this.start({ command: ["sh", "-c", script], ...json });
  }

  async get(id: string, path = "", options = {}): Promise<Response> {
    return call(this.hub, `/api/jobs/${this.user}/${id}${path}`, { as: this.user, ...options });
  }

  async job(id: string): Promise<JobAnswer> {
    return (await (await this.get(id)).json()) as JobAnswer;
  }

  async reaches(id: string, ...stages: string[]): Promise<JobAnswer> {
    for (;;) {
      const job = await this.job(id);
      if (stages.includes(job.status.stage)) return job;
      if (/COMPLETED|ERROR|CANCELED/.test(job.status.stage)) {
        throw new Error(`${job.status.stage} ${job.status.message}\n${await this.log(id)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits for COMPLETED and returns the output, without the line that says when it began. */
  async output(id: string): Promise<string> {
    await this.reaches(id, "COMPLETED");
    return this.log(id);
  }

  /** Waits until the output of a Job that goes on holds `text`. */
  async says(id: string, text: string): Promise<void> {
    const leave = new AbortController();
    const response = await this.get(id, "/logs", { signal: leave.signal });
    let seen = "";
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      seen += Buffer.from(chunk).toString();
      if (seen.includes(text)) break;
    }
    leave.abort();
  }

  async log(id: string): Promise<string> {
    const text = await (await this.get(id, "/logs")).text();
    const lines = text.split("\n").filter((line) => line.startsWith("data: "));
    const data = lines.map((line) => (JSON.parse(line.slice("data: ".length)) as { data: string }).data);
    return data.filter((line) => !line.startsWith("===== Job started")).join("");
  }
}

/** A bucket of a user, read and written by the real client. */
export class TestBucket {
  readonly #params: { hubUrl: string; accessToken: string; repo: { type: "bucket"; name: string } };

  constructor(hub: LocalHub, name: string, user = "ada") {
    this.#params = { hubUrl: hub.url, accessToken: `hf_local_${user}`, repo: { type: "bucket", name } };
  }

  async write(files: Record<string, string | Uint8Array<ArrayBuffer>>): Promise<this> {
    await commit({
      ...this.#params,
      title: "",
      operations: Object.entries(files).map(([path, content]) => ({
        operation: "addOrUpdate",
        path,
        content: new Blob([content]),
      })),
    });
    return this;
  }

  async read(path: string): Promise<string | null> {
    const blob = await downloadFile({ ...this.#params, path });
    return blob === null ? null : blob.text();
  }

  async paths(): Promise<string[]> {
    const paths: string[] = [];
    for await (const { path } of listFiles({ ...this.#params, recursive: true })) paths.push(path);
    return paths;
  }
}

export async function makeBucket(hub: LocalHub, name: string, user = "ada"): Promise<TestBucket> {
  const response = await call(hub, `/api/buckets/${name}`, { method: "POST", as: user, json: {} });
  if (!response.ok) throw new Error(await response.text());
  return new TestBucket(hub, name, user);
}
