/** How long the local hub takes to start, and how much memory it holds when nothing happens. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, median, type Row } from "./bench.ts";
import { bundleHub, startHubProcess } from "./hub-process.ts";

export const bench: Bench = {
  name: "local-hub-start",
  async run({ short }) {
    const count = short ? 2 : 7;
    return [
      ...(await measure("as shipped", count, await bundleHub())),
      ...(await measure("from source", count)),
    ];
  },
};

async function measure(what: string, count: number, program?: string): Promise<Row[]> {
  const runs: { importMs: number; startMs: number; idle: number }[] = [];
  for (let i = 0; i < count; i++) {
    await using hub = await startHubProcess(program === undefined ? {} : { program });
    await fetch(`${hub.url}/_emulator/health`);
    await sleep(500);
    runs.push({ importMs: hub.importMs, startMs: hub.startMs, idle: hub.memory().now });
  }
  const row = (
    measure: string,
    field: "importMs" | "startMs" | "idle",
    unit: string,
    note?: string,
  ): Row => ({
    measure: `${measure}, ${what}`,
    value: median(runs.map((run) => run[field])),
    unit,
    ...(note === undefined ? {} : { note }),
  });
  return [
    row("start in process", "startMs", "ms", "goal: under 300 ms"),
    row("loading the code before that", "importMs", "ms"),
    row("idle memory", "idle", "MB", "goal: under 120 MB"),
  ];
}
