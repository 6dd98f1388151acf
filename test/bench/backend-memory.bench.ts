/** Memory of the backend's process alone, the hub and the load being elsewhere, on a long history. */
import type { Bench, Row } from "./bench.ts";
import { memoryOf } from "./hub-process.ts";
import { AGENTS, Stage } from "./writes/stage.ts";

const PATHS = (agent: number) => [
  `/v1/digest?as=agent-${agent}`,
  `/v1/inbox/agent-${agent}?order=asc&expand=true&limit=50`,
  `/v1/messages?agent=agent-${agent}&expand=true&limit=50`,
  "/v1/leaderboard",
];
/** A common and a rare word, and none. */
const WORDS = ["kernel", "attention96", "nowhere"];
const ROUNDS = 5;

export const bench: Bench = {
  name: "backend-memory",
  async run({ short }) {
    const rows: Row[] = [];
    for (const messages of short ? [10_000] : [100_000, 1_000_000]) {
      await using stage = await Stage.withSnapshots(messages);
      const { url, process: backend } = await stage.backend();
      const ready = memoryOf(backend.pid).now;
      for (let round = 0; round < ROUNDS; round += 1) {
        for (let agent = 0; agent < AGENTS; agent += 1)
          await Promise.all(PATHS(agent).map((path) => ask(url + path)));
        for (const word of WORDS) await ask(`${url}/v1/messages?q=${word}&expand=true&limit=${10 + round}`);
      }
      const { now, peak } = memoryOf(backend.pid);
      await backend.stop();
      const what = `the backend's process, ${messages.toLocaleString("en")} messages`;
      rows.push(
        { measure: `${what}, when it is ready`, value: ready, unit: "MB", note: "resident" },
        {
          measure: `${what}, after reads and searches`,
          value: now,
          unit: "MB",
          note: "goal 600 at 1,000,000",
        },
        { measure: `${what}, at most`, value: peak, unit: "MB" },
      );
    }
    return rows;
  },
};

async function ask(url: string): Promise<void> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}
