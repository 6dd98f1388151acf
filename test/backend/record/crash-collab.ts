/**
 * One collab of the crash suite: a hub that makes trouble, a backend that is killed again and again while
 * agents write, and what every agent was told.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { stringify } from "yaml";
import { createHub } from "../../../template/hub/client.ts";
import type { Hub } from "../../../template/hub/types.ts";
import { readDocument } from "../../../template/spaces/backend/documents/frontmatter.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { addFault, type Fault } from "../../support/hub-faults.ts";
import { BackendProcess } from "./backend-process.ts";
import { expectSnapshotAndJournalInBucket, expectWholeRecord } from "./invariants.ts";
import { AUDIT, CENTRAL, contents } from "./support.ts";

const WRITERS = ["w0", "w1", "w2", "w3", "w4", "w5"];
const EDITOR = "editor";
const TASKFORCE = "changing";
/**
 * A backend is killed after so many acknowledged messages at most, at no particular moment then. Counted, not
 * timed, so that a slow machine's backends do not die before they have done anything.
 */
const LONGEST_LIFE = 24;
const LAST_MOMENTS_MS = 100;
const LONGEST_LIFE_MS = 3_000;
/** One that is killed while it starts: about as long as a start takes. */
const LONGEST_START_MS = 500;

const COLLAB = {
  collab: { slug: "gemma", title: "Crash", org: "demo" },
  board: {
    writes: "open",
    limits: {
      user_writes_per_minute: 1_000_000,
      address_writes_per_minute: 1_000_000,
      raw_messages_per_minute: 10_000,
      raw_messages_per_hour: 100_000,
      bucket_writes_burst: 10_000,
      bucket_writes_per_minute: 10_000,
      registrations_per_minute: 1000,
    },
  },
};

/** A Hub that is quick and whole leaves few moments to die in: between journal and files there would be none. */
const TROUBLE: readonly Fault[] = [
  { kind: "delay", delayMs: 10, path: "/api/buckets/*/*/batch" },
  { kind: "delay", delayMs: 3, path: "/xet/**" },
  {
    kind: "status",
    status: 503,
    retryAfterSeconds: 0,
    path: `/api/buckets/${CENTRAL}/batch`,
    probability: 0.4,
  },
  { kind: "lost", path: `/api/buckets/${AUDIT}/batch`, probability: 0.1 },
  { kind: "reset", path: "/xet/**", probability: 0.03 },
];

/** A message as its author knows it: `filename` once it was acknowledged. */
interface Sent {
  id: string;
  author: string;
  filename?: string;
}

export class CrashCollab {
  readonly #localHub: LocalHub;
  readonly #hub: Hub;
  readonly #folder: string;
  readonly #program: string;
  readonly #random: () => number;
  readonly #sent: Sent[] = [];
  /** Rewrites of one file: how many were sent, and how many of them acknowledged. */
  #edits = { sent: 0, acknowledged: 0 };
  #acknowledgedCount = 0;
  #backend: BackendProcess | undefined;
  #rounds = 0;

  private constructor(localHub: LocalHub, folder: string, program: string, random: () => number) {
    this.#localHub = localHub;
    this.#hub = createHub({ endpoint: localHub.url, token: "hf_local_organizer" });
    this.#folder = folder;
    this.#program = program;
    this.#random = random;
  }

  /** `random` decides how long each backend lives and how it ends. */
  static async set(program: string, random: () => number): Promise<CrashCollab> {
    const folder = mkdtempSync(join(tmpdir(), "crash-"));
    writeFileSync(join(folder, "collab.yaml"), stringify(COLLAB));
    const collab = new CrashCollab(await startLocalHub(), folder, program, random);
    await collab.#hub.bucket(CENTRAL).create({ private: false });
    await collab.#hub.bucket(AUDIT).create({ private: true });
    // Agents as files that were there before: registering is not what this is about.
    await collab.#hub.bucket(CENTRAL).write(
      [...WRITERS, EDITOR, "b"].map((id) => ({
        path: `agents/${id}.md`,
        content: `---\nagent_name: ${id}\nhf_user: ada\n---\n`,
      })),
    );
    for (const rule of TROUBLE) await addFault(collab.#localHub.url, rule);
    return collab;
  }

  get messages(): number {
    return this.#sent.length;
  }

