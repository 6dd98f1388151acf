/** Acknowledged messages: what group commits make of a slow Hub. 50 ms are added to every call, storage included. */
import type { Bench, Row } from "./bench.ts";
import { median } from "./bench.ts";
import { Stage, say } from "./writes/stage.ts";

const ADDED_MS = 50;
const WRITERS = [1, 10, 100];

export const bench: Bench = {
  name: "backend-writes",
  async run({ short }) {
    const rows: Row[] = [];
    for (const history of short ? [100] : [1_000, 100_000]) {
      await using stage = await Stage.set(history);
      const { url, process } = await stage.backend();
      try {
        await stage.delay(ADDED_MS);
        for (const writers of WRITERS)
          rows.push(...(await write(stage, url, writers, history, short ? 1_000 : 10_000)));
      } finally {
        await process.stop();
      }
    }
    return rows;
  },
};

async function write(
  stage: Stage,
  url: string,
  writers: number,
  history: number,
  ms: number,
): Promise<Row[]> {
  // Connections and storage tokens are there before it counts.
  await Promise.all(Array.from({ length: writers }, (_, i) => say(url, i, i)));
  await stage.resetCalls();
  const until = performance.now() + ms;
  const started = performance.now();
  const latencies: number[] = [];
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = 0; performance.now() < until; n += 1) {
        const before = performance.now();
        await say(url, writer, n);
        latencies.push(performance.now() - before);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const calls = await stage.calls();
  const messages = latencies.length;
  const who = `${writers} writer${writers === 1 ? "" : "s"}, ${history.toLocaleString("en")} messages of history`;
  const goal = writers === 100 ? "goal 300; " : "";
  return [
    {
      measure: who,
      value: messages / seconds,
      unit: "messages/s",
      note: `${goal}p50 ${median(latencies).toFixed(0)} ms with ${ADDED_MS} ms added per call`,
    },
    {
      measure: `Hub API calls per message, ${who}`,
      value: calls.hub / messages,
      unit: "calls",
      note:
        writers === 100
          ? "goal 0.2"
          : writers === 1
            ? "goal 6"
            : `and ${(calls.cas / messages).toFixed(1)} to storage`,
    },
    {
      measure: `bytes to and from the Hub per message, ${who}`,
      value: calls.bytes / messages,
      unit: "bytes",
    },
  ];
}
