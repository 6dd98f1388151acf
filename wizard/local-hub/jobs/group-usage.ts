/** Processor time and memory of a group of processes, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface GroupUsage {
  /** Processor time so far, in milliseconds. */
  cpuMs: number;
  memoryBytes: number;
}

/** Clock ticks and pages as Linux has them on every machine that runs Node. */
const MS_PER_TICK = 10;
const PAGE_BYTES = 4_096;

/** Zero where there is no /proc. */
export function groupUsage(group: number): GroupUsage {
  const usage = { cpuMs: 0, memoryBytes: 0 };
  if (process.platform !== "linux") return usage;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf-8");
      // Behind the program's name in brackets: state, parent, group, …; user and system time; pages in memory.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[2]) !== group) continue;
      usage.cpuMs += (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
      usage.memoryBytes += Number(fields[21]) * PAGE_BYTES;
    } catch {
      // It ended while we looked.
    }
  }
  return usage;
}
