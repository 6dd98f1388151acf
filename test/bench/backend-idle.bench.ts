/** An idle board that everybody polls: reads never reach the Hub. */
import type { Bench } from "./bench.ts";
import { AGENTS, Stage } from "./writes/stage.ts";

const POLL_MS = 10_000;
const MINUTES = 5;

export const bench: Bench = {
  name: "backend-idle",
  async run({ short }) {
    await using stage = await Stage.set(1_000);
    const { url, process } = await stage.backend();
    try {
      const poll = async (agent: number) => {
        for (const path of [`/v1/inbox/agent-${agent}?expand=true`, "/v1/messages?order=asc&expand=true"]) {
          const response = await fetch(url + path);
          if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
          await response.arrayBuffer();
        }
      };
      // What follows a start (a snapshot, leaderboard files) is over then.
      await new Promise((resolve) => setTimeout(resolve, short ? 1_000 : 10_000));
      await stage.resetCalls();
      const minutes = short ? 0.05 : MINUTES;
      const until = performance.now() + minutes * 60_000;
      await Promise.all(
        Array.from({ length: AGENTS }, async (_, agent) => {
          await new Promise((resolve) =>
            setTimeout(resolve, (agent / AGENTS) * Math.min(POLL_MS, minutes * 60_000)),
          );
          while (performance.now() < until) {
            await poll(agent);
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
          }
        }),
      );
      const { hub, cas } = await stage.calls();
      return [
        {
          measure: `Hub calls with ${AGENTS} agents polling every ${POLL_MS / 1000} s`,
          value: hub / minutes,
          unit: "calls/min",
          note: `goal 5; and ${(cas / minutes).toFixed(1)} to storage`,
        },
      ];
    } finally {
      await process.stop();
    }
  },
};
