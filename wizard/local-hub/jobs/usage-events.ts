/** Processor and memory of a running Job or Space, once a second (hub-wire.md 6.3). */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobHardware } from "../../../template/schema/hardware.ts";
import type { ServerEvent } from "../processes/event-stream.ts";
import { groupUsage } from "./group-usage.ts";
import { cpuCores, memoryBytes } from "./hardware.ts";

const INTERVAL_MS = 1_000;

export interface UsageOptions {
  /** Process group to look at; `null` while nothing runs. */
  group(): number | null;
  isOver(): boolean;
  /** Usage is shown as a share of this hardware, which the program was told it has. */
  flavor: JobHardware;
  replica: string;
}

export async function* usageEvents(options: UsageOptions, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  let before: { group: number; cpuMs: number; at: number } | null = null;
  while (!signal.aborted && !options.isOver()) {
    const group = options.group();
    if (group !== null) {
      const { cpuMs, memoryBytes: used } = groupUsage(group);
      const at = performance.now();
      const millicores = before?.group === group ? ((cpuMs - before.cpuMs) / (at - before.at)) * 1_000 : 0;
      before = { group, cpuMs, at };
      const metric = {
        cpu_usage_pct: Math.max(0, Math.round(millicores / 10 / cpuCores(options.flavor))),
        cpu_millicores: Math.max(0, Math.round(millicores)),
        memory_used_bytes: used,
        memory_total_bytes: memoryBytes(options.flavor),
        rx_bps: 0,
        tx_bps: 0,
        gpus: {},
        replica: options.replica.slice(-5),
      };
      yield { event: "metric", data: JSON.stringify(metric) };
    }
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}