  /** One life of a backend, from its start to its end. */
  async round(): Promise<void> {
    this.#rounds += 1;
    const fate = this.#random();
    const life = this.#random();
    const backend = this.#launch();
    if (fate < 0.2) {
      await pause(life * LONGEST_START_MS);
    } else {
      const url = await backend.ready();
      await this.#expectAcknowledged(url);
      const stop = new AbortController();
      const load = Promise.all([
        ...WRITERS.map((author) => this.#write(url, author, stop.signal)),
        this.#edit(url, stop.signal),
      ]);
      await this.#acknowledged(Math.floor(life * LONGEST_LIFE));
      await pause(this.#random() * LAST_MOMENTS_MS);
      // Some are about to stop in good order, and killed at it; some have a successor waiting already.
      if (fate < 0.35) {
        backend.beginStop();
        await pause(this.#random() * 100);
      } else if (fate < 0.5) {
        const successor = this.#launch();
        await pause(this.#random() * LONGEST_START_MS);
        await backend.kill();
        await this.#expectAcknowledged(await successor.ready());
        await successor.kill();
      }
      await backend.kill();
      stop.abort();
      await load;
    }
    await backend.kill();
  }

  /** Whoever got no answer asks again with the same key; then all must be there, once. */
  async expectWhole(): Promise<void> {
    const backend = this.#launch();
    const url = await backend.ready();
    await this.#expectAcknowledged(url);
    const unanswered = this.#sent.filter(({ filename }) => filename === undefined);
    await Promise.all(unanswered.map((message) => send(url, message)));
    if (this.#edits.sent > this.#edits.acknowledged) await this.#sendEdit(url);
    await this.#expectAcknowledged(url);
    await backend.stop();
    const acknowledged = this.#sent.map(({ filename }) => filename ?? "never acknowledged");
    await expectWholeRecord(this.#hub, acknowledged);
    await expectSnapshotAndJournalInBucket(this.#hub);
    const bodies = [...(await contents(this.#hub, CENTRAL))]
      .filter(([path]) => path.startsWith("message_board/"))
      .map(([, text]) => readDocument(text).body);
    expect(bodies.sort()).toEqual(this.#sent.map(({ id }) => bodyOf(id)).sort());
    expect(this.#sent.length).toBeGreaterThan(this.#rounds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend?.kill();
    await this.#localHub.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Resolves when so many more messages are acknowledged, or after a while. */
  async #acknowledged(more: number): Promise<void> {
    const until = performance.now() + LONGEST_LIFE_MS;
    const enough = this.#acknowledgedCount + more;
    while (this.#acknowledgedCount < enough && performance.now() < until) await pause(1);
  }

  #launch(): BackendProcess {
    this.#backend = new BackendProcess({
      hubUrl: this.#localHub.url,
      collabFile: join(this.#folder, "collab.yaml"),
      program: this.#program,
    });
    return this.#backend;
  }

  /** First what got no answer in an earlier life, with the same key, then ever new ones. */
  async #write(url: string, author: string, signal: AbortSignal): Promise<void> {
    const again = this.#sent.filter((sent) => sent.author === author && sent.filename === undefined);
    for (let n = 0; !signal.aborted; n += 1) {
      const message = again.shift() ?? { id: `${this.#rounds}-${author}-${n}`, author };
      if (!this.#sent.includes(message)) this.#sent.push(message);
      try {
        await send(url, message);
        this.#acknowledgedCount += 1;
      } catch {
        return;
      }
    }
  }

  /** One file, rewritten again and again: redoing an old group must not bring an old text back. */
  async #edit(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#edits.sent === this.#edits.acknowledged) this.#edits.sent += 1;
      try {
        await this.#sendEdit(url);
      } catch {
        return;
      }
    }
  }

  async #sendEdit(url: string): Promise<void> {
    const number = this.#edits.sent;
    const body = { name: TASKFORCE, agent_id: EDITOR, body: `edit ${number}` };
    await post(`${url}/v1/taskforces`, `edit-${number}`, body);
    this.#edits.acknowledged = number;
  }

  /** Everything acknowledged in earlier lives is on the board of this one, once. */
  async #expectAcknowledged(url: string): Promise<void> {
    const { sent, acknowledged } = this.#edits;
    const items = await filenames(`${url}/v1/messages`);
    expect(items).toEqual([...new Set(items)].sort());
    const board = new Set(items);
    for (const { id, filename } of this.#sent) {
      if (filename) expect(board.has(filename), `${id}: ${filename}`).toBe(true);
    }
    expect(await filenames(`${url}/v1/inbox/b`)).toEqual(items);
    const taskforce = await fetch(`${url}/v1/taskforces/${TASKFORCE}`);
    const { readme } = (await taskforce.json()) as { readme?: { body: string } };
    const edit = Number(readme?.body.replace("edit ", "") ?? 0);
    // The one that got no answer may be there or not.
    expect([acknowledged, sent]).toContain(edit);
  }
}

const bodyOf = (id: string) => `id ${id} for @b`;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function send(url: string, message: Sent): Promise<void> {
  const body = { agent_id: message.author, body: bodyOf(message.id) };
  message.filename = ((await post(`${url}/v1/messages`, message.id, body)) as { filename: string }).filename;
}

/** Throws unless it was acknowledged. */
async function post(url: string, key: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text);
}

/** All names of a list, page after page. */
async function filenames(list: string): Promise<string[]> {
  const items: string[] = [];
  for (let after = ""; ; ) {
    const response = await fetch(`${list}?limit=0&order=asc&after=${encodeURIComponent(after)}`);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    const page = JSON.parse(text) as { items: string[]; next: string | null };
    items.push(...page.items);
    if (page.next === null) return items;
    after = page.next;
  }
}
