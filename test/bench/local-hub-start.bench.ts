/** How long the local hub takes to start, and how much memory it holds when nothing happens. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, median } from "./bench.ts";
import { startHubProcess } from "./hub-process.ts";

export const bench: Bench = {
  name: "local-hub-start",
  async run({ short }) {
    const runs = [];
    for (let i = 0; i < (short ? 2 : 7); i++) {
      await using hub = await startHubProcess();
      await fetch(`${hub.url}/_emulator/health`);
      await sleep(500);
      runs.push({ importMs: hub.importMs, startMs: hub.startMs, idle: hub.memory().now });
    }
    return [
      {
        measure: "start in process",
        value: median(runs.map((run) => run.startMs)),
        unit: "ms",
        note: "goal: 300 ms",
      },
      { measure: "loading the code before it", value: median(runs.map((run) => run.importMs)), unit: "ms" },
      {
        measure: "idle memory",
        value: median(runs.map((run) => run.idle)),
        unit: "MB",
        note: "goal: 120 MB",
      },
    ];
  },
};
