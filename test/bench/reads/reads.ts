/**
 * Reads at several sizes of history: every request misses the cache (an ignored parameter makes each URL
 * new), so what is timed is query, JSON and routing in this process.
 *
 *   node --expose-gc test/bench/reads/reads.ts 10000
 */
import { createApp } from "../../../template/spaces/backend/app.ts";
import { BackendUnderTest } from "../../support/backend.ts";
import { fillBoard } from "./fill.ts";
import { type Timing, timed, timingOf } from "./measure.ts";

const REPEATS = 200;
const SLOW_REPEATS = 20;
const SETTLE_MS = 3_000;
/** Stands in a path for the stamp of the message in the middle of the board. */
const MIDDLE = "{middle}";

export interface SizeReport {
  messages: number;
  fillSeconds: number;
  indexSeconds: number;
  rssMb: number;
  timings: Record<string, Timing>;
  /** Other requests while words are searched for that many messages have and nobody has searched for before. */
  meanwhile: Timing;
}

const NEW_WORDS = ["cache", "prefill", "latency"];

export const READS: readonly { name: string; path: string; repeats?: number }[] = [
  { name: "digest", path: "/v1/digest?as=agent-7" },
  { name: "messages page", path: "/v1/messages?expand=true" },
  { name: "messages by author", path: "/v1/messages?agent=agent-7&expand=true" },
  { name: "messages since", path: `/v1/messages?since=${MIDDLE}&limit=20&order=asc` },
  { name: "inbox poll", path: `/v1/inbox/agent-7?after=${MIDDLE}_a.md&order=asc&expand=true` },
  { name: "leaderboard", path: "/v1/leaderboard" },
  { name: "results page", path: "/v1/results?verification=pending&expand=true" },
  { name: "q= rare", path: "/v1/messages?q=speculative499%20verify&expand=true", repeats: SLOW_REPEATS },
  { name: "q= common", path: "/v1/messages?q=kernel&expand=true", repeats: SLOW_REPEATS },
];

/** What Node's server hands on with a request, for an app that is asked without a socket. */
const IN_PROCESS = { incoming: { socket: {} } };

export async function measureSize(messages: number): Promise<SizeReport> {
  await using under = await BackendUnderTest.start();
  const { board } = under;
  const filling = performance.now();
  fillBoard(board, messages);
  const filled = performance.now();
  while (board.search.indexBatch());
  const indexed = performance.now();
  const middle = middleStamp(board);
  const app = createApp(under.backend);
  const ask = (path: string) => app.request(`http://localhost${path}`, {}, IN_PROCESS);
  // What has waited for the filling to end, a minute's timers and garbage, is not what reads cost.
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  globalThis.gc?.();
  const timings: Record<string, Timing> = {};
  for (const { name, path, repeats = REPEATS } of READS) {
    timings[name] = await timed(repeats, async (n) => {
      const response = await ask(`${path.replace(MIDDLE, middle)}&cut=${n}`.replace(/^([^?]*)&/, "$1?"));
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    });
  }
  const meanwhile = await whileSearching(async (path) => {
    await (await ask(path)).arrayBuffer();
  });
  globalThis.gc?.();
  return {
    messages,
    fillSeconds: (filled - filling) / 1000,
    indexSeconds: (indexed - filled) / 1000,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    timings,
    meanwhile,
  };
}

/** How long a small request takes, asked again and again until all searches are done. */
async function whileSearching(ask: (path: string) => Promise<void>): Promise<Timing> {
  let isDone = false;
  const searches = Promise.all(NEW_WORDS.map((word) => ask(`/v1/messages?q=${word}&expand=true`))).finally(
    () => {
      isDone = true;
    },
  );
  const waits: number[] = [];
  while (!isDone) {
    const began = performance.now();
    // A turn of the event loop first, as for a request that comes from outside.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await ask(`/v1/agents/agent-7?cut=${waits.length}`);
    waits.push(performance.now() - began);
  }
  await searches;
  return timingOf(waits);
}

function middleStamp({ sql, lists }: BackendUnderTest["board"]): string {
  const row = sql.get<{ key: string }>(
    "SELECT key FROM docs WHERE list = ?1 ORDER BY key LIMIT 1 OFFSET (SELECT count / 2 FROM lists WHERE id = ?1)",
    lists.find("messages") ?? -1,
  );
  return row?.key.slice(0, "20260601-100000-000".length) ?? "";
}

if (import.meta.main) {
  const report = await measureSize(Number(process.argv[2] ?? 10_000));
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
