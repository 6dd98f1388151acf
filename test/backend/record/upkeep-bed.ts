/** A backend whose upkeep meets a Hub that fails: what it is asked meanwhile, and what is seen of it from outside. */
import { expect } from "vitest";
import { createHub } from "../../../template/hub/client.ts";
import type { HubBucket, StagedFiles } from "../../../template/hub/types.ts";
import { createLog } from "../../../template/spaces/backend/log.ts";
import type { StartOptions } from "../../../template/spaces/backend/start.ts";
import type { LocalHub } from "../../../wizard/local-hub/server.ts";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";
import { eventually } from "../../support/eventually.ts";
import { AUDIT, CENTRAL } from "./support.ts";

/** Never of itself in a test: what a row of the table is about is switched on there. */
const QUIET = {
  firstWaitMs: 5,
  longestWaitMs: 20,
  leasePollMs: 10,
  editsWithinMs: 1e9,
  reconcileNewestMs: 1e9,
  reconcileAllMs: 1e9,
  refusalsWithinMs: 1e9,
  pendingWithinMs: 1e9,
  snapshotGroups: 1e9,
};

export interface UpkeepOptions {
  start: Partial<StartOptions>;
  beforeStart?: (localHub: LocalHub) => Promise<void>;
}

export class UpkeepBed {
  readonly under: BackendUnderTest;
  readonly agent: TestAgent;
  /** An organiser's buckets: not the backend's user, so that faults can leave them alone. */
  readonly central: HubBucket;
  readonly audit: HubBucket;
  /** Uploaded while the Hub is right: putting an edit in place is one request then. */
  edit: StagedFiles = { entries: [] };
  /** The newest result. */
  result = "";
  /** What is hidden so far, with the reasons. */
  readonly hidden = new Map<string, string>();
  /** Calls of the backend, `METHOD /path`, since the last look. */
  readonly #calls: string[];
  readonly #log: string[];
  readonly #posted = new Set<string>();
  #seenOfLog = 0;
  #posts = 0;

  private constructor(under: BackendUnderTest, agent: TestAgent, calls: string[], log: string[]) {
    this.under = under;
    this.agent = agent;
    this.#calls = calls;
    this.#log = log;
    const editor = under.hubAs("editor");
    this.central = editor.bucket(CENTRAL);
    this.audit = editor.bucket(AUDIT);
  }

  static async start({ start, beforeStart }: UpkeepOptions): Promise<UpkeepBed> {
    const calls: string[] = [];
    const log: string[] = [];
    const under = await BackendUnderTest.start({
      start: {
        leaderboardDelayMs: 2 ** 31 - 1,
        ...start,
        recordLimits: { ...QUIET, ...start.recordLimits },
        log: createLog({ write: (line) => log.push(line) }),
      },
      async beforeStart(localHub) {
        await addOrganiser(localHub);
        await beforeStart?.(localHub);
      },
      hubOf: (endpoint) =>
        createHub({
          endpoint,
          token: tokenOf("organizer"),
          attempts: 2,
          sleep: () => Promise.resolve(),
          onCall: ({ method, path }) => calls.push(`${method} ${path}`),
        }),
    });
    return new UpkeepBed(under, await under.agent("alice", "ada"), calls, log);
  }

  /** Calls since the last look, each kind once: `METHOD /path` with what differs left open. */
  callsSoFar(): string[] {
    return [...new Set(this.#calls.splice(0).map(openCall))];
  }

  /** Lines of the log since `forgetLog`. */
  get log(): readonly string[] {
    return this.#log.slice(this.#seenOfLog);
  }

  forgetLog(): void {
    this.#seenOfLog = this.#log.length;
  }

  logged(what: RegExp): Promise<void> {
    return eventually(() => this.log.some((line) => what.test(line)));
  }

  /** Posts until it is acknowledged, as a patient client does. */
  async post(body = "still served"): Promise<string> {
    this.#posts += 1;
    const key = `post ${this.#posts}`;
    const { body: answer } = await this.insist("/v1/messages", { agent_id: this.agent.id, body }, key);
    this.#posted.add(answer.filename);
    return answer.filename;
  }

  /** Sends it until the Hub lets it through; any other refusal is a failure. */
  async insist(path: string, json: unknown, key: string) {
    for (;;) {
      const headers = { "idempotency-key": key };
      const answer = await this.under.request(path, { json, token: this.agent.key, headers });
      if (answer.status < 400) return answer;
      expect(answer).toMatchObject({ status: 503, body: { error: { code: "HUB_UNAVAILABLE" } } });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Put into the bucket by hand, as if it had been posted. */
  byHand(filename: string): void {
    this.#posted.add(filename);
  }

  async expectServing(): Promise<void> {
    expect((await this.under.get("/v1/readyz")).body).toEqual({ status: "ready", missing: [] });
    expect((await this.under.get("/v1/messages?limit=1&expand=true")).status).toBe(200);
  }

  /** Every acknowledged message once, in the API, in the bucket, and after a crash; no token in the log. */
  async expectNothingLost(): Promise<void> {
    const expected = [...this.#posted].sort();
    const shown = async () =>
      ((await this.under.get("/v1/messages?limit=0")).body.items as string[]).toSorted();
    expect(await shown()).toEqual(expected);
    expect(await this.names(this.central, "message_board")).toEqual(expected);
    await this.under.crash();
    // What was put there by hand is found again; what the journal has is there at once.
    expect(await shown()).toEqual(
      expect.arrayContaining(expected.filter((name) => name.endsWith("_alice.md"))),
    );
    await eventually(async () => (await shown()).length >= expected.length);
    expect(await shown()).toEqual(expected);
    expect(await this.names(this.central, "message_board")).toEqual(expected);
    expect(this.#log.filter((line) => /\b(?:hf_local|ack)_[A-Za-z0-9]/.test(line))).toEqual([]);
  }

  /** Sorted, without the folder. */
  async names(bucket: HubBucket, folder: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { path } of bucket.list(folder)) names.push(path.slice(folder.length + 1));
    return names.sort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.under[Symbol.asyncDispose]();
  }
}

async function addOrganiser({ url }: LocalHub): Promise<void> {
  const orgs = { demo: "admin", "demo-admin": "admin" };
  const response = await fetch(`${url}/_emulator/users`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "editor", orgs }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** As a pattern for fault rules. Files with a name of their own keep it, documents become their folder. */
function openCall(call: string): string {
  return call
    .replace(/\/xet\/[^/]+\//, "/xet/*/")
    .replace(/\/default\/[0-9a-f]{64}/, "/*/*")
    .replace(/\/resolve\/(message_board|results)\/[^/]+\.md$/, "/resolve/$1/*");
}
