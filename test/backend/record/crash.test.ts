/**
 * A real backend process is killed at random points under load and started again, over and over.
 * `CRASH_ROUNDS` sets how often (default 6); `CRASH_SEED` repeats a run's choices.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { createHub } from "../../../template/hub/client.ts";
import { readDocument } from "../../../template/spaces/backend/documents/frontmatter.ts";
import { startLocalHub } from "../../../wizard/local-hub/server.ts";
import { BackendProcess } from "./backend-process.ts";
import { expectWholeRecord } from "./invariants.ts";
import { AUDIT, CENTRAL, contents } from "./support.ts";

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 6);
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const WRITERS = 6;
/** A round lives this long at most before it is killed; some die while they start. */
const LONGEST_LIFE_MS = 900;
const ROUND_TIMEOUT_MS = 30_000;

const COLLAB = {
  collab: { slug: "gemma", title: "Crash", org: "demo" },
  board: {
    writes: "open",
    limits: {
      address_writes_per_minute: 1_000_000,
      raw_messages_per_minute: 10_000,
      raw_messages_per_hour: 100_000,
      registrations_per_minute: 1000,
    },
  },
};

/** A message as its author knows it: `filename` once it was acknowledged. */
interface Sent {
  id: string;
  author: string;
  filename?: string;
}

test(`no kill loses or doubles an acknowledged message (${ROUNDS} rounds, CRASH_SEED=${SEED})`, {
  timeout: 60_000 + ROUNDS * ROUND_TIMEOUT_MS,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "crash-"));
  await using localHub = await startLocalHub();
  let backend: BackendProcess | undefined;
  try {
    const collabFile = join(folder, "collab.yaml");
    writeFileSync(collabFile, stringify(COLLAB));
    const hub = createHub({ endpoint: localHub.url, token: "hf_local_organizer" });
    await hub.bucket(CENTRAL).create({ private: false });
    await hub.bucket(AUDIT).create({ private: true });
    // Agents as files that were there before: registering is not what this is about.
    await hub.bucket(CENTRAL).write(
      ["w0", "w1", "w2", "w3", "w4", "w5", "b"].map((id) => ({
        path: `agents/${id}.md`,
        content: `---\nagent_name: ${id}\nhf_user: ada\n---\n`,
      })),
    );
    await trouble(localHub.url);

    const random = seeded(SEED);
    const sent: Sent[] = [];
    const launch = () => new BackendProcess({ hubUrl: localHub.url, collabFile });
    for (let round = 0; round < ROUNDS; round += 1) {
      backend = launch();
      const life = Math.floor(random() * LONGEST_LIFE_MS);
      if (random() < 0.2) {
        await new Promise((resolve) => setTimeout(resolve, life));
      } else {
        const url = await backend.ready();
        await expectAcknowledged(url, sent);
        const stop = new AbortController();
        const load = Promise.all(
          Array.from({ length: WRITERS }, (_, i) => write(url, `w${i}`, round, sent, stop.signal)),
        );
        await new Promise((resolve) => setTimeout(resolve, life));
        await backend.kill();
        stop.abort();
        await load;
      }
      await backend.kill();
    }

    backend = launch();
    const url = await backend.ready();
    // Who never got an answer asks again with the same key, and gets one message.
    for (const message of sent.filter(({ filename }) => filename === undefined)) await send(url, message);
    await backend.stop();
    await expectWholeRecord(
      hub,
      sent.map(({ filename }) => filename ?? "never acknowledged"),
    );
    await expectEachOnce(await contents(hub, CENTRAL), sent);
    expect(sent.length).toBeGreaterThan(ROUNDS);
  } finally {
    await backend?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function write(
  url: string,
  author: string,
  round: number,
  sent: Sent[],
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const message: Sent = { id: `${round}-${author}-${n}`, author };
    sent.push(message);
    try {
      await send(url, message);
    } catch {
      return;
    }
  }
}

async function send(url: string, message: Sent): Promise<void> {
  const response = await fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": message.id },
    body: JSON.stringify({ agent_id: message.author, body: `id ${message.id} for @b` }),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  message.filename = ((await response.json()) as { filename: string }).filename;
}

/** Everything acknowledged in earlier lives is on the board of this one, once. */
async function expectAcknowledged(url: string, sent: readonly Sent[]): Promise<void> {
  const items = await filenames(`${url}/v1/messages`);
  expect(items).toEqual([...new Set(items)].sort());
  const board = new Set(items);
  for (const { id, filename } of sent)
    if (filename) expect(board.has(filename), `${id}: ${filename}`).toBe(true);
  expect(await filenames(`${url}/v1/inbox/b`)).toEqual(items);
}

async function filenames(list: string): Promise<string[]> {
  const response = await fetch(`${list}?limit=0&order=asc`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return (JSON.parse(text) as { items: string[] }).items;
}

async function expectEachOnce(files: ReadonlyMap<string, string>, sent: readonly Sent[]): Promise<void> {
  const bodies = [...files]
    .filter(([path]) => path.startsWith("message_board/"))
    .map(([, text]) => readDocument(text).body);
  expect(bodies.sort()).toEqual(sent.map(({ id }) => `id ${id} for @b`).sort());
}

/** A Hub that is quick and whole leaves few moments to die in: between journal and files there would be none. */
const TROUBLE = [
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

async function trouble(url: string): Promise<void> {
  for (const rule of TROUBLE) {
    await fetch(`${url}/_emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(rule),
    });
  }
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
